"""Every name of picoweb 1.8.2 and what an app of its time can see, as a table, on every runtime.

The table's app is one file. Where Pycopy is, the original runs it, too: both send the same bytes, or the row says what the original sends
and why picoweb does not.
"""

import contextlib
import os
import re
import socket
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import pytest

import harness
from test_examples import HTML, TEXT, error, wire, with_length

# An app's usual first lines, and its last.
HEAD = "import picoweb\n"
GET = b"GET / HTTP/1.0\r\n\r\n"
RUN = '\nif __name__ == "__main__":\n    app.run(debug=0)\n'
ORIGINAL = os.path.join(harness.DEPS, "lib", "picoweb-1.8.2")


def runs_original(runtime):
    return runtime.is_pycopy and os.path.isdir(ORIGINAL)


def app(source, run=RUN):
    return HEAD + source + run


# Names

# Names that were there because the module needed them, and that are not part of the API: apps import these modules themselves.
GONE = ["asyncio", "gc", "micropython", "pkg_resources", "uio", "utime"]
NAMES = {
    "picoweb": ["HTTPRequest", "SEND_BUFSZ", "WebApp", "get_mime_type", "http_error", "jsonify", "parse_qs", "re", "sendstream", "start_response",
                "sys", "uerrno", "utils"],
    "picoweb.utils": ["parse_qs", "unquote_plus"],
    "picoweb.HTTPRequest": ["parse_qs", "read_form_data"],
    "picoweb.WebApp": ["_handle", "_load_template", "add_url_rule", "handle_exc", "handle_static", "init", "mount", "parse_headers",
                       "render_str", "render_template", "route", "run", "sendfile", "serve"],
    "picoweb.WebApp(None)": ["headers_mode", "inited", "mounts", "pkg", "template_loader", "url_map"],
}
LIST = """
import picoweb, picoweb.utils
for name, there in (("picoweb", picoweb), ("picoweb.utils", picoweb.utils), ("picoweb.HTTPRequest", picoweb.HTTPRequest),
                    ("picoweb.WebApp", picoweb.WebApp), ("picoweb.WebApp(None)", picoweb.WebApp(None))):
    print(name, " ".join(dir(there)))
"""


def names_inside(runtime, path=()):
    lines = harness.run_inside(runtime, LIST, path=path).splitlines()
    return {line.split()[0]: set(line.split()[1:]) for line in lines}


@pytest.mark.parametrize("owner", NAMES)
def test_names(runtime, owner):
    assert not set(NAMES[owner]) - names_inside(runtime)[owner]


def test_no_name_is_missing_in_the_table(runtime):
    """It has every name that the original has, except those that every module, class or object has."""
    if not runs_original(runtime):
        pytest.skip("the original runs on Pycopy only, and has to be fetched")
    usual = {name for name in names_inside(runtime)["picoweb.HTTPRequest"] if name.startswith("__")} | {"__name__", "__path__", "__file__"}
    for owner, names in names_inside(runtime, [ORIGINAL]).items():
        known = set(NAMES[owner]) | (set(GONE) if owner == "picoweb" else set())
        if owner == "picoweb.WebApp(None)":
            known |= set(NAMES["picoweb.WebApp"])
        assert names - usual - known == set(), owner
        assert owner != "picoweb" or set(GONE) <= names


def test_what_is_gone_is_said_in_the_documentation():
    with open(os.path.join(harness.ROOT, "docs", "migrating.rst"), encoding="utf-8") as f:
        section = re.search(r"^From picoweb 1\.8\.2\n-+\n(.*?)^[^\n]+\n---", f.read(), re.M | re.S).group(1)
    assert [name for name in GONE if not re.search(r"\b%s\b" % name, section)] == []


# Arguments and results of functions, as far as no server is needed.

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


# Runs a coroutine that does not have to wait.
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
show("jsonify", picoweb.jsonify(w, {"a": [1, None, True]}), w)
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
jsonify b'HTTP/1.0 200 NA\r\nContent-Type: application/json\r\n\r\n{"a": [1, null, true]}'
start_response b'HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
start_response b'HTTP/1.0 404 NA\r\nContent-Type: text/plain\r\nX: y\r\n\r\n'
start_response b'HTTP/1.0 201 NA\r\nContent-Type: image/png\r\nA: b\r\nC: d\r\n\r\n'
start_response b'HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\nA: b\r\n\r\n'
http_error b'HTTP/1.0 503 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n503'
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


# What an app can observe, row by row

Row = namedtuple("Row", "name source request reply old")
Old = namedtuple("Old", "reply why")


def page(body, status=200, mime=HTML, *fields):
    return wire(status, mime, body, *fields)


def row(name, source, path, reply, old=None, why=None, method="GET", headers=(), body=b""):
    """The response of the app `source` to a request. If that of the original differs, it is `old`, and the reason is `why`."""
    request = path if isinstance(path, bytes) else harness.request_bytes(method, path, headers, body)
    return Row(name, source, request, reply, Old(old, why) if why else None)


