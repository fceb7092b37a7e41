"""The measurements, each a function that starts the servers that it needs."""

import contextlib
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import contenders
import interpreters
import mpy
from server import Failed, Server, ask, free_port, real_command
from size import bisect
from store import DEPS

HERE = os.path.dirname(os.path.abspath(__file__))

# Requests that do not count: lazy imports, compiled templates, growing tables.
WARM_UP = 100
# Large enough for a run with the collector off.
LARGE_HEAP = 64 << 20
BATCHES = 5
HEAP_REQUESTS = 20
HEAP_STEP = 256
LARGEST_HEAP = 1 << 18


class Bench:
    """A page of a contender on an interpreter, in its own folder. `chunk` is the buffer size for sending files."""

    def __init__(self, contender, page, folder, chunk):
        self.contender = contender
        self.page = page
        self.folder = folder
        self._argument = page.argument or str(chunk)
        self._sources = contenders.prepare(contender, page, folder)
        extra = (contenders.root(contender),) if contender.root else ()
        self._environment = interpreters.module_path(contender.kind, extra)

    def server(self, command, app=("app.py",), environment=None, **options):
        """The server that a command runs; `app` are the interpreter's arguments that name the app."""
        port = free_port()
        return Server([*command, *app, str(port), self._argument], self.folder, environment or self._environment, port,
                      self.page, **options)

    def compile(self, python):
        """Compile the framework and the app; return the environment in which `-m app` runs them."""
        folder = os.path.join(self.folder, "mpy")
        if self.contender.files is None:
            mpy.compile_picoweb(python, folder)
        else:
            mpy.compile_tree(python, self.contender.files, contenders.root(self.contender), folder)
        mpy.compile_tree(python, self._sources, self.folder, folder)
        return {"MICROPYPATH": ":".join([".frozen", folder, os.path.join(DEPS, "lib", "micropython")])}


@contextlib.contextmanager
def bench(contender, page, chunk):
    with tempfile.TemporaryDirectory(prefix="picoweb-") as folder:
        yield Bench(contender, page, folder, chunk)


def files_of(contender):
    return mpy.board_files() if contender.files is None else list(contender.files)


def sizes(contender, python):
    """Bytes of a contender's source, and of its compiled files."""
    root, files = contenders.root(contender), files_of(contender)
    with tempfile.TemporaryDirectory(prefix="picoweb-") as folder:
        made = mpy.compile_tree(python, files, root, folder)
        return sum(os.path.getsize(os.path.join(root, name)) for name in files), sum(map(os.path.getsize, made))


# Instructions

def instructions(bench, interpreter, requests):
    """Instructions per request: the difference between two runs with different numbers of requests. Equal runs differ very little."""
    command = real_command(interpreter)
    warm_up, requests = WARM_UP // bench.page.weight, max(1, requests // bench.page.weight)
    few, many = [_collected(bench, command, n) for n in (warm_up, warm_up + requests)]
    return (many - few) / requests


def _collected(bench, command, requests):
    out = os.path.join(bench.folder, "callgrind.out")
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out]
    with bench.server(tool + command, patience=120, timeout=60) as server:
        server.get(requests - 1)
        said = re.search(r"Collected : (\d+)", server.interrupt())
    if not said:
        raise Failed("died")
    return int(said.group(1))


# Memory

def allocated(bench, interpreter, requests):
    """Bytes of heap allocated per request, with the collector off; the median of some batches."""
    control = free_port()
    command = [interpreter, "-X", "heapsize=%d" % LARGE_HEAP, os.path.join(HERE, "watch.py"), str(control)]

    def total():
        return int(ask(control, b"", 10))

    with bench.server(command) as server:
        server.get(10)
        figures = []
        for _ in range(BATCHES):
            own = -total() + total()
            start = total()
            server.get(requests)
            figures.append((total() - start - own) / requests)
        return statistics.median(figures)


def smallest_heap(bench, interpreter, app=("app.py",), environment=None):
    """The smallest heap in which a page is served HEAP_REQUESTS times in a row."""
    def serves(size):
        command = [interpreter, "-X", "heapsize=%d" % size]
        try:
            with bench.server(command, app, environment, patience=5, timeout=2) as server:
                server.get(HEAP_REQUESTS - 1)
        except (Failed, ConnectionRefusedError):
            return False
        return True

    found = bisect(serves, 2048, LARGEST_HEAP, HEAP_STEP)
    # A size can work once and not again, depending on when the collector runs.
    while found and not all(serves(found) for _ in range(2)):
        found += HEAP_STEP
    if not found:
        raise Failed("died")
    return found


# Speed

def rate(server, clients, seconds, tool):
    """Requests per second that a running server answers to so many clients."""
    done = tool(server, clients, seconds)
    if not server.alive():
        raise Failed("died")
    if not done:
        raise Failed("hangs")
    try:
        server.get()
    except ConnectionRefusedError:
        raise Failed("died")
    return done


def load_tool(name):
    """The load generator of a name: `wrk`, `own`, or None for wrk where it is on this machine."""
    if name == "own" or not (name or shutil.which("wrk")):
        return own_load
    return wrk


def wrk(server, clients, seconds):
    page = server.page
    seconds = math.ceil(seconds)
    lines = ["wrk.method = %s" % _lua(page.method), "wrk.body = %s" % _lua(page.body.decode())]
    lines += ["wrk.headers[%s] = %s" % (_lua(name), _lua(value)) for name, value in page.fields.items()
              if name != "Content-Length"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as f:
        f.write("\n".join(lines) + "\n")
        f.flush()
        said = subprocess.run(["wrk", "-t1", "-c%d" % clients, "-d%ds" % seconds, "-s", f.name,
                               "http://127.0.0.1:%d%s" % (server.port, page.path)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", timeout=seconds + 60).stdout
    return _good_rate(said)


def _lua(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def _good_rate(said):
    """Responses with status 2xx per second, from the output of wrk."""
    done, seconds = re.search(r"(\d+) requests in ([\d.]+)s", said).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return (int(done) - (int(bad.group(1)) if bad else 0)) / float(seconds)


def own_load(server, clients, seconds):
    command = [sys.executable, os.path.join(HERE, "load.py"), str(server.port), str(clients), str(seconds)]
    done = subprocess.run(command, input=server.page.request, stdout=subprocess.PIPE, timeout=seconds + 60)
    return float(done.stdout.split()[0])
