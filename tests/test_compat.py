"""Every name of picoweb 1.8.2, used as an app of its time used it, on every runtime."""

import pytest

import harness
from test_examples import HTML, TEXT, error, wire, with_length

# An app's usual first lines, and its last.
HEAD = "import picoweb\n"
RUN = '\nif __name__ == "__main__":\n    app.run(debug=0)\n'


def app(source, run=RUN):
    return HEAD + source + run


# Names that need no server: what the script prints is the same everywhere.

INSIDE = '''
import picoweb
from picoweb import utils


class Writer:

    def __init__(self):
        self.data = []

    def awrite(self, buf, off=0, sz=-1):
        if isinstance(buf, str):
            buf = buf.encode()
        self.data.append(bytes(buf)[off:] if sz < 0 else bytes(buf)[off:off + sz])
        return
        yield

    awritestr = awrite


class File:

    def __init__(self, data):
        self.data = data
        self.buffers = []

    def readinto(self, buf):
        self.buffers.append(buf)
        part = self.data[:len(buf)]
        self.data = self.data[len(part):]
        buf[:len(part)] = part
        return len(part)


# Runs a coroutine that never has to wait.
def drive(coro):
    try:
        coro.send(None)
    except StopIteration as e:
        return e.value
    raise RuntimeError("it waits")


def show(name, coro, writer):
    drive(coro)
    print(name, b"".join(writer.data))


print("SEND_BUFSZ", picoweb.SEND_BUFSZ)
picoweb.SEND_BUFSZ = 4
w = Writer()
f = File(b"0123456789")
drive(picoweb.sendstream(w, f))
print("sendstream", w.data, len(set(id(b) for b in f.buffers)))
for name in "x.html", "x.css", "x.PNG", "x.jpg", "x.txt", "x", "html":
    print("get_mime_type", name, picoweb.get_mime_type(name))
w = Writer()
show("jsonify", picoweb.jsonify(w, {"a": [1, None, True, "\\u017c"]}), w)
w = Writer()
show("start_response", picoweb.start_response(w), w)
w = Writer()
show("start_response", picoweb.start_response(w, "text/plain", "404", {"X": "y"}), w)
w = Writer()
show("start_response", picoweb.start_response(w, content_type="image/png", status=201, headers="A: b\\r\\nC: d\\r\\n"), w)
w = Writer()
show("start_response", picoweb.start_response(w, headers=b"A: b"), w)
w = Writer()
show("http_error", picoweb.http_error(w, "503"), w)
for s in "a+b", "%41%zz%4", "%C5%BC":
    print("unquote_plus", utils.unquote_plus(s).encode())
qs = utils.parse_qs("a=1&b=2&b=3&c&d=%C5%BC+x&&e=")
print("parse_qs", [(k, qs[k] if not isinstance(qs[k], str) else qs[k].encode()) for k in sorted(qs)])
app = picoweb.WebApp("notes.app", [("/", None)])
print("WebApp", app.pkg, len(app.url_map), app.mounts, app.inited, app.template_loader, app.headers_mode)
print("pkg", picoweb.WebApp("__main__").pkg, picoweb.WebApp(None).pkg)
print("serve_static", len(picoweb.WebApp(None, serve_static=False).url_map), len(picoweb.WebApp(None).url_map))
sub = picoweb.WebApp(None)
app.mount("/sub", sub)
print("mount", app.mounts == [sub], sub.url)
handler = app.route("/x", headers="skip")(drive)
app.add_url_rule("/y", drive, headers="leave")
print("route", handler is drive, [(r[0], r[2]) for r in app.url_map[-2:]])
'''

PRINTED = r"""SEND_BUFSZ 256
sendstream [b'0123', b'4567', b'89'] 1
get_mime_type x.html text/html; charset=utf-8
get_mime_type x.css text/css; charset=utf-8
get_mime_type x.PNG image/png
get_mime_type x.jpg image/jpeg
get_mime_type x.txt text/plain; charset=utf-8
get_mime_type x application/octet-stream
get_mime_type html application/octet-stream
jsonify b'HTTP/1.0 200 NA\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n{"a": [1, null, true, "\xc5\xbc"]}'
start_response b'HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
start_response b'HTTP/1.0 404 NA\r\nContent-Type: text/plain\r\nX: y\r\n\r\n'
start_response b'HTTP/1.0 201 NA\r\nContent-Type: image/png\r\nA: b\r\nC: d\r\n\r\n'
start_response b'HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\nA: b\r\n\r\n'
http_error b'HTTP/1.0 503 NA\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n\r\n503'
unquote_plus b'a b'
unquote_plus b'A%zz%4'
unquote_plus b'\xc5\xbc'
parse_qs [('a', b'1'), ('b', ['2', '3']), ('c', True), ('d', b'\xc5\xbc x'), ('e', b'')]
WebApp notes 2 [] False None parse
pkg None None
serve_static 0 1
mount True /sub
route True [('/x', {'headers': 'skip'}), ('/y', {'headers': 'leave'})]
"""