SILENT = b""
LENGTH = "picoweb knows the length of what it sends by itself"
NO_ROUTE = "the body of its error pages is the status alone"
ERRORS = "a client gets an answer"
BYTES = "lengths are counted in bytes, and percent-encoding is UTF-8"
ROWS = [
    # Handlers
    row("a generator", """
@app.route("/generator")
def generator(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("generator")
""", "/generator", page("generator")),
    row("a coroutine", """
@app.route("/coroutine")
async def coroutine(req, resp):
    await picoweb.start_response(resp)
    await resp.awritestr("coroutine")
""", "/coroutine", page("coroutine")),
    row("a method", """
class Views:
    def method(self, req, resp):
        yield from picoweb.jsonify(resp, req.method)
app.add_url_rule("/method", Views().method)
""", "/method", page('"GET"', 200, "application/json")),
    row("a lambda", """
app.add_url_rule("/lambda", lambda req, resp: (yield from resp.awrite(b"HTTP/1.0 200 OK\\r\\n\\r\\nall mine")))
""", "/lambda", b"HTTP/1.0 200 OK\r\n\r\nall mine"),
    row("a function that returns what a helper returns", """
@app.route("/returns-helper")
def returns_helper(req, resp):
    return picoweb.jsonify(resp, [1])
""", "/returns-helper", page("[1]", 200, "application/json")),
    row("a coroutine that returns what a helper returns", """
@app.route("/returns-awaited")
async def returns_awaited(req, resp):
    await picoweb.start_response(resp, "text/plain")
    return await resp.awrite("awaited")
""", "/returns-awaited", page("awaited", 200, "text/plain")),
    row("a handler that calls others", """
def part(resp, text):
    yield from resp.awrite(text)
    return len(text)
async def last(resp, text):
    await resp.awrite(text)
@app.route("/calls")
def calls(req, resp):
    yield from picoweb.start_response(resp, "text/plain")
    size = yield from part(resp, "ab")
    yield from last(resp, str(size))
""", "/calls", page("ab2", 200, "text/plain")),
    row("await in a plain function", """
def awaiting(resp, text):
    await resp.awrite(text)
    return len(text)
@app.route("/plain-await")
def plain_await(req, resp):
    await picoweb.start_response(resp, "text/plain")
    size = yield from awaiting(resp, "abc")
    await resp.awrite(str(size))
""", "/plain-await", page("abc3", 200, "text/plain")),
    row("yield from in a coroutine", """
@app.route("/coroutine-yield")
async def coroutine_yield(req, resp):
    yield from picoweb.start_response(resp, "text/plain")
    await resp.awrite("both")
    return True
""", "/coroutine-yield", page("both", 200, "text/plain")),
    row("a handler in a decorator", """
def guarded(func):
    def check(req, resp):
        if b"Authorization" not in req.headers:
            yield from resp.awrite("HTTP/1.0 401 NA\\r\\nWWW-Authenticate: Basic realm=\\"x\\"\\r\\n\\r\\n")
            return
        req.user = req.headers[b"Authorization"].split(None, 1)[1]
        yield from func(req, resp)
    return check
@app.route("/guarded")
@guarded
def only_for_some(req, resp):
    yield from picoweb.jsonify(resp, req.user)
""", "/guarded", b'HTTP/1.0 401 NA\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'),
    row("a handler in a decorator, let in", "", "/guarded", page('"abc="', 200, "application/json"), headers={"Authorization": "Basic abc="}),
    row("a coroutine in a decorator", """
@app.route("/guarded-coroutine")
@guarded
async def only_for_some_too(req, resp):
    await picoweb.jsonify(resp, req.user)
""", "/guarded-coroutine", page('"abc="', 200, "application/json"), headers={"Authorization": "Basic abc="}),
    row("a handler for two routes", """
@app.route("/both")
@app.route("/two")
def both(req, resp):
    yield from picoweb.jsonify(resp, req.path)
""", "/two", page('"/two"', 200, "application/json")),
    row("two handlers of one name", """
@app.route("/same")
def both(req, resp):
    yield from picoweb.jsonify(resp, "another")
""", "/both", page('"/both"', 200, "application/json")),
    row("annotations that name nothing", """
@app.route("/annotated")
def annotated(req: Request, resp: Response) -> None:
    count: Number = 1
    yield from picoweb.jsonify(resp, count)
""", "/annotated", page("1", 200, "application/json")),
    row("a body without a head", """
@app.route("/headless")
def headless(req, resp):
    yield from resp.awrite("Working")
""", "/headless", b"Working"),
    row("a head by lines", """
@app.route("/head-lines")
def head_lines(req, resp):
    yield from resp.awrite("HTTP/1.1 200 OK\\r\\n")
    for name in ("A", "B"):
        yield from resp.awrite("%s: %s\\r\\n" % (name, "c"))
    yield from resp.awrite("\\r\\n")
    yield from resp.awrite(b"page")
""", "/head-lines", b"HTTP/1.1 200 OK\r\nA: c\r\nB: c\r\n\r\npage"),
    row("a head with bare line feeds", """
class Pages:
    def away(self, req, resp):
        yield from resp.awrite('HTTP/1.1 302 Found\\nLocation: /\\n\\n')
@app.route("/head-bare")
def head_bare(req, resp):
    return Pages().away(req, resp)
""", "/head-bare", b"HTTP/1.1 302 Found\nLocation: /\n\n"),
    row("a handler that returns None after writing", """
@app.route("/returns-none")
def returns_none(req, resp):
    yield from picoweb.start_response(resp)
    return None
""", "/returns-none", page("")),
    row("a handler that returns True after writing", """
@app.route("/returns-true")
def returns_true(req, resp):
    yield from picoweb.start_response(resp)
    return True
""", "/returns-true", page("")),
    row("a handler that writes nothing", """
@app.route("/silent")
def silent(req, resp):
    return
    yield
""", "/silent", error(500), SILENT, "an empty reply told nobody of a mistake"),
    row("a plain function that writes nothing", """
@app.route("/plain")
def plain(req, resp):
    pass
""", "/plain", error(500), SILENT, "an empty reply told nobody of a mistake"),
    row("a forgotten await", """
@app.route("/forgotten")
async def forgotten(req, resp):
    picoweb.start_response(resp)
""", "/forgotten", error(500), SILENT, "an empty reply told nobody of a mistake"),
    row("a handler that fails", """
@app.route("/fails")
def fails(req, resp):
    raise ValueError("it failed")
    yield
""", "/fails", error(500), SILENT, ERRORS),
    row("a handler that fails late", """
@app.route("/fails-late")
def fails_late(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("half")
    raise ValueError("it failed")
""", "/fails-late", page("half")),
    row("a handler that closes", """
@app.route("/closes")
def closes(req, resp):
    yield from resp.awrite(b"HTTP/1.0 200 OK\\r\\n\\r\\nbye")
    yield from resp.aclose()
    return False
""", "/closes", b"HTTP/1.0 200 OK\r\n\r\nbye"),

    # The stream
    row("awrite", """
@app.route("/awrite")
def awrite(req, resp):
    yield from resp.awrite(b"..HTTP/1.0 200 OK\\r\\n\\r\\n..", 2, 19)
    yield from resp.awrite(b"..all", 2)
    yield from resp.awrite("text")
    yield from resp.awrite(bytearray(b"!"))
    yield from resp.awrite("")
    yield from resp.awriteiter(["a", "b"])
""", "/awrite", b"HTTP/1.0 200 OK\r\n\r\nalltext!ab"),
    row("awritestr, not ASCII", """
@app.route("/awritestr")
def awritestr(req, resp):
    yield from resp.awrite("HTTP/1.0 200 OK\\r\\n\\r\\n")
    yield from resp.awritestr("\\u017c\\u00f3\\u0142w")
""", "/awritestr", b"HTTP/1.0 200 OK\r\n\r\n" + "żółw".encode()),
    row("awrite, not ASCII", """
@app.route("/awrite-text")
def awrite_text(req, resp):
    yield from resp.awrite("HTTP/1.0 200 OK\\r\\n\\r\\n")
    yield from resp.awrite("\\u017c\\u00f3\\u0142w")
""", "/awrite-text", b"HTTP/1.0 200 OK\r\n\r\n" + "żółw".encode(), b"HTTP/1.0 200 OK\r\n\r\n" + "żó".encode(), BYTES),

    row("a page from a file, line by line", """
@app.route("/from-file")
def from_file(req, resp):
    yield from picoweb.start_response(resp, content_type="text/html")
    with open("page.html", "r") as f:
        for line in f:
            yield from resp.awrite(line)
""", "/from-file", page("<p>page</p>", 200, "text/html")),
    row("drain after awrite", """
@app.route("/drain")
async def drain(req, resp):
    await resp.awrite("HTTP/1.0 200 OK\\r\\n\\r\\n")
    await resp.drain()
    await resp.awrite("more")
""", "/drain", b"HTTP/1.0 200 OK\r\n\r\nmore", b"HTTP/1.0 200 OK\r\n\r\n", "MicroPython's streams have it"),
    row("write and drain", """
@app.route("/write")
async def write(req, resp):
    await picoweb.start_response(resp, "text/plain")
    resp.write(b"some")
    resp.write(b"thing")
    await resp.drain()
    resp.close()
    await resp.wait_closed()
""", "/write", page("something", 200, "text/plain"), page("", 200, "text/plain"), "MicroPython's streams have them"),
    row("the socket below", """
@app.route("/socket")
def socket(req, resp):
    below = getattr(req.reader, "s", None) or req.reader.ios
    yield from picoweb.jsonify(resp, hasattr(below, "write") and hasattr(below, "read"))
""", "/socket", page("true", 200, "application/json")),

    # Helpers
    row("start_response, type and status", """
@app.route("/typed")
def typed(req, resp):
    yield from picoweb.start_response(resp, "text/plain", "201")
    yield from resp.awrite("made")
""", "/typed", page("made", 201, "text/plain")),
    row("start_response, a number for a status", """
@app.route("/number")
def number(req, resp):
    yield from picoweb.start_response(resp, status=404)
""", "/number", page("", 404)),
    row("start_response, a status with its reason", """
@app.route("/reason")
def reason(req, resp):
    yield from picoweb.start_response(resp, status="200 OK")
""", "/reason", page("").replace(b"200 NA", b"200 OK NA")),
    row("start_response, headers", """
@app.route("/headers-dict")
def headers_dict(req, resp):
    yield from picoweb.start_response(resp, headers={"Location": "/"}, status="303")
""", "/headers-dict", page("", 303, HTML, "Location: /")),
    row("start_response, bytes for headers", """
@app.route("/headers-bytes")
def headers_bytes(req, resp):
    yield from picoweb.start_response(resp, headers={b"X": b"y"})
""", "/headers-bytes", page("", 200, HTML, "X: y")),
    row("start_response, lines", """
@app.route("/headers-lines")
def headers_lines(req, resp):
    yield from picoweb.start_response(resp, headers="A: b\\r\\nC: d\\r\\n")
""", "/headers-lines", page("", 200, HTML, "A: b", "C: d")),
    row("start_response, lines as bytes", """
@app.route("/headers-lines-bytes")
def headers_lines_bytes(req, resp):
    yield from picoweb.start_response(resp, headers=b"A: b\\r\\n")
""", "/headers-lines-bytes", page("", 200, HTML, "A: b")),
    row("start_response, lines without the last end", """
@app.route("/headers-open")
def headers_open(req, resp):
    yield from picoweb.start_response(resp, headers="A: b")
    yield from resp.awrite("body")
""", "/headers-open", page("body", 200, HTML, "A: b"), page("").replace(b"\r\n\r\n", b"\r\nA: b\r\nbody"), "the head had no end"),
    row("start_response, by keywords", """
@app.route("/keywords")
def keywords(req, resp):
    yield from picoweb.start_response(writer=resp, content_type="text/plain", status="405", headers=None)
    yield from resp.awrite(buf="405 Method Not Allowed")
""", "/keywords", page("405 Method Not Allowed", 405, "text/plain")),
    row("start_response, Content-Type among the headers", """
@app.route("/headers-type")
def headers_type(req, resp):
    yield from picoweb.start_response(resp, headers={"Content-Type": "text/plain"})
""", "/headers-type", page("", 200, "text/plain"), page("", 200, HTML, "Content-Type: text/plain"), "there were two of them"),
    row("start_response, no headers", """
@app.route("/headers-none")
def headers_none(req, resp):
    yield from picoweb.start_response(resp, headers={})
""", "/headers-none", page("")),
    row("jsonify", """
@app.route("/jsonify")
def jsonify(req, resp):
    yield from picoweb.jsonify(resp, {"a": [1, None, True, "b"]})
""", "/jsonify", page('{"a": [1, null, true, "b"]}', 200, "application/json")),
    row("jsonify, and more", """
@app.route("/jsonify-more")
def jsonify_more(req, resp):
    yield from picoweb.jsonify(resp, [1])
    yield from resp.awrite("\\n")
    yield from picoweb.jsonify(resp, [2])
""", "/jsonify-more", page("[1]\n", 200, "application/json") + page("[2]", 200, "application/json")),
    row("http_error", """
@app.route("/http-error")
def http_error(req, resp):
    yield from picoweb.http_error(resp, "403")
""", "/http-error", page("403", 403)),
    row("http_error, and more", """
@app.route("/http-error-more")
def http_error_more(req, resp):
    yield from picoweb.http_error(resp, "403")
    yield from resp.awrite(": not for you")
""", "/http-error-more", page("403: not for you", 403)),
    row("http_error, by keywords", """
@app.route("/http-error-keywords")
def http_error_keywords(req, resp):
    yield from picoweb.http_error(writer=resp, status="401")
""", "/http-error-keywords", page("401", 401)),
    row("http_error, a number", """
@app.route("/http-error-number")
def http_error_number(req, resp):
    yield from picoweb.http_error(resp, 403)
""", "/http-error-number", page("403", 403), page("", 403), "it failed in the middle"),
    row("sendstream", """
@app.route("/sendstream")
def sendstream(req, resp):
    yield from picoweb.start_response(resp)
    with open("page.html", "rb") as f:
        yield from picoweb.sendstream(resp, f)
""", "/sendstream", page("<p>page</p>")),
    row("sendstream of a text file", """
@app.route("/sendstream-text")
def sendstream_text(req, resp):
    yield from picoweb.start_response(resp)
    with open("page.html") as f:
        yield from picoweb.sendstream(resp, f)
""", "/sendstream-text", page("<p>page</p>")),
    row("SEND_BUFSZ", """
@app.route("/bufsz")
def bufsz(req, resp):
    size, picoweb.SEND_BUFSZ = picoweb.SEND_BUFSZ, 3
    yield from app.sendfile(resp, "page.html", "text/html")
    picoweb.SEND_BUFSZ = size
""", "/bufsz", page("<p>page</p>", 200, "text/html")),

    # Files
    row("sendfile", """
@app.route("/sendfile")
def sendfile(req, resp):
    yield from app.sendfile(resp, "page.html", "text/html", {"X": "y"})
""", "/sendfile", page("<p>page</p>", 200, "text/html", "X: y")),
    row("sendfile, and more", """
@app.route("/sendfile-more")
def sendfile_more(req, resp):
    yield from app.sendfile(resp, "page.html", "text/html")
    yield from resp.awrite("<p>more</p>")
""", "/sendfile-more", page("<p>page</p><p>more</p>", 200, "text/html")),
    row("sendfile, after a head", """
@app.route("/sendfile-headed")
def sendfile_headed(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.sendfile(resp, "page.html", "text/html")
""", "/sendfile-headed", page(page("<p>page</p>", 200, "text/html"))),
    row("sendfile, a path from the root", """
@app.route("/sendfile-rooted")
def sendfile_rooted(req, resp):
    yield from app.sendfile(resp, "/page.html", "text/html")
""", "/sendfile-rooted", page("<p>page</p>", 200, "text/html")),
    row("sendfile, the type by the name", """
@app.route("/sendfile-typed")
def sendfile_typed(req, resp):
    yield from app.sendfile(resp, "page.html")
""", "/sendfile-typed", page("<p>page</p>"), page("<p>page</p>", 200, "text/html"), "text has its encoding"),
    row("sendfile of nothing", """
@app.route("/sendfile-nothing")
def sendfile_nothing(req, resp):
    yield from app.sendfile(resp, "nothing.html")
""", "/sendfile-nothing", error(404), page("404", 404), LENGTH),
    row("sendfile of nothing in a page", """
@app.route("/sendfile-in-page")
def sendfile_in_page(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.sendfile(resp, "nothing.html")
""", "/sendfile-in-page", page(""), page("") + page("404", 404), "a second head is no page: the log names the file"),
    row("sendfile of nothing in a try", """
@app.route("/sendfile-in-try")
def sendfile_in_try(req, resp):
    try:
        yield from app.sendfile(resp, "nothing.html")
    except Exception:
        yield from picoweb.start_response(resp, "text/plain", "400")
""", "/sendfile-in-try", page("", 400, "text/plain"), page("404", 404), "a missing file is an exception, for handle_error()"),
    row("a folder for a package", """
folder = picoweb.WebApp("shop/web")
@folder.route("/")
def in_folder(req, resp):
    yield from folder.sendfile(writer=resp, fname="part.html", content_type="text/html", headers=b"X: y\\r\\n")
    yield from folder.render_template(writer=resp, tmpl_name="part.tpl", args=("x",))
app.mount("/folder", folder)
""", "/folder", page("<p>part</p><i>x</i>\n", 200, "text/html", "X: y")),
    row("a static file of a folder", "", "/folder/static/b.css", with_length(200, "text/css; charset=utf-8", "b {}"), page("b {}", 200, "text/css"),
        LENGTH),
    row("a static file", "", "/static/a.css", with_length(200, "text/css; charset=utf-8", "a {}"), page("a {}", 200, "text/css"), LENGTH),
    row("a static file, encoded", "", "/static/%61.css", with_length(200, "text/css; charset=utf-8", "a {}"), page("404", 404),
        "browsers encode spaces and what is not ASCII"),
    row("a static file, by the app's own pattern", """
app.add_url_rule(re.compile("^/(shop/.+\\.css)$"), app.handle_static)
""", "/shop/web/static/b.css", with_length(200, "text/css; charset=utf-8", "b {}"), page("b {}", 200, "text/css"), LENGTH),
    row("no file of the app's own pattern", "", "/shop/web/static/a.css", error(404), page("404", 404), LENGTH),
    row("no static file", "", "/static/b.css", error(404), page("404", 404), LENGTH),
    row("out of static", "", "/static/../page.html", error(403), page("403", 403), LENGTH),

    # Routes
    row("no route", "", "/nothing", error(404), page("404\r\n", 404), NO_ROUTE),
    row("the first one that matches", """
def text(text):
    def handler(req, resp):
        yield from picoweb.start_response(resp, "text/plain")
        yield from resp.awrite(text)
    return handler
app.add_url_rule(re.compile("^/first/.*"), text("pattern"))
app.add_url_rule("/first/exact", text("exact"))
""", "/first/exact", page("pattern", 200, "text/plain")),
    row("the first of two exact ones", """
app.url_map.append(("/twice", text("first")))
app.url_map.append(("/twice", text("second"), {"headers": "skip"}))
""", "/twice", page("first", 200, "text/plain")),
    row("match, not search", """
app.add_url_rule(re.compile("/inner"), text("inner"))
""", "/outer/inner", error(404), page("404\r\n", 404), NO_ROUTE),
    row("match, from the start", "", "/inner/more", page("inner", 200, "text/plain")),
    row("an object that matches", """
class Even:
    def match(self, path):
        return [path] if len(path) % 2 == 0 and path.startswith("/even") else None
@app.route(Even())
def even(req, resp):
    yield from picoweb.jsonify(resp, req.url_match)
""", "/even12", error(404), page("404\r\n", 404), NO_ROUTE),
    row("an object that does", "", "/even123", page('["/even123"]', 200, "application/json")),
    row("an object that makes a dict", """
class Named:
    def match(self, path):
        return {"name": path[7:]} if path.startswith("/named/") else None
@app.route(Named())
def named(req, resp, **names):
    yield from picoweb.jsonify(resp, req.url_match)
""", "/named/x", page('{"name": "x"}', 200, "application/json")),
    row("two groups of a pattern", """
@app.route(re.compile("^/groups/(\\w+)/(\\d+)/?$"))
def groups(req, resp):
    yield from picoweb.jsonify(resp, [req.url_match.group(n) for n in range(3)])
""", "/groups/led/17/", page('["/groups/led/17/", "led", "17"]', 200, "application/json")),
    row("a route that is a list", """
app.url_map.append(["/listed", text("listed")])
""", "/listed", page("listed", 200, "text/plain")),
    row("an option that is none", """
app.add_url_rule("/optional", text("optional"), method="POST", name="x")
""", "/optional", page("optional", 200, "text/plain")),
    row("methods", """
@app.route("/methods", methods=["POST"])
def methods(req, resp):
    yield from picoweb.start_response(resp, "text/plain")
""", "/methods", error(405, "Allow: POST, OPTIONS"), page("", 200, "text/plain"), "it was ignored"),
    row("methods, a string", """
app.add_url_rule("/methods-string", methods, methods="POST")
""", "/methods-string", page("", 200, "text/plain"), method="POST"),
    row("methods, letters of a string", "", "/methods-string", error(405, "Allow: POST, OPTIONS"), page("", 200, "text/plain"),
        "it was ignored", method="POS"),
    row("HEAD", "", "/typed", page("", 201, "text/plain"), page("made", 201, "text/plain"), "RFC 9110 section 9.3.2: no content", method="HEAD"),

    # A mounted app
    row("mount", """
sub = picoweb.WebApp(None, serve_static=False)
@sub.route("/x")
def sub_x(req, resp):
    yield from picoweb.jsonify(resp, [req.path, req.qs])
@sub.route("/")
def sub_index(req, resp):
    yield from picoweb.jsonify(resp, [req.path])
app.mount("/sub", sub)
""", "/sub/x?y", page('["/x", "y"]', 200, "application/json")),
    row("mount, the app itself", "", "/sub", page('["/"]', 200, "application/json")),
    row("mount, with a slash", "", "/sub/", page('["/"]', 200, "application/json")),
    row("mount, a segment and more", "", "/subx", error(404), page('["/x", ""]', 200, "application/json"), "a mount takes whole segments"),
    row("mount, nested", """
inner = picoweb.WebApp(None, [("/x", sub_x)], serve_static=False)
sub.mount("/inner", inner)
""", "/sub/inner/x", page('["/x", ""]', 200, "application/json")),
    row("mount, headers_mode", """
skipping = picoweb.WebApp(None, serve_static=False)
skipping.headers_mode = "skip"
@skipping.route("/")
def skipping_index(req, resp):
    yield from picoweb.jsonify(resp, hasattr(req, "headers"))
app.mount("/skipping", skipping)
""", "/skipping", page("false", 200, "application/json"), page("true", 200, "application/json"), "it was the root's"),

    # The path and the query
    row("a path is not decoded", """
@app.route(re.compile("^/item/(.+)"))
def item(req, resp):
    yield from picoweb.start_response(resp, "text/plain")
    name = req.url_match.group(1)
    yield from resp.awritestr("%s %s %s" % (req.path, name, picoweb_utils.unquote_plus(name)))
""", "/item/a%2Bb", page("/item/a%2Bb a%2Bb a+b", 200, "text/plain")),
    row("a path is decoded once", "", "/item/100%2525", page("/item/100%2525 100%2525 100%25", 200, "text/plain")),
    row("a path with pluses and slashes", "", "/item/a+b%2Fc", page("/item/a+b%2Fc a+b%2Fc a b/c", 200, "text/plain")),
    row("a path in UTF-8", "", "/item/%C5%BC", page("/item/%C5%BC %C5%BC ż", 200, "text/plain"),
        page("/item/%C5%BC %C5%BC Å¼", 200, "text/plain"), BYTES),
    row("an exact route, encoded", "", "/typ%65d", page("made", 201, "text/plain"), page("404\r\n", 404), "it is the same path"),
    row("a query", """
@app.route("/query")
def query(req, resp):
    req.parse_qs()
    yield from picoweb.jsonify(resp, [req.path, req.qs, sorted(req.form.items())])
""", "/query?a=1&b=x+y%21&c=1&c=2&d&e=", page(
        '["/query", "a=1&b=x+y%21&c=1&c=2&d&e=", [["a", "1"], ["b", "x y!"], ["c", ["1", "2"]], ["d", true], ["e", ""]]]', 200, "application/json")),
    row("no query", "", "/query", page('["/query", "", []]', 200, "application/json")),
    row("a query that ends", "", "/query?a=1&", page('["/query", "a=1&", [["a", "1"]]]', 200, "application/json"),
        page('["/query", "a=1&", [["", true], ["a", "1"]]]', 200, "application/json"), "the URL Standard: there is no name"),
    row("a query with a percent sign", "", "/query?a=100%", page('["/query", "a=100%", [["a", "100%"]]]', 200, "application/json"),
        SILENT, ERRORS),
    row("utils", """
@app.route("/utils")
def use_utils(req, resp):
    yield from picoweb.jsonify(resp, [picoweb.parse_qs("a=b%20c"), picoweb_utils.parse_qs("a"), picoweb_utils.unquote_plus("a+b%2Bc")])
""", "/utils", page('[{"a": "b c"}, {"a": true}, "a b+c"]', 200, "application/json")),

    # The head
    row("headers", """
@app.route("/headers")
def headers(req, resp):
    names = sorted(req.headers)
    yield from picoweb.jsonify(resp, [names, req.headers[b"X-Y"], req.headers.get(b"Nothing"), b"X-Y" in req.headers, len(req.headers)])
""", "/headers", page('[["Host", "X-Y"], "z: z", null, true, 2]', 200, "application/json"), headers={"X-Y": " z: z "}),
    row("headers, as a dict", """
@app.route("/headers-all")
def headers_all(req, resp):
    fields = {}
    for k, v in req.headers.items():
        fields[k.decode()] = v.decode()
    req.headers[b"X-Own"] = b"mine"
    assert "%s" % req.headers
    yield from picoweb.jsonify(resp, [fields["X-Y"], len(fields), req.headers[b"X-Own"], b"z" in req.headers.get(b"X-Y", b"")])
""", "/headers-all", page('["z", 2, "mine", true]', 200, "application/json"), headers={"X-Y": "z"}),
    row("headers in another case", """
@app.route("/headers-case")
def headers_case(req, resp):
    yield from picoweb.jsonify(resp, req.headers[b"X-Y"])
""", "/headers-case", page('"z"', 200, "application/json"), SILENT, "RFC 9110 section 5.1", headers={"x-y": "z"}),
    row("headers by text", """
@app.route("/headers-text")
def headers_text(req, resp):
    yield from picoweb.jsonify(resp, [req.headers.get("X-Y"), "X-Y" in req.headers, req.headers.get("Z")])
""", "/headers-text", page('["z", true, null]', 200, "application/json"), page("[null, false, null]", 200, "application/json"),
        "names are ASCII", headers={"X-Y": "z"}),
    row("headers skipped", """
@app.route("/skip", headers="skip")
def skip(req, resp):
    yield from picoweb.jsonify(resp, hasattr(req, "headers"))
""", "/skip", page("false", 200, "application/json")),
    row("headers left", """
@app.route("/leave", headers="leave")
def leave(req, resp):
    lines = []
    while True:
        line = yield from req.reader.readline()
        if line == b"\\r\\n":
            break
        lines.append(line)
    body = yield from req.reader.readexactly(4)
    yield from picoweb.jsonify(resp, [lines, body, hasattr(req, "headers")])
""", "/leave", page('[["Host: 127.0.0.1\\r\\n", "X: y\\r\\n", "Content-Length: 4\\r\\n"], "body", false]', 200, "application/json"),
        method="POST", headers={"X": "y"}, body="body"),
    row("headers left, then parsed", """
@app.route("/leave-parse", headers="leave")
def leave_parse(req, resp):
    req.headers = yield from app.parse_headers(req.reader)
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, [req.headers[b"X"], req.form])
""", "/leave-parse", page('["y", {"a": "b"}]', 200, "application/json"), method="POST", headers={"X": "y"}, body="a=b"),
    row("headers skipped, and a body of a known size", """
@app.route("/skip-body", headers="skip")
def skip_body(req, resp):
    data = yield from req.reader.readexactly(4)
    yield from picoweb.jsonify(resp, data)
""", "/skip-body", page('"body"', 200, "application/json"), method="POST", body="body"),
    row("url_match of an exact route", """
@app.route("/url-match")
def url_match(req, resp):
    yield from picoweb.jsonify(resp, req.url_match)
""", "/url-match", page("null", 200, "application/json"), SILENT, "handlers have routes of both kinds"),
    row("what an app keeps in a request", """
@app.route("/attribute")
def attribute(req, resp):
    req.user = "me"
    req.form = {"a": "b"}
    yield from picoweb.jsonify(resp, [req.user, req.form])
""", "/attribute", page('["me", {"a": "b"}]', 200, "application/json")),
    row("no version", "", b"GET /typed\r\n\r\n", error(400), SILENT, ERRORS),

    # Bodies
    row("a form", """
@app.route("/form")
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, sorted(req.form.items()))
""", "/form", page('[["a", "1"], ["b", "x y!"], ["c", ["1", "2"]], ["d", true]]', 200, "application/json"), method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"}, body="a=1&b=x+y%21&c=1&c=2&d"),
    row("a form in a coroutine", """
@app.route("/form-async")
async def form_async(req, resp):
    await req.read_form_data()
    await picoweb.jsonify(resp, req.form["a"])
""", "/form-async", page('"b"', 200, "application/json"), method="POST", body="a=b"),
    row("a form without a length", "", "/form", error(411), SILENT, ERRORS, method="POST"),
    row("a form of another type", "", "/form", error(415), page('[["--x\\r\\nContent-Disposition: form-data; name", "\\"a\\"\\r\\n\\r\\nb\\r\\n--x--"]]',
        200, "application/json"), "it was garbage", method="POST", headers={"Content-Type": "multipart/form-data; boundary=x"},
        body='--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--'),
    row("a form in UTF-8", """
@app.route("/form-text")
def form_text(req, resp):
    yield from req.read_form_data()
    yield from picoweb.start_response(resp, "text/plain")
    yield from resp.awritestr(req.form["a"])
""", "/form-text", page("ż", 200, "text/plain"), page("Å¼", 200, "text/plain"), BYTES, method="POST", body="a=%C5%BC"),
    row("a forgotten yield from", """
@app.route("/form-forgotten")
def form_forgotten(req, resp):
    req.read_form_data()
    yield from picoweb.jsonify(resp, req.form)
""", "/form-forgotten", error(500), SILENT, ERRORS, method="POST", body="a=b"),
    row("a body by its length", """
@app.route("/body")
def body(req, resp):
    size = int(req.headers[b"Content-Length"])
    data = yield from req.reader.readexactly(size)
    yield from picoweb.jsonify(resp, data)
""", "/body", page('"some\\nbody"', 200, "application/json"), method="POST", body="some\nbody"),
    row("a body as a query", """
@app.route("/body-query")
def body_query(req, resp):
    data = yield from req.reader.read(int(req.headers[b"Content-Length"]))
    req.qs = data.decode()
    req.parse_qs()
    yield from picoweb.jsonify(resp, req.form["a"])
""", "/body-query", page('"b c"', 200, "application/json"), method="POST", body="a=b%20c"),
    row("a body by a method that the app adds", """
def read_json(self):
    data = yield from self.reader.readexactly(int(self.headers[b"Content-Length"]))
    self.json = json.loads(data)
picoweb.HTTPRequest.read_json = read_json
@app.route("/body-json")
async def body_json(req, resp):
    await req.read_json()
    await picoweb.jsonify(resp, req.json["a"])
""", "/body-json", page("[1, 2]", 200, "application/json"), method="POST", headers={"Content-Type": "application/json"}, body='{"a": [1, 2]}'),
    row("errno", """
@app.route("/errno")
def errno(req, resp):
    try:
        open("nothing")
    except OSError as e:
        yield from picoweb.jsonify(resp, e.args[0] == picoweb.uerrno.ENOENT)
""", "/errno", page("true", 200, "application/json")),
    row("a body in pieces", """
@app.route("/pieces")
def pieces(req, resp):
    left = int(req.headers.get(b"Content-Length", 0))
    sizes = []
    while left > 0:
        data = yield from req.reader.read(min(left, 512))
        left -= len(data)
        sizes.append(len(data))
    yield from picoweb.jsonify(resp, sum(sizes))
""", "/pieces", page("6000", 200, "application/json"), method="POST", body="a" * 6000),
    row("a body by lines", """
@app.route("/lines")
def lines(req, resp):
    first = yield from req.reader.readline()
    rest = yield from req.reader.read(100)
    yield from picoweb.jsonify(resp, [first, rest])
""", "/lines", page('["some\\n", "body"]', 200, "application/json"), method="POST", body="some\nbody"),

    # Templates
    row("render_template", """
@app.route("/template")
def template(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page.tpl", ("x",))
""", "/template", page("<b>x</b>\n")),
    row("render_str", """
@app.route("/template-str")
def template_str(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(app.render_str("page.tpl", ("y",)))
""", "/template-str", page("<b>y</b>\n")),
    row("_load_template", """
loaded = app._load_template("page.tpl")
@app.route("/template-loaded")
def template_loaded(req, resp):
    yield from picoweb.start_response(resp)
    for part in loaded("z"):
        yield from resp.awrite(part)
""", "/template-loaded", page("<b>z</b>\n")),
    row("no template", """
@app.route("/template-missing")
def template_missing(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "missing.tpl")
""", "/template-missing", page("")),
    row("a template in another charset", """
@app.route("/template-text")
async def template_text(req, resp):
    await picoweb.start_response(resp)
    await app.render_template(resp, "page.tpl", ("\\u017c",))
""", "/template-text", page("<b>ż</b>\n")),

    # What an app overrides
    row("handle_exc", """
class Own(picoweb.WebApp):
    def handle_exc(self, req, resp, e):
        yield from picoweb.start_response(resp, "text/plain", "404")
        yield from resp.awrite("%s %s" % (req.path, e.args[0]))
def raises(req, resp):
    raise KeyError("key")
    yield
own = Own(None, [("/raises", raises)])
app.mount("/own", own)
""", "/own/raises", page("/raises key", 404, "text/plain"), SILENT, "the root's was called"),
    row("parse_headers", """
class Counting(picoweb.WebApp):
    def parse_headers(self, reader):
        count = 0
        while (yield from reader.readline()) != b"\\r\\n":
            count += 1
        return {b"count": count}
counting = Counting(None)
@counting.route("/count")
def count(req, resp):
    data = yield from req.reader.readexactly(2)
    yield from picoweb.jsonify(resp, [req.headers[b"count"], data])
app.mount("/counting", counting)
""", "/counting/count", page('[3, "ab"]', 200, "application/json"), SILENT, "the root's was called", method="POST", headers={"A": "b"}, body="ab"),
    row("handle_static", """
class Static(picoweb.WebApp):
    def handle_static(self, req, resp):
        yield from picoweb.start_response(resp, "text/plain")
        yield from resp.awrite(req.url_match.group(1))
app.mount("/own-static", Static(None))
""", "/own-static/static/x%20y/z", page("static/x%20y/z", 200, "text/plain")),
    row("sendfile, overridden", """
class Files(picoweb.WebApp):
    def sendfile(self, writer, fname):
        yield from picoweb.start_response(writer, "text/plain", headers={"X": "y"})
        yield from writer.awrite("<" + fname + ">")
app.mount("/own-files", Files(None))
""", "/own-files/static/a.css", page("<static/a.css>", 200, "text/plain", "X: y")),
    row("handle_exc, put on the object", """
def put_on(req, resp, e):
    yield from picoweb.start_response(resp, "text/plain", "400")
    yield from resp.awrite(repr(e)[:8])
other = picoweb.WebApp(None, [("/raises", raises)])
other.handle_exc = put_on
app.mount("/put-on", other)
""", "/put-on/raises", page("KeyError", 400, "text/plain"), SILENT, "the root's was called"),
    row("headers_mode, set by init", """
class Leaving(picoweb.WebApp):
    def init(self):
        self.headers_mode = "leave"
        super().init()
leaving = Leaving(None)
@leaving.route("/")
def left(req, resp):
    line = None if hasattr(req, "headers") else (yield from req.reader.readline())
    yield from picoweb.jsonify(resp, line)
app.mount("/leaving", leaving)
""", "/leaving/", page('"Host: 127.0.0.1\\r\\n"', 200, "application/json"), page("null", 200, "application/json"), "it was the root's"),
    row("no static files", "", "/sub/static/a.css", error(404), page("404\r\n", 404), NO_ROUTE),
]

TABLE = """
import picoweb
from picoweb import utils as picoweb_utils
try:
    import json, re
except ImportError:
    import ujson as json, ure as re

app = picoweb.WebApp(None)
""" + "".join(r.source for r in ROWS) + RUN
FILES = {"page.html": "<p>page</p>", "static/a.css": "a {}", "templates/page.tpl": "{% args x %}\n<b>{{x}}</b>\n",
         "shop/web/part.html": "<p>part</p>", "shop/web/templates/part.tpl": "{% args x %}\n<i>{{x}}</i>\n", "shop/web/static/b.css": "b {}"}


@pytest.fixture(scope="module")
def table(runtime):
    """Two servers of the table: picoweb's, and the original's where it runs."""
    with contextlib.ExitStack() as servers:
        ours = servers.enter_context(harness.Server(runtime, TABLE, files=FILES))
        original = None
        if runs_original(runtime):
            original = servers.enter_context(harness.Server(runtime, TABLE, files=FILES, path=[ORIGINAL]))
        yield ours, original


@pytest.mark.parametrize("row", ROWS, ids=[r.name for r in ROWS])
def test_row(table, row):
    ours, original = table
    assert harness.in_order(harness.without_validators(ours.raw(row.request))) == harness.in_order(row.reply)
    if original:
        reply = SILENT
        with contextlib.suppress(ConnectionResetError):  # it closes though there is more to read
            reply = original.raw(row.request)
        assert reply == (row.old.reply if row.old else row.reply)


def test_true_is_no_mistake(table):
    """Handlers of 1.8.2 return it where they have written their response."""
    before = len(table[0].log())
    assert table[0].get("/returns-true").status == 200
    assert "ERROR" not in table[0].log()[before:] and "too late" not in table[0].log()[before:]


def test_names_of_rows_are_unique():
    assert len({r.name for r in ROWS}) == len(ROWS)


# The log of mistakes that used to be silent: a line that tells the author what to do

MISTAKES = [("/silent", "GET", ["yield from", "await"]), ("/plain", "GET", ["yield from", "await"]), ("/forgotten", "GET", ["yield from", "await"]),
            ("/form-forgotten", "POST", ["read_form_data", "yield from"]), ("/template-missing", "GET", ["missing.tpl"]),
            ("/sendfile-in-page", "GET", ["nothing.html"])]


@pytest.mark.parametrize("path, method, words", MISTAKES, ids=[m[0] for m in MISTAKES])
def test_mistakes_are_logged(table, path, method, words):
    server = table[0]
    before = len(server.log())
    server.request(method, path, body=b"a=b" if method == "POST" else b"", eof=True)
    log = server.log()[before:]
    assert "%s %s" % (method, path) in log
    assert all(word in log for word in words), log


# Picoweb inside a package, with and without another copy on the path

INSIDE_APP = """
import sys
for name in list(sys.modules):
    if name.split(".")[0] == "picoweb":
        del sys.modules[name]
if %(alone)s:
    sys.path[:] = [folder for folder in sys.path if folder != %(root)r]
%(import)s
try:
    import re
except ImportError:
    import ure as re

app = picoweb.WebApp(None)
sub = picoweb.WebApp(None)
app.mount("/sub", sub)

@app.route("/")
def index(req, resp):
    return "index"

@sub.route("/form", methods="POST")
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, req.form)

@app.route(re.compile("^/item/(.+)"))
async def item(req, resp):
    await picoweb.jsonify(resp, [picoweb.utils.unquote_plus(req.url_match.group(1)), picoweb.parse_qs(req.qs), req.headers["Host"].decode()])

@app.route("/raises")
def raises(req, resp):
    raise ValueError("on purpose")

@app.route("/abort")
def abort(req, resp):
    raise picoweb.HTTPException(410)

@app.route("/redirect")
def redirect(req, resp):
    yield from picoweb.redirect(resp, "/")

@app.route("/template")
def template(req, resp):
    return app.render_str("page.tpl", ("x",))

@app.route("/modules")
def modules(req, resp):
    return [name for name in sys.modules if name.split(".")[0] == "picoweb"]

app.run(port=%(port)d, debug=0)
"""


def serve_inside(serve, how, alone):
    port = harness.free_port()
    files = dict(FILES, **{"lib/__init__.py": "", "lib/web/__init__.py": ""})
    inside = "lib/web/picoweb/" if ".web." in how else "lib/picoweb/"
    for name in os.listdir(os.path.join(harness.ROOT, "picoweb")):
        if name.endswith(".py"):
            with open(os.path.join(harness.ROOT, "picoweb", name)) as f:
                files[inside + name] = f.read()
    source = INSIDE_APP % {"alone": alone, "root": harness.ROOT, "import": how, "port": port}
    return serve(source, files=files, port=port)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "two copies"])
