"""picoweb.asgi: in front of a made-up ASGI server, message by message; and under a real uvicorn."""

import asyncio
import concurrent.futures
import os
import signal
import sys
import time

import pytest

import harness

sys.path.insert(0, harness.ROOT)

import picoweb  # noqa: E402
from picoweb.asgi import ASGI, load, parse_head  # noqa: E402

APP = """
import os
import picoweb
try:
    import uasyncio as asyncio
except ImportError:
    import asyncio

app = picoweb.WebApp(__name__)

@app.route("/pid")
def pid(req, resp):
    yield from picoweb.jsonify(resp, os.getpid())

@app.route("/form")
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, req.form)

@app.route("/upload")
def upload(req, resp):
    size = total = 0
    while True:
        data = yield from req.reader.read(1000)
        if not data:
            break
        size += len(data)
        total += sum(data)
    yield from picoweb.jsonify(resp, [size, total])

@app.route("/native")
async def native(req, resp):
    await picoweb.start_response(resp)
    for i in range(3):
        await asyncio.sleep(0.2)
        await resp.awrite("part %d\\n" % i)

def event(resp, n):
    yield from resp.awrite("data: %d\\n\\n" % n)

ended = []

@app.route("/events")
def events(req, resp):
    yield from picoweb.start_response(resp, "text/event-stream")
    n = 0
    try:
        while True:
            yield from event(resp, n)
            n += 1
            yield from asyncio.sleep(0.05)
    finally:
        ended.append(n)

@app.route("/ended")
def how_many(req, resp):
    yield from picoweb.jsonify(resp, len(ended))

ticks = []

def tick():
    while True:
        ticks.append(1)
        yield from asyncio.sleep(0.05)

asyncio.get_event_loop().create_task(tick())

@app.route("/ticks")
def how_often(req, resp):
    yield from picoweb.jsonify(resp, len(ticks))

pushed = []

@app.route("/subscribe")
def subscribe(req, resp):
    yield from picoweb.start_response(resp, "text/event-stream")
    pushed.append(resp)
    return False

@app.route("/push")
def push(req, resp):
    asyncio.get_event_loop().create_task(push_all())
    yield from picoweb.start_response(resp)

def push_all():
    while pushed:
        writer = pushed.pop()
        yield from writer.awrite("data: pushed\\n\\n")
        yield from writer.aclose()

async def text():
    yield from asyncio.sleep(0)
    return "from a board"

@app.route("/board")
def board(req, resp):
    return {"text": await text()}, 201

@app.route("/boom")
def boom(req, resp):
    raise RuntimeError("as it must")
    yield

if __name__ == "__main__":
    app.run(port=1)
    raise SystemExit("an app file is not executed past run()")
"""


class Uvicorn(harness.Runtime):
    """This Python, with uvicorn in front."""

    def __init__(self, *options):
        running = [r for r in harness.runtimes()[0] if r.is_cpython and r.path == sys.executable][0]
        self.__dict__.update(running.__dict__, name="uvicorn", extra=options)

    def serve_command(self, app, port, debug="-", heapsize=None):
        return ["env", "PICOWEB_APP=" + app, self.path, "-m", "uvicorn", "--http", "h11", "picoweb.asgi:application", "--port", str(port),
                "--no-access-log", *self.extra]


@pytest.fixture(scope="module")
def server():
    with harness.Server(Uvicorn(), APP) as s:
        yield s


# Under uvicorn

def test_two_workers_answer_ten_thousand_requests():
    def ask(count):
        return {s.get("/pid").json() for _ in range(count)}

    with harness.Server(Uvicorn("--workers", "2"), APP) as s:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            pids = set().union(*pool.map(ask, [250] * 40))
        assert len(pids) == 2
        assert s.alive() and "Traceback" not in s.log()


PAGES = ("/", "/start", "/squares", "/squares?to=7", "/squares?to=x", "/file", "/hello/world", "/hello/%C5%BB%C3%B3%C5%82w",
         "/about", "/nothing", "/static/../setup.py")


def test_the_example_has_the_same_pages():
    plain = [r for r in harness.runtimes()[0] if r.is_cpython][0]
    with harness.Server(plain, "example_webapp.py") as one, \
            harness.Server(Uvicorn("--workers", "2"), "example_webapp.py") as two:
        for path in PAGES:
            a, b = one.get(path), two.get(path)
            assert (path, a.status, a.body) == (path, b.status, b.body)
            assert {k.lower(): v for k, v in a.headers}.items() <= dict(b.headers).items(), path