def test_names_without_a_server(runtime):
    assert harness.run_inside(runtime, INSIDE) == PRINTED


# Forms of handlers, and what they may do with the response

def test_handler_forms(serve):
    server = serve(app('''
def generator(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("generator")

async def coroutine(req, resp):
    await picoweb.start_response(resp)
    await resp.awritestr("ć")

def silent(req, resp):
    pass

class Views:
    def method(self, req, resp):
        yield from picoweb.jsonify(resp, req.method)

app = picoweb.WebApp(None, [
    ("/generator", generator),
    ("/coroutine", coroutine),
    ("/silent", silent),
    ("/method", Views().method),
    ("/lambda", lambda req, resp: (yield from resp.awrite(b"HTTP/1.0 200 OK\\r\\n\\r\\nall mine"))),
])
'''))
    assert server.get("/generator").raw == wire(200, HTML, "generator")
    assert server.get("/coroutine").raw == wire(200, HTML, "ć")
    assert server.get("/method").raw == with_length(200, "application/json", '"GET"')
    assert server.get("/lambda").raw == b"HTTP/1.0 200 OK\r\n\r\nall mine"
    assert server.raw(harness.request_bytes("GET", "/silent")) == b""
    assert server.get("/nothing").raw == error(404)


def test_resp_is_the_stream(serve):
    server = serve(app('''
app = picoweb.WebApp(None)

@app.route("/awrite")
def awrite(req, resp):
    yield from resp.awrite(b"..HTTP/1.0 200 OK\\r\\n\\r\\n..", 2, 19)
    yield from resp.awritestr("żółw")
    yield from resp.awrite(bytearray(b"!"))

@app.route("/aclose")
def aclose(req, resp):
    yield from resp.awrite(b"HTTP/1.0 200 OK\\r\\n\\r\\nbye")
    yield from resp.aclose()
    return False
'''))
    assert server.raw(harness.request_bytes("GET", "/awrite")) == b"HTTP/1.0 200 OK\r\n\r\n" + "żółw!".encode()
    assert server.raw(harness.request_bytes("GET", "/aclose")) == b"HTTP/1.0 200 OK\r\n\r\nbye"


def test_return_false_keeps_the_connection(serve):
    server = serve(app('''
kept = []
app = picoweb.WebApp(None)

@app.route("/keep")
def keep(req, resp):
    yield from resp.awrite(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
    kept.append(resp)
    return False

@app.route("/push")
def push(req, resp):
    for other in kept:
        yield from other.awrite(b"pushed")
        yield from other.aclose()
    yield from picoweb.jsonify(resp, len(kept))
'''))
    with server.connect() as s:
        s.sendall(harness.request_bytes("GET", "/keep"))
        assert s.recv(100) == b"HTTP/1.0 200 OK\r\n\r\n"
        assert server.get("/push").json() == 1
        assert harness.receive_all(s) == b"pushed"


# What a request knows

REQUEST = '''
try:
    import re
except ImportError:
    import ure as re

app = picoweb.WebApp(None)

def show(req, resp):
    match = req.url_match.group(1) if req.url_match else None
    form = getattr(req, "form", None)
    yield from picoweb.jsonify(resp, [req.method, req.path, req.qs, match, sorted(form.items()) if form is not None else None])

app.add_url_rule("/plain", show)
app.add_url_rule(re.compile("^/re/(.*)"), show)

@app.route("/qs")
def parse_qs(req, resp):
    req.parse_qs()
    yield from show(req, resp)

@app.route("/qs2")
def parse_qs_too(req, resp):
    yield from req.parse_qs()
    yield from show(req, resp)

@app.route("/form")
def form(req, resp):
    yield from req.read_form_data()
    yield from show(req, resp)

@app.route("/body")
def body(req, resp):
    size = int(req.headers[b"Content-Length"])
    data = yield from req.reader.readexactly(size)
    yield from picoweb.jsonify(resp, data.decode())
'''


