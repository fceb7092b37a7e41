"""Handlers of every form, responses of every kind, errors at every place: the whole bytes of each page."""

import json
import os
import socket
import struct
import time

import pytest

import harness
from vectors import ERROR, error

APP = os.path.join(harness.HERE, "apps", "pages.py")
HTML = "HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
TEXT = "\u017dofie \u20ac \U0001f600"


@pytest.fixture(scope="module")
def server(runtime):
    with harness.Server(runtime, APP) as server:
        yield server
        assert server.alive(), server.log()
        with open(server._file("stdout")) as f:
            assert f.read() == ""
        assert server.stop() == 0


def get(server, path, method="GET"):
    return server.raw(harness.request_bytes(method, path))


def logged(server, path, method="GET"):
    """The lines that a request adds to the log."""
    before = len(server.log())
    get(server, path, method)
    return server.log()[before:]


# Handlers

FORMS = ["generator", "async", "generator-async", "async-generator", "bound", "bound-async", "callable", "decorated"]


@pytest.mark.parametrize("name", FORMS)
def test_handler(server, name):
    assert get(server, "/" + name) == (HTML + name).encode()


def test_lambda_handler(server):
    assert get(server, "/lambda") == b'HTTP/1.0 200 NA\r\nContent-Type: application/json\r\n\r\n["lambda"]'


def test_handler_that_returns_a_coroutine(server):
    assert get(server, "/coroutine-of-another") == (HTML + "generator").encode()


@pytest.mark.parametrize("name", ["nothing", "nothing-written", "no-await", "no-yield-from"])
def test_handler_that_writes_nothing(server, name):
    assert get(server, "/" + name) == error(500)
    log = logged(server, "/" + name)
    assert "GET /%s" % name in log and "await" in log and "yield from" in log


def returned(body, lines="", status=200, content_type="text/html; charset=utf-8"):
    return head("Content-Length: %d\r\n%s" % (len(body), lines), status, content_type) + body


def returned_json(value, lines="", status=200):
    return value, (lines, status, "application/json")


COOKIES = "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
RETURN_FORMS = ["generator", "async", "plain", "lambda"]


def test_what_a_handler_returns(server):
    rows = [
        ("str", returned(b"a page")), ("utf-8", returned(TEXT.encode())), ("empty", returned(b"")), ("bytes", returned(b"a \xff page")),
        ("status", returned(b"made", status=201)), ("status-str", returned(b"made", status=201)),
        ("headers", returned(b"a", "A: b\r\n")), ("headers-pairs", returned(b"a", COOKIES)),
        ("headers-str", returned(b"[]", "A: b\r\n", 418, "application/json")), ("headers-none", returned(b"a")),
        ("status-dict", returned(b'{"a": 1}', "", 418, "application/json")), ("dict-empty", returned(b"{}", content_type="application/json")),
        ("status-said", returned(b"made", status="201 Created")),
        ("no-content", head(status=204)), ("not-modified", head("A: b\r\n", 304)),
        ("no-content-said", head(status="204 No Content")), ("no-content-body", head("A: b\r\n", 204, "application/json")),
    ]
    for form in RETURN_FORMS:
        for name, reply in rows:
            path = "/return/%s/%s" % (form, name)
            assert harness.in_order(get(server, path)) == harness.in_order(reply), path
            assert harness.in_order(get(server, path, "HEAD")) == harness.in_order(reply).partition(b"\r\n\r\n")[0] + b"\r\n\r\n", path


@pytest.mark.parametrize("form", RETURN_FORMS)
@pytest.mark.parametrize("name, value", [("dict", {"a": TEXT}), ("list", [1, None, TEXT])])
def test_json_that_a_handler_returns(server, form, name, value):
    reply = harness.Response(get(server, "/return/%s/%s" % (form, name)))
    assert reply.headers == [("Content-Type", "application/json"), ("Content-Length", str(len(reply.body)))]
    assert (reply.status, reply.json()) == (200, value)


def test_type_that_a_handler_returns(server):
    """One Content-Type is sent: the handler's."""
    reply = harness.Response(get(server, "/return/plain/headers-type"))
    assert (reply.header("Content-Type"), reply.header("Content-Length"), reply.body) == ("text/plain", "1", b"a")