def test_a_form_arrives(server):
    assert server.post("/form", "a=1&b=%C5%BB").json() == {"a": "1", "b": "Ż"}


def test_a_chunked_body_arrives(server):
    request = (b"POST /form HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"4\r\na=1&\r\n3\r\nb=2\r\n0\r\n\r\n")
    assert b'\r\n{"a": "1", "b": "2"}\r\n' in server.raw(request)


def test_a_large_body_is_streamed_through(server):
    body = os.urandom(300000)
    assert server.post("/upload", body).json() == [len(body), sum(body)]


@pytest.mark.parametrize("path,reads", [("/upload", True), ("/boom", False)], ids=["read", "unread"])
def test_a_body_that_waits_to_be_asked_for(server, path, reads):
    """The ASGI server asks for the body when the app first reads; a response that does not need it comes at once."""
    request = b"POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n" % path.encode()
    with server.connect() as s:
        s.sendall(request)
        if reads:
            assert s.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
            s.sendall(b"abc")
            assert b"[3, 294]" in harness.receive_all(s)
        else:
            assert harness.receive_all(s).startswith(b"HTTP/1.1 500 ")


def test_an_unread_body_does_not_cost_the_reply(server):
    assert server.post("/boom", b"x" * 16000).status == 500
    assert server.post("/form", b"x" * 16000).status == 413


def test_pieces_come_as_they_are_written(server):
    def check():
        with server.connect() as s:
            s.sendall(b"GET /native HTTP/1.0\r\n\r\n")
            times, received = [], b""
            while b"part 2" not in received:
                received += s.recv(1000)
                times.append(time.monotonic())
        assert times[-1] - times[0] > 0.3
    harness.patiently(check)


def test_events_end_when_the_client_leaves(server):
    before = server.get("/ended").json()
    with server.connect() as s:
        s.sendall(b"GET /events HTTP/1.0\r\n\r\n")
        received = b""
        while b"data: 3\n\n" not in received:
            received += s.recv(1000)
    deadline = time.monotonic() + harness.TIMEOUT
    while server.get("/ended").json() == before:
        assert time.monotonic() < deadline, "the handler still runs"
        time.sleep(0.05)


def test_a_task_of_the_files_own_runs(server):
    before = server.get("/ticks").json()
    deadline = time.monotonic() + harness.TIMEOUT
    while server.get("/ticks").json() == before:
        assert time.monotonic() < deadline, "the task has stopped"
        time.sleep(0.02)


def test_a_connection_that_is_kept_gets_what_is_pushed(server):
    with server.connect() as s:
        s.sendall(b"GET /subscribe HTTP/1.0\r\n\r\n")
        received = s.recv(1000)
        server.get("/push")
        received += harness.receive_all(s)
    assert received.endswith(b"data: pushed\n\n")


def test_an_error_is_logged_and_answered(server):
    assert server.get("/boom").status == 500
    assert "RuntimeError: as it must" in server.log()


def test_a_boards_coroutines_and_a_value_that_is_returned(server):
    response = server.get("/board")
    assert (response.status, response.header("Content-Length"), response.json()) == (201, "24", {"text": "from a board"})


def test_head_has_no_body(server):
    assert server.request("HEAD", "/pid").body == b""


def test_ctrl_c_ends_it():
    with harness.Server(Uvicorn(), APP) as s:
        s.interrupt()
        assert s.wait() in (0, -signal.SIGINT)
        assert "Traceback" not in s.log()


class ByName(Uvicorn):
    """The file app.py of the current folder, by its name alone."""

    def serve_command(self, app, port, debug="-", heapsize=None):
        return [self.path, "-m", "uvicorn", "--http", "h11", "picoweb.asgi:" + os.path.basename(app)[:-len(".py")], "--port", str(port), *self.extra]


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_an_app_file_by_its_name(options):
    with harness.Server(ByName(*options), APP) as s:
        assert s.get("/board").json() == {"text": "from a board"}
        assert s.get("/nothing").status == 404


def test_an_app_file_that_runs_nothing():
    """The application is its module-level app."""
    with harness.Server(ByName(), APP.partition("if __name__")[0]) as s:
        assert s.get("/board").json() == {"text": "from a board"}


@pytest.mark.parametrize("start", ["asyncio.run(main())", "uasyncio.run(main())", "uasyncio.get_event_loop().run_until_complete(main())"])
def test_an_app_file_that_runs_in_a_coroutine(start):
    main = "import asyncio, uasyncio\n\nasync def main():\n    app.run()\n\n%s\n" % start
    with harness.Server(ByName(), APP.partition("if __name__")[0] + main) as s:
        assert s.get("/board").json() == {"text": "from a board"}
        assert "Warning" not in s.log()


class Itself(Uvicorn):
    """The WebApp itself, without picoweb.asgi, in a module that needs nothing of a board."""

    def serve_command(self, app, port, debug="-", heapsize=None):
        return [self.path, "-m", "uvicorn", "--http", "h11", "app:app", "--port", str(port), *self.extra]


PLAIN = """
import picoweb
app = picoweb.WebApp(__name__)

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("a generator")

@app.route("/async", methods="POST")
async def native(req, resp):
    return await req.get_json()

if __name__ == "__main__":
    app.run()
"""


def test_a_web_app_by_its_name():
    with harness.Server(Itself(), PLAIN) as s:
        for _ in range(2):
            assert s.get("/").text == "a generator"
            assert s.post("/async", "[1]").json() == [1]
        assert s.get("/nothing").status == 404


def test_a_file_that_is_not_there():
    with pytest.raises(AssertionError, match='Attribute "elsewhere" not found'):
        harness.Server(ByName(), "elsewhere.py").__enter__()


def test_uvicorn_says_what_is_missing():
    with pytest.raises(AssertionError, match="does not call WebApp.run"):
        harness.Server(Uvicorn(), "import picoweb\n").__enter__()


# Message by message

SCOPE = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [(b"host", b"a")]}