@pytest.mark.parametrize("how", ["import lib.picoweb as picoweb", "from lib import picoweb", "import lib.web.picoweb as picoweb"])
def test_picoweb_inside_a_package(serve, how, alone):
    server = serve_inside(serve, how, alone)
    assert server.get("/").raw == with_length(200, HTML, "index")
    assert server.get("/nothing").raw == server.get("/sub/nothing").raw == error(404)
    assert server.post("/sub/form", "a=b%20c").json() == {"a": "b c"}
    assert server.get("/sub/form").status == 405
    assert server.get("/item/a%2Bb?c=d").json() == ["a+b", {"c": "d"}, "127.0.0.1"]
    assert server.get("/raises").raw == error(500)
    assert server.get("/abort").raw == error(410)
    assert server.get("/redirect").status == 302
    assert server.get("/static/a.css").body == b"a {}"
    assert server.get("/static/nothing.css").raw == error(404)
    assert server.get("/template").body.startswith(b"<b>x</b>")
    assert server.raw(b"bad\r\n\r\n") == error(400)
    assert server.get("/modules").json() == []
    assert server.log().count("Traceback") == 1


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "two copies"])
def test_picoweb_imported_by_its_file(serve, alone):
    """Boards load that file twice then, so picoweb.utils and HTTPException are the other copy's: an app of 1.8.2 had neither this way."""
    server = serve_inside(serve, "import lib.picoweb.__init__ as picoweb", alone)
    assert server.get("/").raw == with_length(200, HTML, "index")
    assert server.get("/nothing").raw == server.get("/sub/nothing").raw == error(404)
    assert server.post("/sub/form", "a=b%20c").json() == {"a": "b c"}
    assert server.get("/sub/form").status == 405
    assert server.get("/raises").raw == error(500)
    assert server.get("/static/a.css").body == b"a {}"
    assert server.get("/static/nothing.css").raw == error(404)
    assert server.get("/template").body.startswith(b"<b>x</b>")
    assert server.raw(b"bad\r\n\r\n") == error(400)