def test_length_that_a_handler_returns(server):
    """One Content-Length is sent: Node's fetch() refuses a response with two, even if they are equal."""
    reply = harness.Response(get(server, "/return/plain/headers-length"))
    assert (reply.header("Content-Length"), reply.body) == ("1", b"a")


MISTAKES = [("zero", "0"), ("true", "True"), ("number", "200"), ("float", "1.5"), ("tuple-empty", "()"), ("tuple-one", "('a',)"),
            ("tuple-four", "('a', 200, {}, 1)"), ("tuple-none", "None"), ("object", "Page"), ("header-split", "C: d")]


@pytest.mark.parametrize("form", RETURN_FORMS)
@pytest.mark.parametrize("name, shown", MISTAKES, ids=[row[0] for row in MISTAKES])
def test_what_is_no_response(server, form, name, shown):
    path = "/return/%s/%s" % (form, name)
    log = logged(server, path)
    assert "GET " + path in log and shown in log
    assert get(server, path) == error(500)


def test_a_response_returned_after_one_was_written(server):
    assert get(server, "/written-and-returned") == HTML.encode()
    log = logged(server, "/written-and-returned")
    assert "GET /written-and-returned" in log and "'too late'" in log


def test_generator_that_returns_true_is_closed(server):
    assert get(server, "/true") == b"HTTP/1.0 200 OK\r\n\r\ntrue"


def test_a_handler_that_returns_false_keeps_its_connection(server):
    with server.connect() as s:
        s.sendall(harness.request_bytes("GET", "/keep"))
        head = HTML.replace("text/html; charset=utf-8", "text/event-stream").encode()
        assert s.recv(1000) == head
        assert get(server, "/push?1") == (HTML + "1").encode()
        assert s.recv(1000) == b"data: 1\n\n"
        assert get(server, "/push?2") == (HTML + "1").encode()
        assert s.recv(1000) == b"data: 2\n\n"
        assert get(server, "/close") == HTML.encode()
        assert s.recv(1000) == b""
    assert get(server, "/push?3") == (HTML + "0").encode()


def test_what_comes_on_a_connection_that_is_kept_is_the_apps(server):
    """Also the body, if the handler that kept the connection has not read it."""
    with server.connect() as s:
        s.sendall(harness.request_bytes("POST", "/keep", body=b"body")[:-4])
        assert s.recv(1000).endswith(b"\r\n\r\n")
        s.sendall(b"body")
        time.sleep(0.1)
        assert get(server, "/pull?4") == HTML.encode()
        assert s.recv(1000) == b"body"
        assert get(server, "/close") == HTML.encode()
        assert s.recv(1000) == b""


# Responses

def test_response_by_hand(server):
    assert get(server, "/by-hand") == ("HTTP/1.0 200 OK\r\nX-Hand: 1\r\n\r\nby hand! ab" + TEXT).encode()


def test_text_that_is_not_ascii(server):
    assert get(server, "/text") == (HTML + TEXT * 2).encode()


def test_json_that_is_not_ascii(server):
    start, _, body = get(server, "/json").partition(b"\r\n\r\n")
    assert start + b"\r\n\r\n" == head(content_type="application/json")
    assert json.loads(body.decode()) == [TEXT, 1, None, True]


def test_json_with_a_status_and_headers(server):
    assert get(server, "/json-status") == head("A: b\r\n", 201, "application/json") + b'{"a": 1}'
    assert get(server, "/json-names") == head("A: b\r\nA: c\r\n", 404, "application/json") + b"[]"


def test_long_response(server):
    """Longer than any socket's buffer, to a client that does not read at first."""
    with server.connect() as s:
        s.sendall(harness.request_bytes("GET", "/long"))
        time.sleep(0.1)
        assert harness.receive_all(s) == (HTML + TEXT * 20000).encode()


def test_response_of_many_writes(server):
    assert get(server, "/pieces") == (HTML + "".join("%03d" % i for i in range(1000))).encode()


def head(lines="", status="200", content_type="text/html; charset=utf-8"):
    return ("HTTP/1.0 %s NA\r\nContent-Type: %s\r\n%s\r\n" % (status, content_type, lines)).encode()


