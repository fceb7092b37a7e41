"""What a change has to keep: python3 tools/check.py

The size of picoweb's module, the length of functions, ruff's rules (pyproject.toml), the type stubs. Says each fault in one line.
"""

import ast
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A board's file system and the memory that it compiles in: picoweb's promise.
MAX_CORE_BYTES = 10239
# Lines of code in a function, without comments, blank lines and docstring.
MAX_FUNCTION_LINES = 36
SOURCES = ("*.py", "picoweb/*.py", "examples/**/*.py", "tools/*.py", "bench/*.py", "tests/**/*.py")
UNDONE = re.compile(r"\b(%s)\b" % "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)))


def sources():
    names = [path for pattern in SOURCES for path in glob.glob(os.path.join(ROOT, pattern), recursive=True)]
    return sorted({n for n in names if not n.endswith("_tpl.py")})


def core_size():
    size = os.path.getsize(os.path.join(ROOT, "picoweb", "__init__.py"))
    if size > MAX_CORE_BYTES:
        yield "picoweb/__init__.py: %d bytes, %d more than there may be" % (size, size - MAX_CORE_BYTES)


def code_lines(function, lines):
    """How many lines of a function hold code."""
    body = function.body
    docstring = body[0] if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else None
    skipped = set(range(docstring.lineno, docstring.end_lineno + 1)) if docstring else set()
    numbers = range(function.lineno, function.end_lineno + 1)
    texts = [lines[n - 1].strip() for n in numbers if n not in skipped]
    return len([text for text in texts if text and not text.startswith("#")])


def function_lengths(path, text):
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            size = code_lines(node, lines)
            if size > MAX_FUNCTION_LINES:
                yield "%s:%d: %s() has %d lines of code" % (path, node.lineno, node.name, size)


def undone(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if UNDONE.search(line):
            yield "%s:%d: %s" % (path, number, line.strip())


def faults():
    yield from core_size()
    for full in sources():
        path = os.path.relpath(full, ROOT)
        with open(full, encoding="utf-8") as f:
            text = f.read()
        yield from function_lengths(path, text)
        yield from undone(path, text)


def main():
    found = list(faults())
    for line in found:
        print(line)
    commands = [["ruff", "check", "--quiet", "--output-format", "concise"], ["pytest", "-q", "tests/test_stubs.py"]]
    failed = [c for c in commands if subprocess.call([sys.executable, "-m", *c], cwd=ROOT)]
    return 1 if found or failed else 0


if __name__ == "__main__":
    sys.exit(main())
