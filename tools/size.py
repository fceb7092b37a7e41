"""What picoweb takes on a board: bytes of each file, as source and compiled, and of the heap, on a 32-bit MicroPython.

"Keeps" is what importing a module leaves allocated; "needs" is the smallest heap in which the import succeeds, which from source
includes the compiler's. Both are measured for the package's own module, and then for each other module on top of it.
"""

import os
import sys
import tempfile

import fetch
import mpy
from store import ROOT, Missing, Store, guarded, run

KEEPS = """
import gc, sys
for name in sys.argv[2:]:
    __import__(name)
gc.collect()
start = gc.mem_alloc()
__import__(sys.argv[1])
gc.collect()
print(gc.mem_alloc() - start)
"""

# What comes with the interpreter and is imported by every server.
BUILT_IN = ("asyncio", "socket")
STEP = 64
LARGEST = 1 << 20


def keeps(micropython, folder, module):
    """Bytes that stay allocated when a module is imported from a folder, beyond those of the package itself."""
    before = BUILT_IN + (("picoweb",) if module != "picoweb" else ())
    return int(_run(micropython, folder, LARGEST, KEEPS, module, *before))


def needs(micropython, folder, module):
    """The smallest heap in which a module can be imported from a folder."""
    def imports(size):
        try:
            _run(micropython, folder, size, "import %s" % module)
        except Missing:
            return False
        return True
    return bisect(imports, 1024, LARGEST, STEP)


def _run(micropython, folder, heapsize, *script):
    # Not from here, where picoweb's sources are.
    return run("size", [micropython, "-X", "heapsize=%d" % heapsize, "-c", *script], cwd="/",
               env=dict(os.environ, MICROPYPATH=".frozen:" + folder))


def bisect(works, low, high, step):
    """The smallest multiple of `step` between `low` and `high` that works, or None when even `high` does not."""
    if not works(high):
        return None
    while high - low > step:
        middle = (low + high) // 2 // step * step
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def table(store):
    """(file, bytes of source, of .mpy, heap kept from source, from .mpy, heap needed from source, from .mpy)."""
    found = fetch.provide(["venv", "micropython32"], store)
    python, micropython = os.path.join(found["venv"], "bin", "python"), found["micropython32"].path
    rows = []
    with tempfile.TemporaryDirectory(prefix="picoweb-") as folder:
        for name, path in zip(mpy.board_files(), mpy.compile_tree(python, mpy.board_files(), ROOT, folder)):
            module = name[:-len(".py")].replace("/", ".").replace(".__init__", "")
            heap = [measure(micropython, where, module) for measure in (keeps, needs) for where in (ROOT, folder)]
            rows.append([name, os.path.getsize(os.path.join(ROOT, name)), os.path.getsize(path)] + heap)
    return rows


HEAD = ("file", "source", ".mpy", "keeps, source", "keeps, .mpy", "needs, source", "needs, .mpy")


def show(rows):
    total = ["total", sum(row[1] for row in rows), sum(row[2] for row in rows)] + [None] * 4
    print("%-24s" % HEAD[0] + "".join("%15s" % name for name in HEAD[1:]))
    for row in rows + [total]:
        print("%-24s" % row[0] + "".join("%15s" % ("-" if n is None else "{:,}".format(n)) for n in row[1:]))


if __name__ == "__main__":
    sys.exit(guarded("size", lambda: show(table(Store()))))