HEADERS = [
    ("none", head()), ("type", head(content_type="text/plain")), ("status", head(status="201")), ("int", head(status="404")),
    ("dict", head("A: b\r\n")), ("dict-bytes", head("A: b\r\n")), ("dict-int", head("A: 1\r\n")),
    ("pairs", head("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n")), ("tuple", head("A: b\r\n")),
    ("str", head("A: b\r\nC: d\r\n")), ("str-open", head("A: b\r\nC: d\r\n")),
    ("bytes", head("A: b\r\n")), ("bytes-open", head("A: b\r\n")), ("utf-8", head("A: \u20ac\r\n")), ("empty", head()),
] + [(name, b"ValueError") for name in (
    "bad-lf", "bad-cr", "bad-bytes", "bad-pair", "bad-name", "bad-type", "bad-status", "bad-str", "bad-str-first", "bad-str-lf-first",
    "bad-str-only", "bad-str-folded", "bad-str-cr", "bad-str-nul", "bad-bytes-first")]


@pytest.mark.parametrize("name, reply", HEADERS, ids=[row[0] for row in HEADERS])
def test_headers(server, name, reply):
    assert get(server, "/headers/" + name) == reply


@pytest.mark.parametrize("path", ["/http-error", "/http-error-int"])
def test_http_error(server, path):
    assert get(server, path) == head(status="403") + b"403"


def test_redirect(server):
    assert get(server, "/redirect") == head("Location: /text?a=b\r\nContent-Length: 0\r\n", "302")
    assert get(server, "/redirect-303") == head("Location: /text\r\nContent-Length: 0\r\n", "303")
    assert get(server, "/redirect-headers") == head("Location: /text\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\n", "303")
    assert get(server, "/redirect-names") == head("Location: /text\r\nContent-Length: 0\r\nA: b\r\nC: d\r\n", "302")
    assert "ValueError" in logged(server, "/redirect-bad")
    assert get(server, "/redirect-bad") == error(500)


@pytest.mark.parametrize("path", ["/text", "/json", "/by-hand", "/long", "/pieces", "/redirect", "/headers/str", "/before",
                                  "/status/404", "/http-error", "/status-headers", "/404", "/own?x", "/after"])
def test_head_of_a_page(server, path):
    """The head that GET gets, and nothing after it."""
    whole = get(server, path)
    assert get(server, path, "HEAD") == whole[:whole.index(b"\r\n\r\n") + 4]


def test_one_write_per_head(serve):
    """If a head arrives in two packets, it was not the server that split it."""
    server = serve("import picoweb\n"
                   "app = picoweb.WebApp(None)\n"
                   "class Counted:\n"
                   "    def awrite(self, buf, off=0, sz=-1):\n"
                   "        writes.append(buf.encode() if isinstance(buf, str) else buf)\n"
                   "        return\n"
                   "        yield\n"
                   "    awritestr = awrite\n"
                   "writes = []\n"
                   "@app.route('/')\n"
                   "def page(req, resp):\n"
                   "    counts = []\n"
                   "    for call in (picoweb.start_response, lambda w: picoweb.jsonify(w, 1), lambda w: picoweb.http_error(w, 404),\n"
                   "                 lambda w: picoweb.start_response(w, headers={'A': 'b', 'C': 'd'})):\n"
                   "        del writes[:]\n"
                   "        yield from call(Counted())\n"
                   "        counts.append(b'\\r\\n\\r\\n' in writes[0])\n"
                   "    yield from picoweb.jsonify(resp, counts)\n"
                   "app.run(debug=0)\n")
    assert server.get("/").text == "[true, true, true, true]", server.log()


# Errors

def test_status_raised_below_a_handler(server):
    assert get(server, "/status/404") == error(404)
    assert get(server, "/status/503") == error(503)
    assert get(server, "/status-subclass") == error(410)
    reply = (ERROR % (401, 401)).replace(b"\r\n\r\n", b"\r\nWWW-Authenticate: Basic\r\n\r\n")
    assert harness.in_order(get(server, "/status-headers")) == harness.in_order(reply)


def test_status_with_a_header_that_is_none(server):
    assert get(server, "/status-bad-headers") == error(500)
    assert "ValueError" in logged(server, "/status-bad-headers")


def test_a_status_is_not_logged_as_an_error(server):
    assert "Traceback" not in logged(server, "/status/404")


def test_no_route(server):
    assert get(server, "/404") == error(404)