def test_request(serve):
    server = serve(app(REQUEST))

    assert server.get("/plain?a=1").json() == ["GET", "/plain", "a=1", None, None]
    assert server.get("/re/x/y").json() == ["GET", "/re/x/y", "", "x/y", None]
    for path in "/qs", "/qs2":
        assert server.get(path + "?a=1&b=%C5%BC+2").json() == ["GET", path, "a=1&b=%C5%BC+2", None, [["a", "1"], ["b", "ż 2"]]]
    assert server.post("/form?q", "a=1&c").json() == ["POST", "/form", "q", None, [["a", "1"], ["c", True]]]
    assert server.post("/body", "żółw").json() == "żółw"


def test_headers_mode(serve):
    server = serve(app('''
app = picoweb.WebApp(None)
app.headers_mode = "skip"

@app.route("/default")
def default(req, resp):
    yield from picoweb.jsonify(resp, hasattr(req, "headers"))

@app.route("/parse", headers="parse")
def parse(req, resp):
    yield from picoweb.jsonify(resp, [req.headers[b"X-Y"].decode(), b"Z" in req.headers])

@app.route("/leave", headers="leave")
def leave(req, resp):
    lines = []
    while True:
        line = yield from req.reader.readline()
        if line == b"\\r\\n":
            break
        lines.append(line.decode())
    yield from picoweb.jsonify(resp, lines)
'''))
    assert server.get("/default", {"X-Y": "z"}).json() is False
    assert server.get("/parse", {"X-Y": "z"}).json() == ["z", False]
    assert server.get("/leave", {"X-Y": "z"}).json() == ["Host: 127.0.0.1\r\n", "X-Y: z\r\n"]


# What an app may override

def test_handle_exc(serve):
    server = serve(app('''
class App(picoweb.WebApp):
    def handle_exc(self, req, resp, e):
        if isinstance(e, KeyError):
            yield from picoweb.start_response(resp, status="404")
            yield from resp.awrite("no " + e.args[0])

class Async(picoweb.WebApp):
    async def handle_exc(self, req, resp, e):
        await picoweb.start_response(resp, status="400")
        await resp.awrite(req.path)

def handler(req, resp):
    yield from picoweb.jsonify(resp, {}["key"])

def other(req, resp):
    raise ValueError("other")
    yield

app = App(None, [("/key", handler), ("/other", other)])
app.mount("/sub", Async(None, [("/key", handler)]))
'''))
    assert server.get("/key").raw == wire(404, HTML, "no key")
    assert server.get("/other").raw == error(500)
    assert server.get("/sub/key").raw == wire(400, HTML, "/key")


INIT = '''
log = []

class App(picoweb.WebApp):
    def init(self):
        log.append(self.name)
        super().init()

    def show(self, req, resp):
        yield from picoweb.jsonify(resp, [log, self.inited])

def make(name):
    app = App(None)
    app.name = name
    app.add_url_rule("/", app.show)
    return app

app = make("root")
app.mount("/a", make("a"))
app.mount("/b", make("b"))
'''


def test_init(serve):
    server = serve(app(INIT))
    for path in "/", "/a/", "/":
        assert server.get(path).json() == [["root", "a", "b"], True]


def test_lazy_init(serve):
    server = serve(app(INIT, "\napp.run(lazy_init=True)\n"))
    assert server.get("/").json() == [["root"], True]
    for path in "/b/", "/b/", "/":
        assert server.get(path).json() == [["root", "b"], True]


def test_serve_extended(serve):
    server = serve(app('''
import uasyncio

ticks = [0]

async def tick():
    while True:
        ticks[0] += 1
        await uasyncio.sleep(0.01)

class App(picoweb.WebApp):
    def serve(self, loop, host, port):
        loop.create_task(tick())
        super().serve(loop, host, port)

app = App(None)

@app.route("/")
def index(req, resp):
    while ticks[0] < 5:
        yield from uasyncio.sleep(0.01)
    yield from picoweb.jsonify(resp, ticks[0] >= 5)
'''))
    assert server.get("/").json() is True