# Calls before there is a server

def test_utils_are_there_before_any_request(runtime):
    """After a plain import, in an app that never decodes anything else."""
    out = harness.run_inside(runtime, "import picoweb\nprint(picoweb.utils.unquote_plus('a%20b'), picoweb.parse_qs('a=1&b'))\n")
    assert out.startswith("a b {") and "'a': '1'" in out and "'b': True" in out


def test_modules_by_from_import(runtime):
    """A name that is missing is still no more than that."""
    out = harness.run_inside(runtime, """
from picoweb import headers, multipart, utils
print(headers.Headers().get("a"), multipart.Multipart.__name__, hasattr(utils, "parse_qs"))
import picoweb
print(hasattr(picoweb, "nothing"))
""")
    assert out == "None Multipart True\nFalse\n"


def test_utils_in_the_first_request(serve):
    server = serve(app("""
app = picoweb.WebApp(None, serve_static=False)

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(picoweb.utils.unquote_plus("a%20b"))
"""))
    assert server.get("/").raw == page("a b")


def test_templates_loaded_as_an_app_is_made(serve):
    """As a subclass does in __init__(), and as others do at the module's end, before run()."""
    server = serve(app("""
class Notes(picoweb.WebApp):
    def __init__(self):
        super().__init__(None)
        self.page = self._load_template("page.tpl")

class Loading(picoweb.WebApp):
    loads = []
    def _load_template(self, name):
        self.loads.append(name)
        return super()._load_template(name)

app = Notes()
app._load_template("page.tpl")
loading = Loading(None)
app.mount("/loading", loading)

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page.tpl", ("a",))
    for part in app.page("b"):
        yield from resp.awrite(part)

@loading.route("/")
def loaded(req, resp):
    yield from loading.render_template(resp, "page.tpl", ("a",))
    loading.render_str("page.tpl", ("b",))
    yield from picoweb.jsonify(resp, loading.loads)
"""), files=FILES)
    assert server.get("/").raw == page("<b>a</b>\n<b>b</b>\n")
    assert server.raw(harness.request_bytes("GET", "/loading")).endswith(b'["page.tpl", "page.tpl"]')