def test_error_page_in_one_place(server):
    assert get(server, "/status/418") == b"HTTP/1.0 418 NA\r\nContent-Type: text/plain\r\n\r\nteapot"


def test_error_page_that_fails(server):
    """picoweb's own page replaces it: every client gets a reply."""
    assert get(server, "/status/419") == error(500)
    assert "handle_error fails" in logged(server, "/status/419")
    assert get(server, "/status/420") == b"half"
    assert get(server, "/status-bad-headers") == error(500)


@pytest.mark.parametrize("path, what", [("/before", "before 100%s"), ("/plain-raise", "plain-raise"), ("/memory", "memory")])
def test_error_before_the_first_byte(server, path, what):
    assert get(server, path) == error(500)
    log = logged(server, path)
    assert "Traceback" in log and what in log


def test_an_end_of_file_in_the_app_is_not_the_end_of_the_body(server):
    for method, body in ("GET", b""), ("POST", b"a"):
        before = len(server.log())
        assert server.raw(harness.request_bytes(method, "/eof", body=body)) == error(500)
        assert "Traceback" in server.log()[before:] and "end of a file" in server.log()[before:]
    before = len(server.log())
    assert server.raw(harness.request_bytes("POST", "/eof-body", body=b"abc")) == error(400)
    assert "Traceback" not in server.log()[before:]


def test_error_after_the_first_byte(server):
    assert get(server, "/after") == (HTML + "part").encode()
    assert "Traceback" in logged(server, "/after")
    assert get(server, "/status-after") == (HTML + "part").encode()
    lines = [line for line in logged(server, "/status-after").splitlines() if "404" in line]
    assert len(lines) == 1 and "GET /status-after" in lines[0], lines


def test_handle_exc(server):
    assert get(server, "/own?what") == b"HTTP/1.0 503 NA\r\nContent-Type: text/plain\r\n\r\nown / what"
    assert get(server, "/own-async") == head(status="502") + b"502"


@pytest.mark.parametrize("path", ["/own?silent", "/own-plain"])
def test_handle_exc_that_writes_nothing(server, path):
    assert get(server, path) == error(500)


def test_handle_exc_that_fails(server):
    assert get(server, "/own?worse") == error(500)
    log = logged(server, "/own?worse")
    assert "ValueError" in log and "handle_exc fails" in log
    assert get(server, "/own?half") == b"half"


def test_status_that_handle_exc_raises(server):
    assert harness.in_order(get(server, "/own?status")) == harness.in_order(error(403).replace(b"\r\n\r\n", b"\r\nA: b\r\n\r\n"))
    assert get(server, "/own-async?status") == get(server, "/own-plain?status") == error(403)
    assert get(server, "/own?status-half") == b"half"
    assert "403" in logged(server, "/own?status-half")


def test_handle_exc_after_the_first_byte(server):
    assert get(server, "/own-plain/late") == HTML.encode()


def test_handle_exc_is_not_asked_for_a_status(server):
    assert get(server, "/own/status") == error(410)


GONE = """
import picoweb
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio
app = picoweb.WebApp(None)
@app.route("/")
def page(req, resp):
    yield from picoweb.start_response(resp)
    for i in range(2000):
        yield from resp.awrite("x" * 2000)
@app.route("/body")
def body(req, resp):
    yield from req.read_form_data()
    yield from picoweb.start_response(resp)
@app.route("/slow")
def slow(req, resp):
    yield from asyncio.sleep(0.2)
    yield from req.read_form_data()
app.run(debug=1)
"""


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def test_a_client_that_is_gone_is_one_line(serve):
    server = serve(GONE)
    for sent in [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTT", b"POST /body HTTP/1.0\r\nContent-Length: 100\r\n\r\na=",
                 b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"]:
        before = len(server.log())
        s = server.connect()
        s.sendall(sent)
        if b"GET / HTTP" in sent:
            s.recv(100)
        else:
            time.sleep(0.05)
        reset(s)
        deadline = time.monotonic() + harness.TIMEOUT
        while "gone" not in server.log()[before:] and time.monotonic() < deadline:
            time.sleep(0.01)
        lines = server.log()[before:].splitlines()
        assert len([line for line in lines if "gone" in line]) == 1, lines
        assert len(lines) <= 2 and "Traceback" not in "".join(lines), lines
    assert server.get("/404").status == 404
