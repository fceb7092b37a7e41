"""What picoweb takes on a board: bytes of each file, as source and compiled, and of the heap, on a 32-bit MicroPython.

"Keeps" is what importing a module leaves allocated; "needs" is the smallest heap in which the import succeeds, from
source with the compiler at work. Both are for the package's own module, and then for each other module on top of it.
"""

import argparse
import os
import sys
import tempfile

import fetch
import mpy
from store import ROOT, Missing, Store, run

KEEPS = """
import gc, sys
before = sys.argv[1].split()
for name in before:
    __import__(name)
gc.collect()
start = gc.mem_alloc()
__import__(sys.argv[2])
gc.collect()
print(gc.mem_alloc() - start)
"""

# What comes with the interpreter and is imported by every server.
BUILT_IN = "asyncio socket"
STEP = 64
LARGEST = 1 << 20


class Board:
    """A 32-bit MicroPython that imports modules from a folder."""

    def __init__(self, path, folder, scratch):
        self._path = path
        self._environment = dict(os.environ, MICROPYPATH=".frozen:" + folder)
        self._scratch = scratch
        self._script = os.path.join(scratch, "keeps.py")
        with open(self._script, "w") as f:
            f.write(KEEPS)

    def _run(self, heapsize, *command):
        return run(command[-1], [self._path, "-X", "heapsize=%d" % heapsize, *command], env=self._environment,
                   cwd=self._scratch)

    def keeps(self, module):
        """Bytes that stay allocated when a module is imported, beyond those of the package itself."""
        before = BUILT_IN + (" picoweb" if module != "picoweb" else "")
        return int(self._run(LARGEST, self._script, before, module))

    def needs(self, module):
        """The smallest heap that a module can be imported in."""
        return bisect(lambda size: self._imports(module, size), 1024, LARGEST, STEP)

    def _imports(self, module, size):
        try:
            self._run(size, "-c", "import %s" % module)
        except Missing:
            return False
        return True


def bisect(works, low, high, step):
    """The smallest multiple of `step` between `low` and `high` that works, or None when even `high` does not."""
    if not works(high):
        return None
    while high - low > step:
        middle = (low + high) // 2 // step * step
        if works(middle):
            high = middle
        else:
            low = middle
    return high


def module_of(name):
    return name[:-len(".py")].replace("/", ".").replace(".__init__", "")


def table(store):
    """(file, bytes of source, of .mpy, heap kept from source, from .mpy, heap needed from source, from .mpy)."""
    found = fetch.provide(["venv", "micropython32"], store)
    python = os.path.join(found["venv"], "bin", "python")
    rows = []
    with tempfile.TemporaryDirectory(prefix="picoweb-") as folder:
        compiled = os.path.join(folder, "mpy")
        files = mpy.board_files()
        paths = mpy.compile_tree(python, files, ROOT, compiled)
        boards = [Board(found["micropython32"].path, path, folder) for path in (ROOT, compiled)]
        for name, path in zip(files, paths):
            heap = [method(module_of(name)) for method in [b.keeps for b in boards] + [b.needs for b in boards]]
            rows.append([name, os.path.getsize(os.path.join(ROOT, name)), os.path.getsize(path)] + heap)
    return rows


HEAD = ("file", "source", ".mpy", "keeps, source", "keeps, .mpy", "needs, source", "needs, .mpy")


def show(rows):
    total = ["total"] + [sum(row[i] for row in rows) for i in (1, 2)] + [None] * 4
    lines = [HEAD] + [[row[0]] + ["-" if n is None else "{:,}".format(n) for n in row[1:]] for row in rows + [total]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args(argv)
    return fetch.guarded("size", lambda: show(table(Store())))


if __name__ == "__main__":
    sys.exit(main())