# An app's own start_server()

OWN_SERVER = """
import picoweb
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

class App(picoweb.WebApp):
    pass

app = App(None)

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("index")

@app.route("/raises")
def raises(req, resp):
    raise ValueError("on purpose")

%s

async def main():
    await asyncio.start_server(app._handle, "127.0.0.1", %d)
    while True:
        await asyncio.sleep(1)

if hasattr(asyncio, "run"):
    asyncio.run(main())
else:
    asyncio.get_event_loop().run_until_complete(main())
"""


@pytest.mark.parametrize("debug", ["app.debug = True", "app.debug = 0", "app.debug = -1", "pass"])
def test_own_start_server(serve, debug):
    """With debug set and no log, a logger is found as run() finds one; with nothing set, nothing is logged."""
    port = harness.free_port()
    server = serve(OWN_SERVER % (debug, port), port=port)
    for _ in range(2):
        assert server.get("/").raw == page("index")
        assert server.get("/raises").raw == error(500)
        assert server.get("/nothing").raw == error(404)
    assert ("on purpose" in server.log()) == ("GET / 200" in server.log()) == ("= True" in debug or "= 0" in debug)
    if not server.log():
        assert "= -1" in debug or debug == "pass"


def test_own_start_server_and_clocks(serve):
    """A client that pauses is waited for, one that says nothing is not: read_timeout is for connections of any server."""
    port = harness.free_port()
    server = serve(OWN_SERVER % ("app.read_timeout = 1", port), port=port)
    request = harness.request_bytes("GET", "/", {"X": "y"})
    for _ in range(2):
        assert server.raw(request, 20, pause=0.1) == page("index")
        started = time.monotonic()
        assert server.raw(request[:20]) == error(408)
        assert 0.5 < time.monotonic() - started < 5
    assert server.get("/").raw == page("index")


