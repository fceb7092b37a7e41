"""Starting and stopping, limits, logging."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest

import harness
import hostile
from vectors import error

HTML = b"HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
GET = b"GET / HTTP/1.0\r\n\r\n"
IMPORTS = """
import picoweb
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio
"""
APP = IMPORTS + """
class App(picoweb.WebApp):
    %s
app = App(None)
@app.route("/")
def page(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("page")
@app.route("/slow")
def slow(req, resp):
    print("at /slow")
    yield from asyncio.sleep(0.5)
    yield from picoweb.start_response(resp)
    yield from resp.awrite("slow")
@app.route("/body")
def body(req, resp):
    print("at /body")
    yield from req.get_data()
    yield from picoweb.start_response(resp)
@app.route("/long")
def long(req, resp):
    print("at /long")
    yield from picoweb.start_response(resp)
    for i in range(4000):
        yield from resp.awrite("x" * 2500)
@app.route("/late")
def late(req, resp):
    print("at /late")
    yield from asyncio.sleep(0.5)
    yield from long(req, resp)
@app.route("/raises")
def raises(req, resp):
    yield from ()
    raise ValueError("on purpose")
@app.route("/stop")
async def stop(req, resp):
    await picoweb.start_response(resp)
    app.shutdown()
    await resp.awrite("stopped")
"""


def served(server, data=GET, timeout=harness.TIMEOUT):
    """The reply of a server that may be about to start."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            return server.raw(data)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


AGAIN = "try:\n    app.run()\nexcept KeyboardInterrupt:\n    print('interrupted')\napp.run()\n"


def wait_for(condition, server):
    deadline = time.monotonic() + harness.TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.02)


def wait_for_log(server, text):
    wait_for(lambda: text in server.log(), server)


# Running

def test_run_twice(serve):
    """Ended by a handler, at the same port at once."""
    server = serve(APP % "pass" + "app.run()\nprint('between')\napp.run()\nprint('after')\n")
    for i in range(2):
        assert served(server) == HTML + b"page"
        assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
    assert server.wait() == 0
    assert "between" in server.log() and "after" in server.log()


def test_run_after_ctrl_c(serve):
    server = serve(APP % "pass" + AGAIN)
    idle = server.connect()
    assert served(server) == HTML + b"page"
    server.idle()
    server.interrupt()
    wait_for_log(server, "interrupted")
    assert served(server) == HTML + b"page"
    assert server.stop() == 0
    idle.close()


def test_ctrl_c_frees_the_port_at_once(serve):
    first = serve(APP % "shutdown_timeout = read_timeout = 100" + "app.run()\n")
    idle = first.connect()
    half = first.connect()
    half.sendall(b"GET / HTTP")
    assert first.raw(GET) == HTML + b"page"
    assert first.stop() == 0
    assert "Traceback" not in first.log()
    second = serve(APP % "pass" + "app.run()\n", port=first.port)
    assert second.raw(GET) == HTML + b"page"
    idle.close()
    half.close()


def test_ctrl_c_lets_a_request_end(serve):
    server = serve(APP % "pass" + "app.run()\n")
    with server.connect() as s:
        s.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        wait_for_log(server, "at /slow")
        server.idle()  # until the handler sleeps: it would end where it is interrupted itself
        server.interrupt()
        assert harness.receive_all(s) == HTML + b"slow"
    assert server.wait() == 0