def test_serve_replaced(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("CPython's own start_server has neither a board's sockets nor generators")
    server = serve(app('''
import uasyncio

class App(picoweb.WebApp):
    def serve(self, loop, host, port):
        loop.create_task(uasyncio.start_server(self._handle, host, port))
        loop.run_forever()

app = App(None)

@app.route("/")
def index(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, req.form["a"])
'''))
    for _ in range(3):
        assert server.post("/", "a=b").raw == with_length(200, "application/json", '"b"')
    assert server.get("/nothing").raw == error(404)


def test_parse_headers(serve):
    server = serve(app('''
class App(picoweb.WebApp):
    def parse_headers(self, reader):
        count = 0
        while True:
            line = yield from reader.readline()
            if line == b"\\r\\n":
                return {b"count": count}
            count += 1

class Sub(picoweb.WebApp):
    async def parse_headers(self, reader):
        headers = await super().parse_headers(reader)
        headers[b"mine"] = b"yes"
        return headers

def count(req, resp):
    yield from picoweb.jsonify(resp, req.headers[b"count"])

def mine(req, resp):
    data = yield from req.reader.read(100)
    yield from picoweb.jsonify(resp, [req.headers[b"X"].decode(), req.headers[b"mine"].decode(), data.decode()])

app = App(None, [("/", count)])
app.mount("/sub", Sub(None, [("/", mine)]))
'''))
    assert server.get("/", {"A": "b", "C": "d"}).json() == 3
    assert server.post("/sub", "body", {"X": "y"}).json() == ["y", "yes", "body"]


def test_handle_static(serve):
    files = {"static/x.txt": "plain", "static/secret.txt": "no"}
    server = serve(app('''
class App(picoweb.WebApp):
    def handle_static(self, req, resp):
        if "secret" in req.url_match.group(1):
            yield from picoweb.http_error(resp, "403")
        else:
            yield from super().handle_static(req, resp)

app = App(None)
bare = picoweb.WebApp(None, serve_static=False)
app.mount("/bare", bare)
'''), files=files)
    assert server.get("/static/x.txt").raw == with_length(200, TEXT, "plain")
    assert server.get("/static/secret.txt").raw == error(403)
    assert server.get("/static/nothing.txt").raw == error(404)
    assert server.get("/bare/static/x.txt").raw == error(404)


# Tables

def test_url_map(serve):
    server = serve(app('''
def handler(text):
    def handle(req, resp):
        yield from picoweb.start_response(resp)
        yield from resp.awrite(text)
    return handle

routes = [("/list", handler("list"))]
app = picoweb.WebApp(None, routes)
app.url_map.append(("/pair", handler("pair")))
app.url_map.append(("/triple", handler("triple"), {"headers": "skip"}))
app.url_map.append(("/pair", handler("never")))

@app.route("/grow")
def grow(req, resp):
    app.url_map.append(("/late", handler("late")))
    yield from picoweb.jsonify(resp, len(routes))

@app.route("/replace")
def replace(req, resp):
    app.url_map[0] = ("/list", handler("other"))
    yield from picoweb.jsonify(resp, True)
'''))
    for name in "list", "pair", "triple":
        assert server.get("/" + name).raw == wire(200, HTML, name)
    assert server.get("/late").raw == error(404)
    assert server.get("/grow").json() == 1
    assert server.get("/late").raw == wire(200, HTML, "late")
    assert server.get("/replace").json() is True
    assert server.get("/list").raw == wire(200, HTML, "other")


def test_mount(serve):
    server = serve(app('''
def show(req, resp):
    yield from picoweb.jsonify(resp, req.path)

inner = picoweb.WebApp("inner", [("/", show), ("/x", show)])
middle = picoweb.WebApp("middle", [("/x", show)])
middle.mount("/inner", inner)
app = picoweb.WebApp(None, [("/x", show)])
app.mount("/middle", middle)
'''))
    for path, inside in ("/x", "/x"), ("/middle/x", "/x"), ("/middle/inner", "/"), ("/middle/inner/x", "/x"):
        assert server.get(path).json() == inside
    for path in "/middle", "/middles/x", "/inner/x", "/middle/inner/y":
        assert server.get(path).raw == error(404), path


# Files, templates, packages

PACKAGE = {
    "shop/__init__.py": HEAD + '''
app = picoweb.WebApp(__name__)

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "hello.tpl", ("ż",))

@app.route("/str")
def index_str(req, resp):
    yield from picoweb.jsonify(resp, app.render_str("hello.tpl", ("x",)))

@app.route("/file")
def file(req, resp):
    yield from app.sendfile(resp, "data.bin", "text/x-data", {"X": "y"})
''',
    "shop/templates/hello.tpl": "{% args name %}\n<p>Hello, {{name}}!</p>\n",
}
MAIN = "from shop import app\n\napp.run(debug=0)\n"


def check_package(server):
    assert server.get("/").raw == wire(200, HTML, "<p>Hello, ż!</p>\n")
    assert server.get("/str").json() == "<p>Hello, x!</p>\n"
    assert server.get("/file").raw == with_length(200, "text/x-data", b"\x00data\xff", "X: y")
    assert server.get("/static/a.css").raw == with_length(200, "text/css; charset=utf-8", "body {}")
    assert server.get("/static/b.css").raw == error(404)


def test_package(serve):
    check_package(serve(MAIN, files=dict(PACKAGE, **{"shop/data.bin": b"\x00data\xff", "shop/static/a.css": "body {}"})))


def test_package_with_frozen_resources(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("CPython has no pkg_resources that knows R.py")
    frozen = 'R = {"data.bin": b"\\x00data\\xff", "static/a.css": b"body {}"}\n'
    check_package(serve(MAIN, files=dict(PACKAGE, **{"shop/R.py": frozen})))


def test_template_loader(serve):
    server = serve(app('''
class Loader:
    def load(self, name):
        def render(*args):
            yield name
            for arg in args:
                yield "|%s" % arg
        return render

app = picoweb.WebApp(None)
app.template_loader = Loader()

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page", ("ą", 1))
    yield from resp.awrite(app.render_str("str"))
'''))
    assert server.get("/").raw == wire(200, HTML, "page|ą|1str")


# Running

LOGGED = '''
class Log:
    def __init__(self):
        self.lines = []
    def note(self, level, msg, args):
        self.lines.append([level, msg % args if args else msg])
    def debug(self, msg, *args):
        self.note("debug", msg, args)
    def info(self, msg, *args):
        self.note("info", msg, args)
    def warning(self, msg, *args):
        self.note("warning", msg, args)
    def error(self, msg, *args):
        self.note("error", msg, args)
    def critical(self, msg, *args):
        self.note("critical", msg, args)
    def exception(self, msg, *args):
        self.note("exception", msg, args)

log = Log()
app = picoweb.WebApp(None)

def fail(req, resp):
    raise ValueError("it failed")
    yield

def show(req, resp):
    yield from picoweb.jsonify(resp, [a.debug == app.debug and a.log is log for a in (app, sub)] + log.lines)

app.url_map += [("/fail", fail), ("/log", show)]
sub = picoweb.WebApp(None, [("/fail", fail)])
app.mount("/sub", sub)
'''


@pytest.mark.parametrize("debug", (-1, 0, 1, 2))
def test_debug_and_log(serve, debug):
    server = serve(app(LOGGED, "\napp.run('127.0.0.1', 8081, %d, False, log)\n" % debug))
    assert server.get("/fail").raw == server.get("/sub/fail").raw == error(500)
    same, same_below, *lines = server.get("/log").json()
    assert same and same_below
    text = "\n".join(line for _, line in lines)
    assert ("it failed" in text) == ("/sub/fail" in text) == (debug >= 0)
    assert ("Running on" in text) == (debug > 0)
    if debug < 0:
        assert lines == [] and server.log() == ""
    assert server.alive()


@pytest.mark.parametrize("debug", (-1, 0, 1, 2))
def test_debug_without_a_log(serve, debug):
    server = serve(app(LOGGED, "\napp.run(debug=%d)\n" % debug))
    assert server.get("/fail").raw == error(500)
    assert ("it failed" in server.log()) == ("/fail" in server.log()) == (debug >= 0)
    assert ("Running on" in server.log()) == (debug > 0)
    assert server.get("/nothing").raw == error(404)


@pytest.mark.parametrize("debug", (0, 1))
def test_a_log_that_fails(serve, debug):
    """As when it is a file, and the flash is full, or nobody reads stderr any more."""
    server = serve(app(LOGGED, """
class Broken:
    def info(self, msg, *args):
        if "Running" not in msg:
            raise OSError(28)
    debug = error = info
app.run(debug=%d, log=Broken())
""" % debug))
    assert server.get("/sub/fail").raw == error(500)
    assert server.get("/nothing").raw == error(404)
    assert server.raw(b"", eof=True) == b""
    assert server.get("/log").status == 200
    assert server.log() == ""


def test_run_defaults(runtime):
    script = HEAD + '''
class App(picoweb.WebApp):
    def serve(self, loop, host, port):
        print(host, port, self.debug, self.inited, hasattr(loop, "create_task"))

app = App(None)
app.run()
app.run("0.0.0.0", 80, 1)
'''
    assert harness.run_inside(runtime, script) == "127.0.0.1 8081 0 True True\n0.0.0.0 80 1 True True\n"