PEER = """
@app.route("/peer")
def peer(req, resp):
    peer = resp.get_extra_info("peername")
    return bytes(peer) if isinstance(peer, (bytes, bytearray)) else str(peer[1])
"""


@pytest.mark.parametrize("start", ["own", "picoweb's"])
def test_the_address_of_the_client(serve, start):
    """As the runtime's sockets give it: on boards on Linux, the bytes of a struct sockaddr_in."""
    port = harness.free_port()
    source = OWN_SERVER % (PEER, port)
    server = serve(source if start == "own" else source.replace("asyncio.start_server(app._handle, ", "app.start_server("), port=port)
    for _ in range(2):
        with server.connect() as s:
            s.sendall(harness.request_bytes("GET", "/peer"))
            number = s.getsockname()[1]
            peer = harness.Response(harness.receive_all(s)).body
            assert peer == b"%d" % number or peer[2:8] == number.to_bytes(2, "big") + bytes((127, 0, 0, 1))


# Each app has a server of its own, so that all can be tried at once.
MANY = """
import picoweb
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

def index(req, resp):
    return "index"

async def main():
    for port in %r:
        app = picoweb.WebApp(None, [("/", index)])
        app.read_timeout = 0.3
        create_task(asyncio.start_server(app._handle, "127.0.0.1", port))
    while True:
        await asyncio.sleep(1)

create_task = getattr(asyncio, "create_task", None) or asyncio.get_event_loop().create_task
if hasattr(asyncio, "run"):
    asyncio.run(main())
else:
    asyncio.get_event_loop().run_until_complete(main())
"""