@pytest.mark.parametrize("path", ["/long", "/late"])
def test_ctrl_c_lets_a_response_be_taken(serve, path):
    """One whose client does not read at first, or pauses in the middle."""
    server = serve(APP % "shutdown_timeout = 30" + "app.run()\n")
    with server.connect() as s:
        s.sendall(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
        wait_for_log(server, "at " + path)
        time.sleep(0.2)
        server.idle()
        server.interrupt()
        time.sleep(0.7)
        assert len(harness.receive_all(s)) == len(HTML) + 4000 * 2500
    assert server.wait() == 0


@pytest.mark.parametrize("first, rest", [
    (b"POST /body HTTP/1.0\r\nContent-Length: 3\r\n\r\na", b"bc"),
    (b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na", b"\r\n2\r\nbc\r\n0\r\n\r\n"),
    (b"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", b"2\r\nbc\r\n0\r\n\r\n"),
], ids=["length", "in a chunk", "between chunks"])
def test_ctrl_c_lets_an_upload_end(serve, first, rest):
    """A request whose body is still arriving is in progress. One without a complete head is not."""
    server = serve(APP % "pass" + "app.run()\n")
    with server.connect() as s, server.connect() as half:
        half.sendall(b"GET / HTTP/1.0\r\nHost: a\r\n")
        s.sendall(first)
        wait_for_log(server, "at /body")
        server.idle()
        server.interrupt()
        assert harness.receive_all(half) == error(408)
        s.sendall(rest)
        assert harness.receive_all(s) == HTML
    assert server.wait() == 0


def test_ctrl_c_does_not_wait_for_ever(serve):
    server = serve(APP % "shutdown_timeout = 0.2" + "app.run()\n")
    with server.connect() as s:
        s.sendall(b"GET /long HTTP/1.0\r\n\r\n")
        assert s.recv(10)
        server.idle()  # until it waits for its client: boards' interpreters may be interrupted where they cannot go on
        server.interrupt()
        assert server.wait() == 0


# Where "/lose" was asked for, the event loop is interrupted as it takes the task that accepts from its queue: that is lost.
LOSE = """
def interrupt_cpython(loop):
    import collections
    class Ready(collections.deque):
        def popleft(self):
            handle = super().popleft()
            if "akeup" in repr(handle):
                loop._ready = collections.deque(self)
                raise KeyboardInterrupt
            return handle
    loop._ready = Ready(loop._ready)
def interrupt_pycopy(loop):
    call_soon = loop.call_soon
    def interrupt(callback, *args):
        if callback is app._ports[0].task:
            loop.call_soon = call_soon
            raise KeyboardInterrupt
        call_soon(callback, *args)
    loop.call_soon = interrupt
def interrupt_micropython(core):
    class Queue:
        def __init__(self, queue):
            self.queue = queue
            self.peek = queue.peek
            self.push = queue.push
        def pop(self):
            task = self.queue.pop()
            if task is app._ports[0].task:
                core._task_queue = self.queue
                raise KeyboardInterrupt
            return task
    core._task_queue = Queue(core._task_queue)
@app.route("/lose")
def lose(req, resp):
    loop = asyncio.get_event_loop()
    if hasattr(loop, "_ready"):
        interrupt_cpython(loop)
    elif hasattr(loop, "runq"):
        interrupt_pycopy(loop)
    else:
        interrupt_micropython(asyncio.core)
    yield from picoweb.start_response(resp)
"""
# The task that accepts is interrupted by the client after "/interrupt".
INTERRUPT = """
import picoweb.server
def interrupt(server):
    picoweb.server.Port.accept = accept
    raise KeyboardInterrupt
accept = picoweb.server.Port.accept
@app.route("/interrupt")
def prepare(req, resp):
    picoweb.server.Port.accept = interrupt
    yield from picoweb.start_response(resp)
"""
def wake(server):
    """Connect to a server that may close its port at once."""
    with contextlib.suppress(OSError), server.connect():
        pass


def test_ctrl_c_that_loses_a_task(serve):
    server = serve(APP % "pass" + LOSE + AGAIN)
    assert server.raw(b"GET /lose HTTP/1.0\r\n\r\n") == HTML
    wake(server)
    wait_for_log(server, "interrupted")
    assert served(server) == HTML + b"page"
    assert server.stop() == 0


def test_ctrl_c_in_the_task_that_accepts(serve):
    """The request in progress is answered, and run() works again."""
    server = serve(APP % "pass" + INTERRUPT + AGAIN)
    with server.connect() as s:
        s.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        wait_for_log(server, "at /slow")
        assert server.raw(b"GET /interrupt HTTP/1.0\r\n\r\n") == HTML
        wake(server)
        assert harness.receive_all(s) == HTML + b"slow"
        wait_for_log(server, "interrupted")
    for _ in range(2):
        assert served(server) == HTML + b"page"
    assert server.stop() == 0


@pytest.mark.parametrize("where", ["a finalizer", "another thread"])
def test_ctrl_c_of_cpython(serve, runtime, where):
    """Python drops exceptions in finalizers, and a signal that another thread receives does not wake the main one."""
    if not runtime.is_cpython:
        pytest.skip("boards raise it at once")
    source = APP % "pass" + """
import signal, threading, time
class Finalizer:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
        for i in range(1000):
            pass
def interrupt():
    time.sleep(1)  # longer than the server's own timer runs
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
@app.route("/finalizer")
def finalizer(req, resp):
    Finalizer()
    yield from picoweb.start_response(resp)
@app.route("/thread")
def thread(req, resp):
    threading.Thread(target=interrupt).start()
    yield from picoweb.start_response(resp)
app.run()
"""
    server = serve(source)
    server.get("/" + where.split()[-1])
    assert server.wait() == 0
    assert "Traceback" not in server.log()


def test_a_second_ctrl_c_does_not_wait(serve):
    server = serve(APP % "shutdown_timeout = 100" + "app.run()\n")
    with server.connect() as s:
        s.sendall(b"GET /long HTTP/1.0\r\n\r\n")
        assert s.recv(10)
        server.idle()
        server.interrupt()
        wait_for(lambda: not harness._listening(server.port), server)  # the first one is under way
        assert server.stop() == 0


def test_a_port_that_is_taken_is_an_error(serve):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        with pytest.raises(AssertionError, match="OSError|EADDRINUSE|in use"):
            server = serve(APP % "pass" + "app.run(port=%d)\n" % s.getsockname()[1], port=s.getsockname()[1])
            # The port is listened on by this test, so the harness may take it for the server's.
            wait_for(lambda: not server.alive(), server)
            raise AssertionError(server.log())


def test_a_port_that_is_taken_may_be_followed_by_another(serve):
    """As in an app that tries port 80 first: Ctrl-C and shutdown() still end it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        server = serve(APP % "pass" + """
try:
    app.start_server("127.0.0.1", %d).send(None)
except OSError:
    print("taken")
""" % s.getsockname()[1] + AGAIN + "print('over')\n")
        server.idle()
        server.interrupt()
        wait_for_log(server, "interrupted")
        assert served(server, b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
        assert server.wait() == 0
        assert "taken" in server.log() and "over" in server.log() and "Traceback" not in server.log()


def test_a_port_that_is_taken_costs_no_descriptor(serve):
    """An app may try again and again."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        server = serve(APP % "pass" + """
for _ in range(40):
    try:
        app.start_server("127.0.0.1", %d).send(None)
    except OSError:
        print("taken")
app.run(debug=-1)
""" % s.getsockname()[1])
    assert served(server) == HTML + b"page"
    assert server.log().count("taken") == 40
    assert len(os.listdir("/proc/%d/fd" % server.pid)) < 20


LOST = """
from picoweb import server
create_task = server.create_task
connections = []
def interrupted(coro):
    if app.inited and app._conns:
        server.create_task = create_task
        raise KeyboardInterrupt
    return create_task(coro)
server.create_task = interrupted
"""


def test_ctrl_c_before_the_task_of_a_connection_is_there(serve):
    """Between accept() and create_task(): the connection is closed, and run() works again."""
    server = serve(APP % "pass" + LOST + AGAIN)
    with server.connect() as s:
        assert harness.receive_all(s) == b""
    wait_for_log(server, "interrupted")
    assert served(server) == HTML + b"page"
    assert server.stop() == 0
    assert "Traceback" not in server.log()


# What Ctrl-C raises, where no code of the app is running: before there is a request, and in the cleanup of a handler whose client is late.
CTRL_C = """
app.read_timeout = 0.3
Request = picoweb.HTTPRequest
class Interrupted:
    def __init__(self):
        picoweb.HTTPRequest = Request
        raise KeyboardInterrupt
@app.route("/before")
def before(req, resp):
    picoweb.HTTPRequest = Interrupted
    return "before"
@app.route("/dropped")
async def dropped(req, resp):
    try:
        await req.reader.read(5)
    finally:
        raise KeyboardInterrupt
"""


@pytest.mark.parametrize("requests", [
    [b"GET /before HTTP/1.0\r\n\r\n", GET], [b"POST /dropped HTTP/1.0\r\nContent-Length: 5\r\n\r\n"],
], ids=["before there is a request", "as the client is dropped"])
def test_ctrl_c_is_no_failure_of_a_request(serve, requests):
    """run() raises it, and works again."""
    server = serve(APP % "pass" + CTRL_C + AGAIN)
    for data in requests:
        assert "interrupted" not in server.log()
        with contextlib.suppress(ConnectionResetError):  # nobody has read the last one
            reply = server.raw(data)
            assert reply == b"" or data is not requests[-1]
    wait_for_log(server, "interrupted")
    assert served(server) == HTML + b"page"
    assert server.stop() == 0


TWO = """
class Counting(App):
    started = 0
    def init(self):
        self.started += 1
        super().init()
counting = Counting(None)
counting.add_url_rule("/", lambda req, resp: str(counting.started))
@app.route("/also")
def also(req, resp):
    yield from counting.start_server("127.0.0.1", %d)
    yield from counting.start_server("127.0.0.1", %d)
    yield from picoweb.start_response(resp)
app.run()
"""


def test_init_is_called_once_for_two_ports(serve):
    ports = harness.free_port(), harness.free_port()
    server = serve(APP % "pass" + TWO % ports)
    assert served(server, b"GET /also HTTP/1.0\r\n\r\n") == HTML
    for port in ports:
        with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as s:
            s.sendall(GET)
            assert harness.receive_all(s).endswith(b"\r\n\r\n1")


def test_run_waits_for_the_requests_of_a_second_port(serve):
    port = harness.free_port()
    server = serve(APP % "pass" + """
@app.route("/slower")
def slower(req, resp):
    print("at /slower")
    yield from asyncio.sleep(2)
    return "slower"
@app.route("/more")
def more(req, resp):
    yield from app.start_server("127.0.0.1", %d)
    yield from picoweb.start_response(resp)
app.run()
""" % port)
    assert server.raw(b"GET /more HTTP/1.0\r\n\r\n") == HTML
    with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as s:
        s.sendall(b"GET /slower HTTP/1.0\r\n\r\n")
        wait_for_log(server, "at /slower")
        assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
        assert harness.receive_all(s).endswith(b"slower")
    assert server.wait() == 0


CANCELLED = """
from picoweb.server import sleep_ms
@app.route("/wait")
async def wait(req, resp):
    try:
        return await asyncio.wait_for(req.reader.read(5), 0.3)
    except asyncio.TimeoutError:
        await sleep_ms(2500)
        if req.qs == "read":
            return await req.reader.read(5)
    return b"x" * 300000
@app.route("/read")
async def read(req, resp):
    await asyncio.wait_for(req.reader.read(5), 5)
    try:
        print("at /read")
        await sleep_ms(100000)
    finally:
        print("cancelled")
app.read_timeout = 1
app.shutdown_timeout = 0.5
app.run()
"""


@pytest.mark.parametrize("query, body", [("", b"x" * 300000), ("?read", b"hello")])
def test_a_read_that_the_handler_cancels_does_not_make_it_late(serve, query, body):
    """After its own wait_for() it may work for longer than read_timeout."""
    server = serve(APP % "pass" + CANCELLED)
    with server.connect() as s:
        s.sendall(b"POST /wait%s HTTP/1.0\r\nContent-Length: 5\r\n\r\n" % query.encode())
        time.sleep(3)
        if query:
            s.sendall(b"hello")
        assert harness.Response(harness.receive_all(s)).body == body


def test_a_read_in_wait_for_does_not_hide_the_handler_from_shutdown(serve):
    """On MicroPython, and on CPython before 3.12, wait_for() reads in a task of its own."""
    server = serve(APP % "pass" + CANCELLED)
    with server.connect() as s:
        s.sendall(b"POST /read HTTP/1.0\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.2)
        s.sendall(b"hello")
        wait_for_log(server, "at /read")
        server.get("/stop")
        assert harness.receive_all(s) == error(408)
    assert server.wait() == 0
    assert "cancelled" in server.log()


READS = """
create_task = getattr(asyncio, "create_task", None) or asyncio.get_event_loop().create_task
async def read(req):
    await req.reader.read(5)
async def nap():
    await asyncio.sleep(100)
@app.route("/task")
async def task(req, resp):
    create_task(read(req))
    await waits(nap())
@app.route("/wait")
async def wait(req, resp):
    await waits(asyncio.wait_for(req.reader.read(5), 100))
async def waits(awaitable):
    print("at work")
    try:
        await awaitable
    except asyncio.CancelledError:
        print("cancelled")
        raise
app.run(debug=-1)
"""


@pytest.mark.parametrize("limit", ["shutdown_timeout", "read_timeout"])
def test_a_handler_that_reads_in_another_task_is_ended(serve, limit):
    """It is the handler that is cancelled, not only the task that waits for the client."""
    server = serve(APP % (limit + " = 0.3") + READS)
    with server.connect(5) as one, server.connect(5) as two:
        for s, path in (one, b"task"), (two, b"wait"):
            s.sendall(b"POST /%s HTTP/1.0\r\nContent-Length: 5\r\n\r\n" % path)
        wait_for(lambda: server.log().count("at work") == 2, server)
        if limit == "shutdown_timeout":
            assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
        assert [harness.receive_all(s) for s in (one, two)] == [error(408)] * 2
    wait_for(lambda: server.log().count("cancelled") == 2, server)
    assert "Traceback" not in server.log()


UNCAUGHT = """
async def nap():
    await asyncio.sleep(5)
@app.route("/nap")
async def naps(req, resp):
    await asyncio.wait_for(nap(), 0.02)
@app.route("/read")
async def read(req, resp):
    await asyncio.wait_for(req.reader.read(5), 0.02)
@app.route("/raised")
def raised(req, resp):
    raise asyncio.TimeoutError
@app.route("/cancelled")
def cancelled(req, resp):
    raise asyncio.CancelledError
app.run(debug=0)
"""


def test_a_timeout_or_cancellation_of_the_handler_s_own_is_an_error_like_any_other(serve):
    """On Pycopy, TimeoutError is a CancelledError."""
    server = serve(APP % "pass" + UNCAUGHT)
    for path in "nap", "read", "raised", "cancelled":
        head = b"POST /%s HTTP/1.0\r\nContent-Length: 5\r\n\r\n" % path.encode()
        assert server.raw(None, [head, b"hello"], pause=0.1) == error(500)
        wait_for_log(server, "POST /%s 500, " % path)
    assert server.log().count(" failed:") == 4 and "Traceback" in server.log()


DUPLEX = """
create_task = getattr(asyncio, "create_task", None) or asyncio.get_event_loop().create_task
async def read(req):
    print("read", len(await req.get_data()))
@app.route("/duplex")
async def duplex(req, resp):
    create_task(read(req))
    await picoweb.start_response(resp)
    for i in range(100):
        await resp.awrite("x" * 3000)
app.run(debug=-1)
"""


def test_a_task_that_reads_while_the_handler_writes(serve, runtime):
    """The body comes while the handler waits for a client that reads slowly: both wait for one socket."""
    server = serve(APP % "pass" + DUPLEX)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(10)
        s.connect(("127.0.0.1", server.port))
        s.sendall(b"POST /duplex HTTP/1.0\r\nContent-Length: 10\r\n\r\n")
        assert s.recv(10)
        time.sleep(0.3)
        s.sendall(b"0123456789")
        if not runtime.is_pycopy:  # its loop has one entry for each socket
            wait_for_log(server, "read 10")
        assert len(harness.receive_all(s)) > 300000
    assert server.raw(GET, timeout=10) == HTML + b"page"
    assert "Traceback" not in server.log()


HELD = """
held = []
@app.route("/hold")
def hold(req, resp):
    held.append(resp)
    print("at /hold")
    yield from req.reader.read(10)
    print("went on")
@app.route("/drop")
def drop(req, resp):
    yield from held.pop().aclose()
    return "dropped"
app.run(debug=0)
"""


def test_a_connection_that_another_task_closes_is_no_failure_of_its_handler(serve):
    server = serve(APP % "def handle_exc(self, req, resp, e):\n        print('handle_exc')" + HELD)
    with server.connect(10) as s:
        s.sendall(b"POST /hold HTTP/1.0\r\nContent-Length: 5\r\n\r\n")
        wait_for_log(server, "at /hold")
        assert server.get("/drop").body == b"dropped"
        assert hostile.receive(s, 10) == (b"", "closed")
    assert server.raw(GET) == HTML + b"page"
    wait_for_log(server, "GET / 200, ")
    assert not re.search("handle_exc|failed|Traceback| 500, |went on", server.log()), server.log()
    assert server.raw(b"GET /raises HTTP/1.0\r\n\r\n") == error(500)
    wait_for_log(server, "GET /raises 500, ")
    assert server.log().count("handle_exc") == 1


BESIDE = """two servers: /: index; /: index; /kept: pushed
one closed while it answers: /slow: slow; /: refused; /: index
started again: /: index
closed with a handler that hangs: handler cancelled; handler ended; /stuck: 408
shutdown: /: refused
other tasks go on
"""


def test_start_server_beside_other_tasks(runtime):
    script = os.path.join(harness.HERE, "inside_server.py")
    ports = [str(harness.free_port()) for _ in range(2)]
    assert harness.run_inside(runtime, script, *ports) == BESIDE


SERVE = IMPORTS + """
class App(picoweb.WebApp):
    def serve(self, loop, host, port):
        loop.create_task(asyncio.start_server(self._handle, host, port))
        loop.run_forever()
app = App(None)
@app.route("/")
def page(req, resp):
    body = yield from req.get_data()
    yield from picoweb.start_response(resp)
    yield from resp.awrite(body)
app.run(debug=0)
"""


TICK = """
from picoweb.loop import coroutine, create_task, sleep_ms
def tick():
    while True:
        print("tick")
        yield from sleep_ms(10)
@app.route("/tick")
def start(req, resp):
    create_task(coroutine(tick)())
    yield from picoweb.start_response(resp)
app.run()
"""


def test_a_generator_without_arguments_as_a_task(serve):
    server = serve(APP % "pass" + TICK)
    assert server.raw(b"GET /tick HTTP/1.0\r\n\r\n") == HTML
    wait_for(lambda: server.log().count("tick\n") > 2, server)


def test_overridden_serve(serve):
    """As apps for 1.8.2 have it: the runtime's own server calls _handle()."""
    server = serve(SERVE)
    for _ in range(2):
        assert server.raw(b"GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc") == HTML + b"abc"
        assert server.raw(b"GET /404 HTTP/1.0\r\n\r\n") == error(404)
        assert server.raw(b"GET\r\n\r\n", eof=True) == error(400)
    assert server.stop() == 0


def test_plain_cpython(runtime):
    """An app that is started as an ordinary script, without python -m picoweb."""
    if not runtime.is_cpython:
        pytest.skip("boards have no other way")
    source = """
import picoweb, threading, urllib.request
app = picoweb.WebApp(None)
@app.route("/generator")
def generator(req, resp):
    yield from picoweb.jsonify(resp, "generator")
@app.route("/async")
async def native(req, resp):
    await picoweb.jsonify(resp, "async")
@app.route("/stop")
def stop(req, resp):
    yield from picoweb.jsonify(resp, "stop")
    app.shutdown()
def client():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for name in "generator", "async", "stop":
        print(opener.open("http://127.0.0.1:%d/" + name).read().decode())
threading.Timer(0.3, client).start()
app.run(port=%d, debug=-1)
"""
    port = harness.free_port()
    out = harness.run_inside(runtime, source.replace("%d", str(port)))
    assert out == '"generator"\n"async"\n"stop"\n'


# An app that starts serving beside other tasks, and then waits: it ends when picoweb does.
WAITING = APP % "pass" + """
async def main():
    server = await app.start_server("127.0.0.1", %d, debug=-1)
    print("started")
    await server.wait_closed()
    print("closed")
    await server.wait_closed()
    await asyncio.sleep(0)
    print("ended")
if hasattr(asyncio, "run"):
    asyncio.run(main())
else:
    asyncio.get_event_loop().run_until_complete(main())
"""


def waiting(serve):
    port = harness.free_port()
    return serve(WAITING % port, port=port)


def test_wait_closed_waits(serve):
    server = waiting(serve)
    for _ in range(2):
        assert server.raw(GET) == HTML + b"page"
        time.sleep(0.3)
        assert server.alive() and server.log() == "started\n"
    assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
    assert server.wait() == 0
    assert server.log() == "started\nclosed\nended\n"


def test_a_server_that_is_closed_before_it_has_begun(serve):
    """As soon as start_server() returns: its port is free for the next one."""
    port = harness.free_port()
    start = '    server = await app.start_server("127.0.0.1", %d, debug=-1)\n'
    closed = start + "    server.close()\n    await server.wait_closed()\n"
    server = serve(WAITING.replace(start, closed + closed + start) % (port, port, port), port=port)
    assert served(server) == HTML + b"page"
    assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
    assert server.wait() == 0
    assert server.log() == "started\nclosed\nended\n"


def test_wait_closed_waits_for_the_last_request(serve):
    """But not for a client that has not sent a request."""
    server = waiting(serve)
    with server.connect() as slow, server.connect():
        slow.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        wait_for_log(server, "at /slow")
        assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
        assert "closed" not in server.log()
        assert harness.receive_all(slow) == HTML + b"slow"
        start = time.monotonic()
        assert server.wait() == 0
        assert time.monotonic() - start < 4.5  # before shutdown_timeout
    assert server.log() == "started\nat /slow\nclosed\nended\n"


def test_wait_closed_waits_with_a_client_connected(serve):
    """It ends neither the server nor a request."""
    server = waiting(serve)
    with server.connect() as idle:
        time.sleep(0.5)
        assert server.raw(GET) == HTML + b"page"
        idle.sendall(GET)
        assert harness.receive_all(idle) == HTML + b"page"
    assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n") == HTML + b"stopped"
    assert server.wait() == 0


# It ends while clients are connected.
ENDS = APP % "pass" + """
@app.route("/work")
async def work(req, resp):
    try:
        print("at /work")
        await asyncio.sleep(1000)
    finally:
        print("cancelled")
@app.route("/end")
def end(req, resp):
    ending.set()
    return "ending"
async def main():
    global ending
    ending = asyncio.Event()  # before 3.10, it belongs to the loop that is there
    await app.start_server("127.0.0.1", %d, debug=-1)
    await ending.wait()
asyncio.run(main())
print("ended")
"""


@pytest.mark.parametrize("data, reply", [(b"", b""), (b"GET / HTT", b""), (b"GET /work HTTP/1.0\r\n\r\n", error(500))],
                         ids=["idle", "half a head", "at work"])
def test_asyncio_run_that_ends(serve, runtime, data, reply):
    """It cancels all tasks, as no other runtime does: what is cancelled before there is a request gets no response."""
    if not runtime.is_cpython:
        pytest.skip("asyncio.run() cancels no tasks")
    port = harness.free_port()
    server = serve(ENDS % port, port=port)
    with server.connect(10) as s:
        s.sendall(data)
        if reply:
            wait_for_log(server, "at /work")
        else:
            time.sleep(0.2)
        server.get("/end")
        assert hostile.receive(s, 10) == (reply, "closed")
    assert server.wait(10) == 0
    assert server.log() == ("at /work\ncancelled\n" if reply else "") + "ended\n"


BESIDE_RUN = """
@app.route("/work")
async def work(req, resp):
    print("at /work")
    await asyncio.sleep(1000)
asyncio.get_event_loop().create_task(asyncio.start_server(app._handle, "127.0.0.1", %d))
app.run(debug=-1)
print("run() returned")
"""


@pytest.mark.parametrize("data", [b"", b"GET / HTT", b"GET /work HTTP/1.0\r\n\r\n"], ids=["idle", "half a head", "at work"])
def test_shutdown_ends_the_clients_of_the_app_s_own_server_as_well(serve, data):
    """It stands beside run(), which ends within shutdown_timeout."""
    port = harness.free_port()
    server = serve(APP % "shutdown_timeout = 1; read_timeout = 100" + BESIDE_RUN % port)
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(data)
        if b"work" in data:
            wait_for_log(server, "at /work")
        else:
            time.sleep(0.2)
        assert server.raw(b"GET /stop HTTP/1.0\r\n\r\n", timeout=5) == HTML + b"stopped"
        assert hostile.receive(s, 5)[1] != "open"
    assert server.wait(5) == 0
    assert server.log().endswith("run() returned\n")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def test_ssl(serve, runtime, tmp_path):
    """ssl= is passed through: a context, on runtimes that have them."""
    if runtime.is_pycopy or not shutil.which("openssl"):
        pytest.skip("no ssl.SSLContext, or no openssl to make a certificate")
    key, cert = str(tmp_path / "key.der"), str(tmp_path / "cert.der")
    pem = [str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-keyout", pem[0], "-out", pem[1]], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pem[0], "-outform", "DER", "-out", key], check=True)
    subprocess.run(["openssl", "x509", "-in", pem[1], "-outform", "DER", "-out", cert], check=True)
    names = (pem[1], pem[0]) if runtime.is_cpython else (read(cert), read(key))
    server = serve(APP % "pass" + "try:\n    import ssl\nexcept ImportError:\n    import tls as ssl\ncontext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
                   "context.load_cert_chain(%r, %r)\napp.run(debug=0, ssl=context)\n" % names)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    for _ in range(2):
        with client.wrap_socket(server.connect()) as s:
            s.sendall(b"POST /body HTTP/1.0\r\nContent-Length: 3\r\n\r\n")
            s.sendall(b"abc")
            assert s.recv(1000) == HTML
    for request in b"POST /body HTTP/1.0\r\nContent-Length: 3000\r\n\r\n" + b"a" * 3000, b"GET / HTTP/1.0\r\nA: %s\r\n\r\n" % (b"a" * 3000):
        with client.wrap_socket(server.connect(3)) as s:
            s.sendall(request)  # one record: the rest lies in the TLS socket, not in the one below it
            assert s.recv(1000).startswith(HTML)
    assert server.connect().sendall(b"GET / HTTP/1.0\r\n\r\n") is None
    with client.wrap_socket(server.connect()) as s:
        s.sendall(GET)
        assert s.recv(1000).startswith(HTML)


# Limits

def waited(s):
    """All that comes until the server closes, and after how many seconds."""
    start = time.monotonic()
    return harness.receive_all(s), time.monotonic() - start


COUNT = """
@app.route("/count")
def count(req, resp):
    yield from picoweb.jsonify(resp, len(app._conns))
"""


def test_timeouts(serve):
    server = serve(APP % "read_timeout = write_timeout = 1" + COUNT + "app.run(debug=0)\n")
    cases = [(b"", b""), (b"GET", error(408)), (b"GET / HTTP/1.0\r\nA: b\r\n", error(408)),
             (b"POST /body HTTP/1.0\r\nContent-Length: 3\r\n\r\na", error(408))]
    start = time.monotonic()
    clients = []
    for data, _ in cases:
        clients.append(server.connect())
        clients[-1].sendall(data)
    stalled = server.connect()
    stalled.sendall(b"GET /long HTTP/1.0\r\n\r\n")
    for s, (data, reply) in zip(clients, cases):
        assert harness.receive_all(s) == reply, data
        s.close()
    assert time.monotonic() - start > 0.5
    deadline = time.monotonic() + harness.TIMEOUT
    while server.get("/count").json() > 1:
        assert time.monotonic() < deadline, "the client that reads nothing is still connected"
        time.sleep(0.1)
    received = 0
    try:
        while True:
            chunk = stalled.recv(1000000)
            if not chunk:
                break
            received += len(chunk)
    except ConnectionResetError:
        pass
    stalled.close()
    assert received < 4000 * 2500
    assert server.raw(GET) == HTML + b"page"
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("read, write", [(2, 100), (100, 2)])
def test_each_timeout_is_for_its_own_wait(serve, read, write):
    """And neither ends early."""
    server = serve(APP % ("read_timeout = %d; write_timeout = %d" % (read, write)) + COUNT + "app.run(debug=0)\n")
    with server.connect() as silent, server.connect() as stalled:
        start = time.monotonic()
        silent.sendall(b"GET")
        stalled.sendall(b"GET /long HTTP/1.0\r\n\r\n")
        wait_for(lambda: server.get("/count").json() == 3, server)
        wait_for(lambda: server.get("/count").json() == 2, server)
        assert time.monotonic() - start >= 2
        if read == 2:
            assert harness.receive_all(silent) == error(408)
        else:
            silent.settimeout(0.5)
            with pytest.raises(socket.timeout):
                silent.recv(1)


def test_a_slow_client_that_goes_on_is_served(serve):
    """A body may take longer than read_timeout, as long as more of it arrives."""
    server = serve(APP % "read_timeout = 1" + "app.run(debug=0)\n")
    data = b"POST /body HTTP/1.0\r\nContent-Length: 5\r\n\r\n"

    def check():
        assert server.raw(b"", chunks=[data] + [b"x"] * 5, pause=0.3) == HTML
    harness.patiently(check)


def test_max_drain(serve):
    """This much of an unread body is drained. If much more comes, closing resets the connection."""
    server = serve(APP % "max_drain = 1000" + "app.run(debug=0)\n")

    def check():
        for size, ends in (1000, "closed"), (2000, "reset"):
            with server.connect() as s:
                s.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % size)
                time.sleep(0.1)
                s.sendall(b"x" * size)
                assert hostile.receive(s, harness.TIMEOUT) == (HTML + b"page", ends)
    harness.patiently(check)


def test_silent_clients_do_not_lock_the_server_up(serve):
    server = serve(APP % "max_connections = 3; read_timeout = 100" + "app.run(debug=0)\n")
    silent = [server.connect() for _ in range(6)]
    for _ in range(3):
        assert server.raw(GET) == HTML + b"page"
    for s in silent:
        s.close()


def test_newcomers_wait_at_the_limit(serve):
    server = serve(APP % "max_connections = 2" + "app.run(debug=0)\n")
    clients = [server.connect() for _ in range(4)]
    for s in clients:
        s.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
    for s in clients:
        with s:
            assert harness.receive_all(s) == HTML + b"slow"


STREAMS = """
streams = []
@app.route("/stream")
async def stream(req, resp):
    streams.append(resp)
    await picoweb.start_response(resp, "text/event-stream")
    while streams:
        await resp.awrite(": still here\\n")
        await asyncio.sleep(0.05)
@app.route("/end")
def end(req, resp):
    del streams[:]
    return "ended"
def released():
    try:
        open("release").close()
        return True
    except OSError:
        return False
@app.route("/working")
async def working(req, resp):
    while not released():
        await asyncio.sleep(0.05)
    return "worked"
"""
BUSY = b"HTTP/1.0 503 NA\r\n"


def refused(server):
    """How long a newcomer waits until it hears that there is no place for it."""
    start = time.monotonic()
    reply = harness.Response(server.raw(GET, timeout=5))
    assert (reply.status, reply.body) == (503, b"503") and int(reply.header("Retry-After")) > 0
    assert reply.header("Content-Length") == "3"
    return time.monotonic() - start


@pytest.mark.parametrize("path", [b"/stream", b"/working"])
@pytest.mark.parametrize("places", [2, 16])
def test_newcomers_are_told_that_every_place_is_a_handlers_at_work(serve, path, places):
    server = serve(APP % ("max_connections = %d" % places) + STREAMS + "app.run(debug=-1)\n")
    clients = [server.connect() for _ in range(places)]
    for s in clients:
        s.sendall(b"GET %s HTTP/1.0\r\n\r\n" % path)
    if path == b"/stream":
        for s in clients:
            assert s.recv(10)
    else:
        time.sleep(0.3)
    def within_two_seconds():
        assert refused(server) < 2.3  # a machine that does other things as well needs some more
    harness.patiently(within_two_seconds)
    if path == b"/stream":
        # No working handler was cut off, and the place of one that ends becomes free.
        for s in clients:
            s.settimeout(2)
            assert s.recv(100000)
        clients.pop().close()
        assert served(server, b"GET /end HTTP/1.0\r\n\r\n").startswith((HTML[:15], BUSY))
    for s in clients:
        s.close()
    harness.write_files(server.folder, {"release": ""})
    wait_for(lambda: served(server) == HTML + b"page", server)


def hold_places(server, count):
    """Clients whose handlers hold all places, when newcomers are told so."""
    clients = [server.connect() for _ in range(count)]
    for s in clients:
        s.sendall(b"GET /working HTTP/1.0\r\n\r\n")
    time.sleep(0.3)
    refused(server)
    return clients


def release(server, clients):
    """Let the handlers end."""
    harness.write_files(server.folder, {"release": ""})
    for s in clients:
        with s:
            assert harness.receive_all(s).endswith(b"worked")


def test_a_newcomer_is_not_refused_for_places_that_are_free_again(serve):
    """Its request is complete when the handlers at work have ended: that there was no place before does not matter."""
    server = serve(APP % "max_connections = 2" + STREAMS + "app.run(debug=-1)\n")
    clients = hold_places(server, 2)
    with server.connect() as slow:
        slow.sendall(GET[:9])
        time.sleep(0.1)
        release(server, clients)
        slow.sendall(GET[9:])
        assert harness.receive_all(slow) == HTML + b"page"


def test_a_crowd_that_every_handler_at_work_keeps_waiting(serve):
    """While newcomers are told that there is no place, few of them are connected at a time: Pycopy's queues overflow, a board has no memory."""
    server = serve(APP % "max_connections = 4" + STREAMS + "app.run(debug=-1)\n")
    clients = hold_places(server, 4)
    before = len(os.listdir("/proc/%d/fd" % server.pid))
    crowd = [server.connect() for _ in range(150)]
    most = 0
    for s in crowd:
        most = max(most, len(os.listdir("/proc/%d/fd" % server.pid)))
        time.sleep(0.002)
    assert most < before + 10
    for s in crowd:
        s.close()
    refused(server)
    release(server, clients)
    wait_for(lambda: served(server) == HTML + b"page", server)
    assert "full" not in server.log()


def test_more_clients_than_places(serve):
    server = serve(APP % "pass" + "app.run(debug=0)\n")
    clients = []
    for _ in range(60):
        clients.append(server.connect())
        clients[-1].sendall(GET)  # at once: a client that says nothing for 20 ms may lose its place
    for s in clients:
        with s:
            assert harness.receive_all(s) == HTML + b"page"


def test_too_few_file_descriptors(serve):
    """An accept() that fails is tried again."""
    server = serve(APP % "pass" + "app.run(debug=0)\n", ulimit_n=14)
    served(server)
    clients = [server.connect() for _ in range(14)]
    time.sleep(0.3)
    for s in clients:
        s.close()
    assert server.raw(GET) == HTML + b"page"
    assert server.alive()


# Logging

LOGGED = [b"GET / HTTP/1.0\r\n\r\n", b"GET /raises HTTP/1.0\r\n\r\n", b"GET /404%25s HTTP/1.0\r\n\r\n", b"G"]


def test_no_logging(serve):
    server = serve(APP % "pass" + "app.run(debug=-1)\n")
    for data in LOGGED:
        server.raw(data, eof=True)
    assert server.log() == ""


def assert_access(log, *requests):
    """The log has one line for each request, with its time, in this order, and nothing after that time."""
    lines = re.findall(r"(?:^|[ :])((?:\S+ \S+ )?\d{3}), (\d+) ms$", log, re.M)
    assert len(lines) == len(requests), log
    for (request, ms), expected in zip(lines, requests):
        assert request.endswith(expected) and int(ms) < 10000


def test_access_log(serve):
    """One line when a request has ended, with the time that it took, and the whole path as the client sent it."""
    server = serve(APP % "pass" + """
sub = App(None)
sub.add_url_rule("/a b", page)
app.mount("/sub", sub)
@app.route("/created", methods=("POST",))
def created(req, resp):
    return "", 201
@app.route("/own", methods=("GET",))
def own(req, resp):
    yield from resp.awrite(b"HTTP/1.1 299 OK\\r\\n\\r\\nown")
app.run(debug=0)
""")
    with server.connect() as s:
        s.sendall(b"GET /slow?a=b HTTP/1.0\r\n\r\n")
        wait_for_log(server, "at /slow")
        assert " ms" not in server.log()
        harness.receive_all(s)
    wait_for_log(server, " ms")
    assert 450 <= int(re.search("GET /slow 200, (\\d+) ms$", server.log(), re.M).group(1)) < 10000
    server.get("/sub/a%20b?c")
    server.post("/created", "a")
    server.get("/created")
    server.get("/own", eof=True)
    server.request("HEAD", "/")
    server.raw(b"GET / HTTP/1.0\r\nbad\r\n\r\n")
    wait_for_log(server, "400")
    assert_access(server.log(), "GET /slow 200", "GET /sub/a%20b 200", "POST /created 201", "GET /created 405", "GET /own 299", "HEAD / 200",
                  "GET / 400")


# Whoever reads the log in a terminal must not have it controlled by a client: ESC, BEL, BS, CR, DEL.
CONTROLS = [b"GE\x1b[31mT / HTTP/1.0", b"GET /\x1b]0;pwned\x07 HTTP/1.0", b"G\x1bET /\x07 HTTP/2.0", b"GET /\x08\x7f HTTP/9", b"GET /\x1b[31m HTTP/1.1\x1b[0m",
            b"\x1b[31m / HTTP/1.0", b"GET /a\rGET HTTP/1.0", b"\x7fET / HTTP/1.10", b"HEAD /\x1b HTTP/1.0",
            b"GET /\xc2\x9b31mred HTTP/1.0"]


@pytest.mark.parametrize("debug", [0, 1])
def test_control_characters_of_a_client_do_not_reach_the_log(serve, debug):
    server = serve(APP % "pass" + "app.run(debug=%d)\n" % debug)
    for line in CONTROLS:
        assert harness.Response(server.raw(line + b"\r\n\r\n", eof=True)).status in (400, 505), line
    server.raw(b"GET /ordinary HTTP/2.0\r\n\r\n", eof=True)
    wait_for_log(server, "GET /ordinary 505, ")
    log = server.log()
    assert len(re.findall(" ms$", log, re.M)) == len(CONTROLS) + 1
    assert re.findall("[^\\n -~]", log) == [], ascii(log)


@pytest.mark.parametrize("debug", [0, 1, 2])
def test_built_in_logger(serve, debug):
    server = serve(APP % "pass" + "app.run(debug=%d)\n" % debug)
    replies = [server.raw(data, eof=True) for data in LOGGED]
    assert replies == [HTML + b"page", error(500), error(404), error(400)]
    log = server.log()
    assert log.count("Running on http://127.0.0.1:%d/" % server.port) == 1
    assert_access(log, "GET / 200", "GET /raises 500", "GET /404%25s 404", "400")
    assert log.count("Traceback") == 1 and "ValueError: on purpose" in log
    with open(server._file("stdout")) as f:
        assert f.read() == "" or debug > 1


LOGGER = """
class Log:
    lines = []
    def info(self, msg, *args):
        self.lines.append("info " + (msg % args if args else msg))
    def debug(self, msg, *args):
        self.lines.append("debug " + (msg % args if args else msg))
    def warning(self, msg, *args):
        self.lines.append("warning " + (msg % args if args else msg))
    def error(self, msg, *args):
        self.lines.append("error " + (msg % args if args else msg))
    exception = critical = error
@app.route("/log")
def log(req, resp):
    yield from picoweb.jsonify(resp, Log.lines)
app.run(debug=0, log=Log())
"""


def test_logger_of_ones_own(serve):
    server = serve(APP % "pass" + LOGGER)
    for data in LOGGED:
        server.raw(data, eof=True)
    lines = server.get("/log").json()
    assert lines[0] == "info * Running on http://127.0.0.1:%d/" % server.port
    assert_access("\n".join(line for line in lines if line.startswith("info ")), "GET / 200", "GET /raises 500", "GET /404%25s 404", "400")
    errors = [line for line in lines if not line.startswith("info")]
    assert len(errors) == 1 and errors[0].startswith("error GET /raises") and "Traceback" in errors[0]
    assert server.log() == ""


def test_ulogging(serve):
    server = serve(APP % "pass" + "import ulogging\napp.run(debug=0, log=ulogging.getLogger('test'))\n")
    assert [server.raw(data, eof=True) for data in LOGGED] == [HTML + b"page", error(500), error(404), error(400)]
    assert "on purpose" in server.log()


def test_logging_of_cpython(serve, runtime):
    if not runtime.is_cpython:
        pytest.skip("boards have none")
    server = serve(APP % "pass" + "import logging\nlogging.basicConfig(level=10)\napp.run(debug=1, log=logging.getLogger('test'))\n")
    assert [server.raw(data, eof=True) for data in LOGGED] == [HTML + b"page", error(500), error(404), error(400)]
    assert "ERROR:test:" in server.log() and "INFO:test:" in server.log() and "Logging error" not in server.log()


# A logging module that records its calls.
LOGGING = """
INFO, DEBUG = 20, 10
def basicConfig(**options):
    print("basicConfig", sorted(options.items()))
class Logger:
    def setLevel(self, level):
        print("setLevel", level)
    def info(self, msg, *args):
        print("%s:" % __name__, msg % args if args else msg)
    debug = warning = error = info
def getLogger(name):
    return Logger()
"""
NO_MODULE = "raise ImportError\n"


@pytest.mark.parametrize("modules, start", [
    ({"ulogging.py": LOGGING, "logging.py": LOGGING}, "ulogging:"), ({"ulogging.py": NO_MODULE, "logging.py": LOGGING}, "logging:"),
    ({"ulogging.py": NO_MODULE, "logging.py": NO_MODULE}, "picoweb"),
], ids=["ulogging", "logging", "none"])
def test_where_the_logger_comes_from(serve, runtime, tmp_path, modules, start):
    """Without ulogging and logging, picoweb's own logger writes to stderr."""
    if runtime.is_cpython:
        pytest.skip("others need its logging module")
    harness.write_files(str(tmp_path), modules)
    for debug in 0, 1:
        server = serve(APP % "pass" + "app.run(debug=%d)\n" % debug, path=[str(tmp_path)])
        assert [server.raw(data, eof=True) for data in LOGGED] == [HTML + b"page", error(500), error(404), error(400)]
        wait_for_log(server, "400, ")
        log = server.log()
        assert_access(log, "GET / 200", "GET /raises 500", "GET /404%25s 404", "400")
        assert "Running on" in log and "on purpose" in log
        lines = [line for line in log.splitlines() if "Running" in line or " ms" in line]
        assert all(line.startswith(start) for line in lines), log
        with open(server._file("stdout")) as f:
            assert (f.read() == "") == (start == "picoweb")


def test_no_logger_is_made_where_nothing_is_logged(serve, runtime, tmp_path):
    harness.write_files(str(tmp_path), {"ulogging.py": "print('imported')\nraise ImportError\n"})
    server = serve(APP % "pass" + "app.run(debug=-1)\n", path=[str(tmp_path)])
    server.raw(b"GET /raises HTTP/1.0\r\n\r\n")
    assert server.log() == ""


def test_true_is_a_level_of_debugging(serve):
    server = serve(APP % "pass" + "app.run(debug=True)\n")
    assert "Running on" in server.log()


def test_memory_info(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("it does not count memory")
    for debug, told in (1, False), (2, True):
        server = serve(APP % "pass" + "app.run(debug=%d)\n" % debug)
        assert server.raw(GET) == HTML + b"page"
        assert ("mem" in server.log()) == told


AGAIN_IN_ASYNCIO_RUN = """
import asyncio, picoweb, sys
app = picoweb.WebApp(None)
app.read_timeout = 0.2
async def main():
    server = await asyncio.start_server(app._handle, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    if wait:
        print(await asyncio.wait_for(reader.read(), 5))
    else:
        await asyncio.sleep(0.1)
    writer.close()
    server.close()
for wait in False, True:
    asyncio.run(main())
"""


def test_adopted_connections_have_timeouts_in_a_second_asyncio_run(runtime):
    """The task that watched them has ended with the first one."""
    if not runtime.is_cpython:
        pytest.skip("the loop of a board is the same each time")
    assert harness.run_inside(runtime, AGAIN_IN_ASYNCIO_RUN) == "b''\n"
