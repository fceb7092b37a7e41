"""tools/check.py: what it finds, and what it lets pass."""

import ast
import os
import sys

import pytest

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tools"))

import check  # noqa: E402


def function(lines, *others):
    return "def f():\n" + "".join(other + "\n" for other in others) + "    pass\n" * (lines - 1)


SIZES = [
    ("as long as it may be", function(check.MAX_FUNCTION_LINES), 0),
    ("a line too long", function(check.MAX_FUNCTION_LINES + 1), 1),
    ("comments do not count", function(check.MAX_FUNCTION_LINES, "    # a reason"), 0),
    ("blank lines do not count", function(check.MAX_FUNCTION_LINES, ""), 0),
    ("a docstring does not count", function(check.MAX_FUNCTION_LINES, '    """Two', '    lines."""'), 0),
    ("other text counts", function(check.MAX_FUNCTION_LINES, '    x = "y"'), 1),
    ("methods count", "class A:\n" + "".join("    %s\n" % line for line in function(40).splitlines()), 1),
    ("coroutines count", "async " + function(40), 1),
]


@pytest.mark.parametrize("text,found", [row[1:] for row in SIZES], ids=[row[0] for row in SIZES])
def test_function_lengths(text, found):
    ast.parse(text)
    assert len(list(check.function_lengths("a.py", text))) == found


@pytest.mark.parametrize("text,found", [("# TO" + "DO: later", 1), ("# to do", 0), ("x = 'FIX" + "ME'", 1), ("x = 'MATODOR'", 0)])
def test_what_is_left_undone(text, found):
    assert len(list(check.undone("a.py", text))) == found


def test_the_sources_are_all_looked_at():
    names = {os.path.relpath(path, harness.ROOT) for path in check.sources()}
    assert {"setup.py", "picoweb/__init__.py", "examples/example_form.py", "tools/check.py", "tests/test_check.py"} <= names