# When the first client comes with its whole request, and when it comes in two pieces: seconds after which another one comes.
COMES = [(1, 0.002 * i) for i in range(1, 9)] + [(2, 0.45 + 0.008 * i) for i in range(12)]


def test_own_start_server_and_a_client_that_comes_as_the_last_one_has_gone(serve):
    """What watches the clients of such an app ends some time after the last one: one that comes just then, and says nothing, is closed all the same."""
    ports = [harness.free_port() for _ in COMES]
    server = serve(MANY % ports, port=ports[-1])  # the last one that it opens

    def talk(port, pieces):
        with socket.create_connection(("127.0.0.1", port), 4) as s:
            harness.send_pieces(s, pieces, 0.02)
            return harness.receive_all(s)

    def come(port, when):
        pieces, seconds = when
        start = time.monotonic()
        assert talk(port, harness.pieces(GET, len(GET) // pieces + 1)).endswith(b"index")
        time.sleep(max(0, start + seconds - time.monotonic()))
        return talk(port, [])

    with ThreadPoolExecutor(len(ports)) as pool:
        assert set(pool.map(come, ports, COMES)) == {b""}
    assert server.alive()


# An app that does by itself what run() does, or calls it from elsewhere

PLAIN = """
try:
    import uasyncio as asyncio
except ImportError:
    import asyncio

app = picoweb.WebApp(None)
ticks = [0]

async def tick():
    while True:
        ticks[0] += 1
        await asyncio.sleep(0.01)

@app.route("/")
def index(req, resp):
    while ticks[0] < 5:
        yield from asyncio.sleep(0.01)
    yield from picoweb.jsonify(resp, app.inited)

@app.route("/raises")
def raises(req, resp):
    raise ValueError("on purpose")

loop = asyncio.get_event_loop()
loop.create_task(tick())
"""
STARTS = {
    "serve() alone": """
app.log, app.debug = None, 0
app.init()
app.serve(loop, "127.0.0.1", %d)
""",
    "run() in a task": """
async def main():
    app.run(host="0.0.0.0", port=%d, debug=0)
loop.create_task(main())
loop.run_forever()
""",
    "run() in a task, and an own serve()": """
def serve(loop, host, port):
    loop.create_task(asyncio.start_server(app._handle, host, port))
    loop.run_forever()
app.serve = serve
async def main():
    app.run(host="0.0.0.0", port=%d, debug=0)
loop.create_task(main())
loop.run_forever()
""",
    "run() in the main coroutine": """
async def main():
    app.run(host="127.0.0.1", port=%d, debug=False)
loop.run_until_complete(main())
""",
    "run() in asyncio.run()": """
async def main():
    getattr(asyncio, "create_task", loop.create_task)(tick())
    app.run(host="127.0.0.1", port=%d, debug=False)
if hasattr(asyncio, "run"):
    asyncio.run(main())
else:
    loop.run_until_complete(main())
""",
    "run() in a function": """
def start(**params):
    app.run(port=%d, **params)
start(debug=0)
""",
    "a port as text": """
app.run(port="%d", host="0.0.0.0", debug=0)
""",
}


@pytest.mark.parametrize("start", STARTS)
def test_starts(serve, runtime, start):
    port = harness.free_port()
    with harness.Server(runtime, HEAD + PLAIN + STARTS[start] % port, port=port, path=[]) as server:
        for _ in range(2):
            assert server.get("/").raw == page("true", 200, "application/json")
            assert server.get("/raises").raw == error(500)
        assert "on purpose" in server.log()


def test_run_in_a_thread(serve):
    port = harness.free_port()
    server = serve("""
import picoweb, _thread
try:
    from time import sleep
except ImportError:
    from utime import sleep

app = picoweb.WebApp("")

@app.route("/")
def index(req, resp):
    yield from picoweb.jsonify(resp, state[0])

def start(port):
    app.run("0.0.0.0", port)

state = [0]
_thread.start_new_thread(start, (%d,))
while True:
    state[0] += 1
    sleep(0.1)
""" % port, port=port)
    assert server.get("/").json() > 0
    before = server.get("/").json()
    time.sleep(0.3)
    assert server.get("/").json() > before


OWN_HANDLE = """
class App(picoweb.WebApp):
    count = 0

    def _handle(self, reader, writer):
        self.count += 1
        yield from super()._handle(reader, writer)

class Bare(picoweb.WebApp):
    async def _handle(self, reader, writer):
        line = await reader.readline()
        method, path, version = line.decode().split()
        req = picoweb.HTTPRequest()
        req.headers = await self.parse_headers(reader)
        req.method, req.path, req.reader = method, path, reader
        if method == "POST":
            await req.read_form_data()
            path = req.form["a"]
        await picoweb.start_response(writer, "text/plain")
        writer.write(path.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

app = %s(None)

@app.route("/")
def index(req, resp):
    yield from picoweb.jsonify(resp, app.count)
"""


def test_handle_extended(serve):
    server = serve(app(OWN_HANDLE % "App"))
    assert [server.get("/").json() for _ in range(3)] == [1, 2, 3]
    assert server.get("/nothing").raw == error(404)


PROXIED = """
class App(picoweb.WebApp):

    def _handle(self, reader, writer):
        line = yield from reader.readline()
        writer.proxied = line[6:].decode()
        yield from super()._handle(reader, writer)

app = App(None)

@app.route("/")
def index(req, resp):
    data = yield from req.get_data()
    return resp.proxied + data.decode()
"""
LINES = [b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"POST / HTTP/1.0\r\n", b"Content-Length: 4\r\n\r\n", b"body"]


@pytest.mark.parametrize("cuts", [(1, 2, 3), (1,), (), (2,), (3,)], ids=str)
def test_handle_that_reads_first(serve, cuts):
    """A line before the request, as proxies send it: what its reader has read beyond it belongs to the request."""
    server = serve(app(PROXIED))
    pieces = [b"".join(LINES[start:end]) for start, end in zip((0,) + cuts, cuts + (4,))]
    assert server.raw(None, pieces, pause=0.03).endswith(b"\r\n\r\nTCP4 1.2.3.4 5.6.7.8 1 2\r\nbody")


def test_handle_that_reads_first_on_plain_cpython(runtime):
    """A generator, too, in an app that is started as an ordinary script, without python -m picoweb."""
    if not runtime.is_cpython:
        pytest.skip("boards have no other way")
    out = harness.run_inside(runtime, HEAD + PROXIED + """
import _thread, socket, threading

def client():
    try:
        with socket.create_connection(("127.0.0.1", PORT), 10) as s:
            s.sendall(LINES)
            print(s.makefile("rb").read().split(b"\\r\\n\\r\\n")[1].decode().split())
    finally:
        _thread.interrupt_main()

threading.Timer(0.1, client).start()
try:
    app.run(port=PORT, debug=0)
except KeyboardInterrupt:
    pass
""".replace("PORT", str(harness.free_port())).replace("LINES", repr(b"".join(LINES))))
    assert out == "['TCP4', '1.2.3.4', '5.6.7.8', '1', '2', 'body']\n"


def test_handle_replaced(serve):
    """It reads and writes the stream by itself, and makes its own request."""
    server = serve(app(OWN_HANDLE % "Bare"))
    for _ in range(20):
        assert server.get("/a").raw == page("/a", 200, "text/plain")
    assert server.post("/", "a=b%20c").raw == page("b c", 200, "text/plain")
    assert server.raw(harness.request_bytes("GET", "/slow"), 10, pause=0.03) == page("/slow", 200, "text/plain")


OWN_SERVE = """
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

def serve(loop, host, port):
    loop.create_task(asyncio.start_server(app._handle, host, port))
    loop.run_forever()

app.serve = serve
"""


def test_handle_extended_and_own_start_server(serve):
    """In run(): the connections that the runtime's own server accepts come to the app's own _handle()."""
    server = serve(app(OWN_HANDLE % "App" + OWN_SERVE))
    assert [server.get("/").json() for _ in range(3)] == [1, 2, 3]
    assert server.get("/nothing").raw == error(404)
    server = serve(app(PROXIED + OWN_SERVE))
    for cuts in (len(b"".join(LINES)), 20):
        assert server.raw(b"".join(LINES), cuts, pause=0.03).endswith(b"\r\n\r\nTCP4 1.2.3.4 5.6.7.8 1 2\r\nbody")
    server = serve(app(OWN_HANDLE % "Bare" + OWN_SERVE))
    for _ in range(2):
        assert server.get("/a").raw == page("/a", 200, "text/plain")
        assert server.post("/", "a=b%20c").raw == page("b c", 200, "text/plain")


# Rows with more than one request

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


UWEBSOCKET = """
import uasyncio
try:
    import uwebsocket as websocket
except ImportError:
    import websocket

app = picoweb.WebApp(None)

@app.route("/")
def index(req, resp):
    yield from resp.awrite("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n\\r\\n")
    ws = websocket.websocket(req.reader.s)
    while True:
        yield uasyncio.core._io_queue.queue_read(req.reader.s)
        data = ws.read(100)
        if not data:
            break
        yield from resp.awrite(b"\\x81" + bytes([len(data)]) + data)
"""


def test_a_board_s_own_websocket(serve, runtime):
    """On the socket below the reader."""
    if not runtime.is_micropython:
        pytest.skip("only MicroPython has it")
    server = serve(app(UWEBSOCKET))
    with server.connect() as s:
        s.sendall(harness.request_bytes("GET", "/", {"Upgrade": "websocket"}))
        assert s.recv(100) == b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
        for text in b"hello", b"again":
            s.sendall(b"\x81" + bytes([0x80 | len(text)]) + b"\0\0\0\0" + text)
            assert s.recv(100) == b"\x81" + bytes([len(text)]) + text
            time.sleep(0.1)


# Attributes of a request

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
app.mounts[1].mount("/c", make("c"))
'''


def test_init(serve):
    server = serve(app(INIT))
    for path in "/", "/a/", "/":
        assert server.get(path).json() == [["root", "a", "b", "c"], True]


def test_lazy_init(serve):
    server = serve(app(INIT, "\napp.run(lazy_init=True)\n"))
    assert server.get("/").json() == [["root"], True]
    for path in "/b/", "/b/", "/":
        assert server.get(path).json() == [["root", "b"], True]
    assert server.get("/b/c").json() == [["root", "b", "c"], True]


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


def test_serve_replaced(serve):
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
        assert server.post("/", "a=b").raw == page('"b"', 200, "application/json")
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
    assert harness.without_validators(server.get("/static/x.txt").raw) == with_length(200, TEXT, "plain")
    assert server.get("/static/secret.txt").raw == page("403", 403)
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
    assert server.get("/file").raw == wire(200, "text/x-data", b"\x00data\xff", "X: y")
    assert harness.without_validators(server.get("/static/a.css").raw) == with_length(200, "text/css; charset=utf-8", "body {}")
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
    assert ("Running on" in text) == (debug >= 0)
    if debug < 0:
        assert lines == [] and server.log() == ""
    assert server.alive()


@pytest.mark.parametrize("debug", (-1, 0, 1, 2))
def test_debug_without_a_log(serve, debug):
    server = serve(app(LOGGED, "\napp.run(debug=%d)\n" % debug))
    assert server.get("/fail").raw == error(500)
    assert ("it failed" in server.log()) == ("/fail" in server.log()) == (debug >= 0)
    assert ("Running on" in server.log()) == (debug >= 0)
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


LOGS = {
    "a module": ("app.run(debug=True, log=own)", "own: caught: it failed"),
    "one that has little": ("class Log:\n    def info(self, s):\n        print('own:', s)\napp.run(log=Log())", "own: "),
    "a level of logging": ("app.run(debug=0)", "caught: it failed"),
}


@pytest.mark.parametrize("log", LOGS)
def test_logs(serve, log):
    """Handlers log with it, too, as ulogging does."""
    run, text = LOGS[log]
    server = serve(app("""
import own
app = picoweb.WebApp(None)

def fail(req, resp):
    try:
        raise ValueError("it failed")
    except ValueError as e:
        if hasattr(app.log, "exc"):
            app.log.exc(e, "caught: %s" % e)
    raise KeyError("in the log")
    yield

app.add_url_rule("/", fail)
""", "\n" + run + "\n"), files={"own.py": "def info(s):\n    print('own:', s)\nerror = debug = info\ndef exc(e, s):\n    info(s)\n"})
    assert server.get("/").raw == error(500)
    assert "in the log" in server.log()
    assert text in server.log()


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