def exchange(app, messages=(), **scope):
    """What an app sends for a request; after `messages`, its client waits."""
    sent, left = [], list(messages) or [{"type": "http.request"}]

    async def receive():
        if not left:
            await asyncio.sleep(3600)
        return left.pop(0)

    async def send(message):
        sent.append(message)

    async def run():
        await asyncio.wait_for(app(dict(SCOPE, **scope), receive, send), 10)
    asyncio.run(run())
    return sent


def page(handler, path="/", **options):
    return ASGI(picoweb.WebApp(None, [(path, handler, options)]), debug=-1)


def said(sent):
    """Status, fields and body of what was sent."""
    assert [m["type"] for m in sent] == ["http.response.start"] + ["http.response.body"] * (len(sent) - 1)
    assert [m["more_body"] for m in sent[1:]] == [True] * (len(sent) - 2) + [False]
    return sent[0]["status"], sent[0]["headers"], b"".join(m["body"] for m in sent[1:])


HEADS = [
    ("whole", [b"HTTP/1.0 201 NA\r\nA: b\r\n\r\nbody"], (201, [(b"a", b"b")], b"body")),
    ("byte by byte", [bytes([c]) for c in b"HTTP/1.0 201 NA\r\nA: b\r\n\r\nbody"], (201, [(b"a", b"b")], b"body")),
    ("line feeds only", [b"HTTP/1.0 200 OK\nA: b\n\nbody\n\r\n"], (200, [(b"a", b"b")], b"body\n\r\n")),
    ("text", ["HTTP/1.0 200 OK\r\n", "\r\n", "Żółw"], (200, [], "Żółw".encode())),
    ("no reason", [b"HTTP/1.0 404\r\n\r\n"], (404, [], b"")),
    ("two cookies", [b"HTTP/1.0 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n"],
     (200, [(b"set-cookie", b"a"), (b"set-cookie", b"b")], b"")),
    ("hop by hop", [b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n"], (200, [], b"")),
    ("no head at all", [b"hello"], (500, [], b"")),
    ("nothing", [], (500, [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"3")], b"500")),
]


@pytest.mark.parametrize("pieces,expected", [row[1:] for row in HEADS], ids=[row[0] for row in HEADS])
def test_response_head(pieces, expected):
    def handler(req, resp):
        for piece in pieces:
            yield from resp.awrite(piece)
    assert said(exchange(page(handler))) == expected


def test_what_is_no_head_is_an_error():
    with pytest.raises(ValueError):
        parse_head(b"hello\r\nA: b")


def show(req, resp):
    yield from picoweb.jsonify(resp, [req.method, req.path, req.qs, {k.decode(): v.decode() for k, v in req.headers.items()}])


TARGETS = [
    ("raw path", {"raw_path": b"/%C5%BB", "query_string": b"q=%20"}, ["GET", "/%C5%BB", "q=%20", {"Host": "a"}]),
    ("no raw path", {"path": "/Ż", "raw_path": None}, ["GET", "/%C5%BB", "", {"Host": "a"}]),
    ("below a root path", {"raw_path": b"/sub/x", "root_path": "/sub"}, ["GET", "/x", "", {"Host": "a"}]),
    ("a root path that was cut off", {"raw_path": b"/x", "root_path": "/sub"}, ["GET", "/x", "", {"Host": "a"}]),
    ("fields as they are over HTTP/1", {"headers": [(b"x-some-thing", b"1")]}, ["GET", "/", "", {"X-Some-Thing": "1"}]),
]


@pytest.mark.parametrize("scope,expected", [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS])
def test_request_head(scope, expected):
    class Any:
        def match(self, path):
            return True
    status, _, body = said(exchange(page(show, Any()), **scope))
    assert (status, harness.json.loads(body)) == (200, expected)


def test_a_body_of_unknown_length_has_the_apps_limit():
    def handler(req, resp):
        yield from picoweb.jsonify(resp, len((yield from req.get_data())))
    app = page(handler)
    part = {"type": "http.request", "body": b"x" * 4000, "more_body": True}
    assert said(exchange(app, [part, {"type": "http.request", "body": b"y"}], method="POST"))[2] == b"4001"
    assert said(exchange(app, [part, part, part], method="POST"))[0] == 413


def test_a_client_that_leaves_within_its_body_gets_nothing():
    def handler(req, resp):
        yield from picoweb.jsonify(resp, len((yield from req.get_data())))
    messages = [{"type": "http.request", "body": b"12", "more_body": True}, {"type": "http.disconnect"}]
    assert exchange(page(handler), messages, method="POST", headers=[(b"content-length", b"5")]) == []


def test_a_connection_that_is_kept_ends_with_its_client():
    kept = []

    def handler(req, resp):
        yield from picoweb.start_response(resp)
        kept.append(resp)
        return False
    sent = exchange(page(handler), [{"type": "http.request"}, {"type": "http.disconnect"}])
    assert [m["type"] for m in sent] == ["http.response.start"]
    with pytest.raises(OSError):
        kept[0].awrite("late").send(None)


def lifespan(app, *messages):
    return [m["type"] for m in exchange(app, [{"type": m} for m in messages], type="lifespan")]


def test_lifespan_starts_the_app():
    app = picoweb.WebApp(None)
    assert lifespan(ASGI(app), "lifespan.startup", "lifespan.shutdown") == [
        "lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert app.inited


def test_an_app_that_cannot_start_says_so():
    class Broken(picoweb.WebApp):
        def init(self):
            raise RuntimeError("no database")
    sent = []

    async def receive():
        return {"type": "lifespan.startup"}

    async def send(message):
        sent.append(message)
    with pytest.raises(RuntimeError):
        asyncio.run(ASGI(Broken(None))({"type": "lifespan"}, receive, send))
    assert sent == [{"type": "lifespan.startup.failed", "message": "RuntimeError: no database"}]


def test_a_websocket_is_closed():
    assert exchange(ASGI(picoweb.WebApp(None)), [{"type": "websocket.connect"}], type="websocket") == [{"type": "websocket.close"}]


def test_an_app_file_without_run(tmp_path, monkeypatch):
    (tmp_path / "app.py").write_text("app = 1\n")
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(RuntimeError, match="does not call WebApp.run"):
        load(str(tmp_path / "app.py"))


def test_the_module_has_no_application_by_itself(monkeypatch):
    monkeypatch.delenv("PICOWEB_APP", raising=False)
    with pytest.raises(RuntimeError, match="PICOWEB_APP"):
        import picoweb.asgi
        picoweb.asgi.application  # noqa: B018
    with pytest.raises(AttributeError):
        picoweb.asgi.nothing  # noqa: B018
