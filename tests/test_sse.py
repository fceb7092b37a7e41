"""picoweb.sse on every runtime: the bytes on the wire, and that no listener can delay the sender or another listener."""

import contextlib
import json
import os
import random
import re
import socket
import time

import harness
from test_asgi import Uvicorn

# The oldest and the newest stand for those between them.
FEW_CPYTHONS = True

SEED = int(os.environ.get("PICOWEB_SEED", "20240229"))
INPUTS = int(os.environ.get("N", "200"))

APP = """
import gc
import picoweb
from picoweb.loop import create_task, sleep_ms
from picoweb.sse import EventSource, encode

app = picoweb.WebApp(__name__, serve_static=False)
events = EventSource()
ticks = EventSource(lambda: {"ticks": 1}, 0.05)
few = EventSource()
few.limit = 3
beats = EventSource(lambda: None, 0.05)
slow = EventSource()
slow.timeout = 1
slow.keep_alive = 0.3

def fail():
    raise RuntimeError("as it must")

fails = EventSource(fail, 0.05)
sources = {"events": events, "ticks": ticks, "few": few, "beats": beats, "slow": slow, "fails": fails}
for name in sources:
    app.add_url_rule("/" + name, sources[name].listen)

tasks = pauses = 0

def no_memory(coro):
    global tasks
    tasks += 1
    if 3 < tasks < 6:
        raise MemoryError("as it must")
    return create_task(coro)

async def no_memory_after(ms):
    global pauses
    await sleep_ms(ms)
    pauses += 1
    if 5 < pauses < 9:
        raise MemoryError("as it must")

@app.route("/no-memory")
def use_no_memory(req, resp):
    import picoweb.sse
    picoweb.sse.create_task = no_memory
    picoweb.sse.sleep_ms = no_memory_after
    return (yield from ticks.listen(req, resp))

@app.route("/missed")
async def missed(req, resp):
    last = req.headers.get("Last-Event-ID", b"none").decode()
    return await events.listen(req, resp, encode("since " + last, id=7) + encode("now"))

@app.route("/send", methods="POST")
async def send(req, resp):
    options = await req.get_json()
    await sources[options.pop("to")].send(**options)
    return {}

@app.route("/stats")
def stats(req, resp):
    gc.collect()
    try:
        heap = gc.mem_alloc()
    except AttributeError:
        heap = 0
    return {"heap": heap, "listeners": {name: len(sources[name].listeners) for name in sources}}

if __name__ == "__main__":
    app.run()
"""

KEPT = """
import picoweb
from picoweb.loop import create_task

app = picoweb.WebApp(__name__, serve_static=False)
app.write_timeout = 1
state = {}

def write(req, resp):
    try:
        for _ in range(1000000 if not req.qs else 10):
            yield from resp.awrite(bytes(100000))
        yield from resp.awrite("end")
        state[req.path] = "written"
    except OSError:
        state[req.path] = "OSError"
    yield from resp.aclose()

def read(req):
    try:
        while (yield from req.reader.read(10)):
            pass
    except OSError:
        pass

@app.route("/writes")
@app.route("/reads-too")
def keep(req, resp):
    yield from picoweb.start_response(resp)
    state[req.path] = "begun"
    create_task(write(req, resp))
    if req.path == "/reads-too":
        create_task(read(req))
    return False

@app.route("/state")
def report(req, resp):
    return state

if __name__ == "__main__":
    app.run()
"""

HEAD = b"HTTP/1.0 200 NA\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n"

# The arguments of send(), and the bytes on the wire.
ENCODED = [
    ("text", {"data": "hello"}, b"data: hello\n\n"),
    ("no text", {"data": ""}, b"data: \n\n"),
    ("UTF-8", {"data": "żółw 🐢"}, "data: żółw 🐢\n\n".encode()),
    ("a number", {"data": 21.5}, b"data: 21.5\n\n"),
    ("JSON", {"data": {"on": True}}, b'data: {"on": true}\n\n'),
    ("a name and an id", {"data": "a", "event": "led", "id": 5}, b"event: led\nid: 5\ndata: a\n\n"),
    ("an id that is 0", {"data": "a", "id": 0}, b"id: 0\ndata: a\n\n"),
    ("lines", {"data": "a\nb\r\nc\rd"}, b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
    ("empty lines", {"data": "\na\n\n"}, b"data: \ndata: a\ndata: \ndata: \n\n"),
    ("what looks like fields", {"data": "id: 3\nretry: 1\n:"}, b"data: id: 3\ndata: retry: 1\ndata: :\n\n"),
]
REFUSED = [
    ("LF in a name", {"data": "a", "event": "x\ndata: b"}),
    ("CR in a name", {"data": "a", "event": "x\rdata: b"}),
    ("LF in an id", {"data": "a", "id": "1\n"}),
    ("CR in an id", {"data": "a", "id": "\r1"}),
    ("NUL in an id", {"data": "a", "id": "1\0"}),
]


@contextlib.contextmanager
def listening(server, path="/events", headers=(), timeout=harness.TIMEOUT):
    with server.connect(timeout) as s:
        s.sendall(harness.request_bytes("GET", path, headers))
        assert receive(s, len(HEAD)) == HEAD
        yield s


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more, "closed after %r" % data[-200:]
        data += more
    return data


def receive_event(s):
    """The next event: comments are left out."""
    data = b""
    while True:
        while not data.endswith(b"\n\n"):
            data += receive(s, 1)
        if data != b":\n\n":
            return data
        data = b""


def send(server, to="events", **options):
    return server.post("/send", json.dumps(dict(options, to=to), ensure_ascii=False)).status


def listeners(server, name="events"):
    return server.get("/stats").json()["listeners"][name]


def wait_for(check):
    deadline = time.monotonic() + harness.TIMEOUT
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_events_over_the_wire(serve):
    server = serve(APP)
    with listening(server) as one, listening(server) as two:
        wait_for(lambda: listeners(server) == 2)
        for name, options, expected in ENCODED:
            assert send(server, **options) == 200
            assert (name, receive_event(one), receive_event(two)) == (name, expected, expected)
        for name, options in REFUSED:
            assert (name, send(server, **options)) == (name, 500)
        assert send(server, data="the next") == 200
        assert receive_event(one) == b"data: the next\n\n"
    assert server.log().count("Traceback") <= 2 * len(REFUSED)


def test_what_a_listener_has_missed(serve):
    server = serve(APP)
    for headers, last in ((), b"none"), ({"Last-Event-ID": "6"}, b"6"):
        with listening(server) as other, listening(server, "/missed", headers) as s:
            assert receive_event(s) == b"id: 7\ndata: since %s\n\n" % last
            assert receive_event(s) == b"data: now\n\n"
            send(server, data="all")
            assert receive_event(s) == receive_event(other) == b"data: all\n\n"


def test_a_source_is_asked_while_somebody_listens(serve):
    server = serve(APP)
    for _ in range(2):
        with listening(server, "/ticks") as s:
            for _ in range(3):
                assert receive_event(s) == b'data: {"ticks": 1}\n\n'
        wait_for(lambda: not listeners(server, "ticks"))
    with listening(server, "/beats") as s:
        assert receive(s, 9) == b":\n\n" * 3
    with listening(server, "/fails") as s:
        assert receive(s, 9) == b":\n\n" * 3, "one that fails must not end the stream"
    assert "as it must" in server.log()


def test_a_task_or_a_pause_that_there_is_no_memory_for_costs_its_event(serve):
    server = serve(APP)
    with listening(server, "/no-memory") as s:
        for _ in range(12):
            assert receive_event(s) == b'data: {"ticks": 1}\n\n'
    assert server.log().count("as it must") >= 5


def test_head_is_not_kept(serve):
    server = serve(APP)
    assert server.request("HEAD", "/events").raw == HEAD
    assert listeners(server) == 0


def test_the_oldest_listener_gives_way(serve):
    server = serve(APP)
    with listening(server, "/few") as first, listening(server, "/few") as second, listening(server, "/few") as third:
        wait_for(lambda: listeners(server, "few") == 3)
        with listening(server, "/few") as fourth:
            assert b"data" not in harness.receive_all(first)
            send(server, "few", data="a")
            for s in second, third, fourth:
                assert receive_event(s) == b"data: a\n\n"
            assert listeners(server, "few") == 3


def test_a_hundred_listeners_and_a_page(serve):
    """They do not take places from requests, and do not slow down an ordinary page."""
    server = serve(APP)
    with contextlib.ExitStack() as crowd:
        socks = [crowd.enter_context(listening(server)) for _ in range(100)]
        wait_for(lambda: listeners(server) == 100)

        def check():
            for _ in range(5):
                start = time.monotonic()
                send(server, data="x" * 100)
                assert server.get("/nothing").status == 404
                assert time.monotonic() - start < 0.2  # two requests, and a hundred events between
        harness.patiently(check)
        for s in socks:
            assert receive_event(s) == b"data: " + b"x" * 100 + b"\n\n"
    wait_for(lambda: send(server, data="a") and listeners(server) == 0)


def flood(server, source, others, megabytes):
    """Send far more than the buffers of the kernel hold; return how long the slowest send took."""
    worst = 0
    for _ in range(megabytes * 1024 // 3):
        start = time.monotonic()
        assert send(server, source, data="x" * 3000) == 200
        worst = max(worst, time.monotonic() - start)
        for s in others:
            receive_large(s)
    return worst


def receive_large(s):
    """Receive an event of 3000 bytes, which may follow a comment."""
    start = receive(s, 3)
    if start == b":\n\n":
        start = receive(s, 3)
    assert start + receive(s, 3005) == b"data: " + b"x" * 3000 + b"\n\n"


def test_one_that_does_not_read_holds_up_nobody(serve):
    server = serve(APP)
    with listening(server) as stalled, listening(server) as reads:
        wait_for(lambda: listeners(server) == 2)
        assert flood(server, "events", [reads], 1) < 2
        assert listeners(server) == 1
        data = b""
        with contextlib.suppress(ConnectionResetError):
            data = harness.receive_all(stalled)
        assert b"data: x" in data or not data


def test_one_that_reads_too_slowly_is_given_up(serve):
    """Fewer bytes wait for it than the limit, but for too long."""
    server = serve(APP)
    with listening(server, "/slow") as s:
        wait_for(lambda: listeners(server, "slow") == 1)
        s.settimeout(1)
        for _ in range(2000):
            send(server, "slow", data="x" * 3000)
            if not listeners(server, "slow"):
                break
        wait_for(lambda: not listeners(server, "slow"))


def test_many_that_do_not_read(serve):
    """Each has a waiting task, and Pycopy's loop has room for 64: the slowest are closed, and pages and the others are not affected."""
    server = serve(APP)
    with contextlib.ExitStack() as crowd:
        for _ in range(80):
            s = crowd.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", server.port))
            s.sendall(harness.request_bytes("GET", "/events"))
        wait_for(lambda: listeners(server) == 80)
        with listening(server) as reads:
            wait_for(lambda: listeners(server) == 81)
            flood(server, "events", [reads], 1)
            assert 1 <= listeners(server) <= 33
            time.sleep(1)
            assert server.get("/nothing").status == 404


def test_a_kept_connection_that_takes_nothing(serve):
    """Also without this module: writing to it fails, even while another task waits to read."""
    server = serve(KEPT)
    for path in "/writes", "/reads-too":
        with server.connect() as s:
            s.sendall(harness.request_bytes("GET", path))
            wait_for(lambda path=path: path in server.get("/state").json())
            end = time.monotonic() + 1
            while time.monotonic() < end:
                s.sendall(b"x")
                time.sleep(0.1)
            wait_for(lambda path=path: server.get("/state").json().get(path) == "OSError")
        # A client that reads late gets all of it.
        with server.connect() as s:
            s.sendall(harness.request_bytes("GET", path + "?late"))
            time.sleep(0.5)
            assert harness.receive_all(s).endswith(b"end")
        assert server.get("/state").json()[path] == "written"


def test_under_asgi():
    with harness.Server(Uvicorn(), APP) as server:
        with server.connect() as s:
            s.sendall(harness.request_bytes("GET", "/ticks"))
            received = b""
            while received.count(b'data: {"ticks": 1}\n\n') < 3:
                received += s.recv(1000)
            assert received.startswith(b"HTTP/1.1 200 OK\r\n") and b"content-type: text/event-stream\r\n" in received
        wait_for(lambda: not listeners(server, "ticks"))


def heap_at_rest(server, socks):
    """The heap after all clients have gone."""
    for s in socks:
        s.close()
    socks.clear()

    def gone():
        for name in "events", "ticks", "few":
            send(server, name, data="z")
        return not any(listeners(server, name) for name in ("events", "ticks", "few", "beats"))
    wait_for(gone)
    return min(server.get("/stats").json()["heap"] for _ in range(3))


def test_fuzz(serve):
    """Clients that come and go at any time, read or do not, and send what they like, while events are sent."""
    server = serve(APP, debug="-1")
    rng = random.Random(SEED)
    kept, first = [], 0
    for i in range(INPUTS):
        s = server.connect(5)
        path = rng.choice(("/events", "/ticks", "/few", "/missed", "/beats"))
        data = harness.request_bytes(rng.choice(("GET", "GET", "GET", "HEAD", "POST")), path, {"Last-Event-ID": "x" * rng.randrange(100)})
        with contextlib.suppress(OSError):
            s.sendall(data[:rng.choice((len(data), len(data), len(data), rng.randrange(len(data))))])
            s.sendall(bytes(rng.randrange(256) for _ in range(rng.choice((0, 0, 100)))))
        kept.append(s)
        if rng.randrange(3):
            kept.pop(rng.randrange(len(kept))).close()
        if len(kept) > 20:
            kept.pop(0).close()
        if not rng.randrange(5):
            assert send(server, rng.choice(("events", "ticks", "few")), data="y" * rng.randrange(1000)) == 200
        if i == INPUTS // 3:
            first = heap_at_rest(server, kept)
    assert heap_at_rest(server, kept) < first + 8192, "the heap has grown"
    assert not re.search("Traceback|Error|never", server.log()), server.log()
