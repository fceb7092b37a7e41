"""picoweb.websocket on every runtime: frames as bytes over a socket, the library websockets as a client, and malformed input."""

import base64
import contextlib
import hashlib
import os
import random
import re
import socket
import struct
import sys
import time

import pytest

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
from picoweb.websocket import WebSocket, websocket

app = picoweb.WebApp(__name__, serve_static=False)
app.max_body = WebSocket.max_message = MAX
WebSocket.limit = LIMIT
WebSocket.ping_interval = PING
app.write_timeout = 2
ended = []

@app.route("/echo")
@websocket
async def echo(req, ws):
    try:
        while True:
            await ws.send(await ws.receive())
    finally:
        ended.append(ws.code)
        del ended[:-40]

@app.route("/generator")
@websocket
def generator(req, ws):
    while True:
        message = yield from ws.receive()
        yield from ws.send(message)

@app.route("/returns")
@websocket
async def returns(req, ws):
    await ws.send("bye")

@app.route("/closes")
@websocket
async def closes(req, ws):
    await ws.close(4001, "żółw")
    await ws.close(4002)
    try:
        await ws.send("too late")
    except OSError:
        ended.append("no send")
    await ws.receive()

@app.route("/fails")
@websocket
async def fails(req, ws):
    await ws.receive()
    raise RuntimeError("as it must")

@app.route("/pushes")
@websocket
async def pushes(req, ws):
    while True:
        await ws.send("x")
        await sleep_ms(100)

@app.route("/large")
@websocket
async def large(req, ws):
    while True:
        size = int(await ws.receive())
        await ws.send(bytes(size))

@app.route("/floods")
@websocket
async def floods(req, ws):
    create_task(flood(ws))
    while True:
        await ws.receive()

async def flood(ws):
    try:
        while True:
            await ws.send(bytes(4000))
    except OSError:
        ended.append("no send")

tasks = pauses = 0

def no_memory(coro):
    global tasks
    tasks += 1
    if tasks < 4:
        raise MemoryError("as it must")
    return create_task(coro)

async def no_memory_after(ms):
    global pauses
    await sleep_ms(ms)
    pauses += 1
    if pauses < 3:
        raise MemoryError("as it must")

@app.route("/no-memory")
def use_no_memory(req, resp):
    import picoweb.websocket
    picoweb.websocket.create_task = no_memory
    picoweb.websocket.sleep_ms = no_memory_after
    return {}

@app.route("/no-close")
@websocket
async def fails_to_close(req, ws):
    def close(code=1000):
        raise MemoryError("as it must")
    ws.close = close

room = []

@app.route("/room")
@websocket
async def enter(req, ws):
    room.append(ws)
    try:
        while True:
            message = await ws.receive()
            for other in room:
                await other.send(message)
    finally:
        room.remove(ws)

@app.route("/abandons")
@websocket
async def abandons(req, ws):
    create_task(wait(ws))
    await sleep_ms(int(req.qs))

async def wait(ws):
    try:
        await ws.receive()
    except OSError:
        pass

@app.route("/stats")
def stats(req, resp):
    gc.collect()
    try:
        heap = gc.mem_alloc()
    except AttributeError:
        heap = 0
    return {"sockets": len(WebSocket.sockets), "ended": ended, "heap": heap}

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def start(serve, runtime):
    """A server. For a second after its end, a socket keeps its memory and, on Pycopy, one of 64 places for sleeping tasks."""
    def start(limit=25 if runtime.is_pycopy else 50, ping=20, largest=70000, **options):
        return serve(APP.replace("LIMIT", str(limit)).replace("PING", str(ping)).replace("MAX", str(largest)), **options)
    return start


# Frames

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
HANDSHAKE = {"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
SWITCH = ("HTTP/1.1 101 NA\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % ACCEPT).encode()

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def head(first, size, mask=0):
    if size < 126:
        return struct.pack("!BB", first, mask | size)
    return struct.pack("!BBH", first, mask | 126, size) if size < 65536 else struct.pack("!BBQ", first, mask | 127, size)


def out(kind, data=b"", fin=0x80, mask=b"\x37\xfa\x21\x3d"):
    """A client's frame."""
    data = data.encode() if isinstance(data, str) else data
    return head(fin | kind, len(data), 0x80) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def back(kind, data=b""):
    """A server's frame."""
    data = data.encode() if isinstance(data, str) else data
    return head(0x80 | kind, len(data)) + data


def closing(code, reason=b""):
    return struct.pack("!H", code) + (reason.encode() if isinstance(reason, str) else reason)


def parts(kind, *pieces):
    """A message in several frames."""
    kinds = [kind] + [0] * (len(pieces) - 1)
    return b"".join(out(k, data, 0x80 if i == len(pieces) - 1 else 0) for i, (k, data) in enumerate(zip(kinds, pieces)))


def per_byte(data):
    return parts(TEXT, *[data[i:i + 1] for i in range(len(data))])


GREEK = "Hello-µ@ßöäüàá-UTF-8!!".encode()

# The replies of an echo: rows of a name, the bytes sent, the bytes received. The sections are those of RFC 6455.
GOOD = [
    ("text of no bytes", out(TEXT), back(TEXT)),
    *[("text of %d bytes" % n, out(TEXT, b"*" * n), back(TEXT, b"*" * n)) for n in (1, 125, 126, 127, 128, 65535, 65536)],
    ("binary of no bytes", out(BINARY), back(BINARY)),
    *[("binary of %d bytes" % n, out(BINARY, b"\xfe" * n), back(BINARY, b"\xfe" * n)) for n in (1, 125, 126, 127, 128, 65535, 65536)],
    ("a mask of zeros", out(TEXT, "żółw", mask=bytes(4)), back(TEXT, "żółw")),
    ("a length longer than it has to be", b"\x81\xfe\x00\x01" + bytes(4) + b"a", back(TEXT, b"a")),
    # Pings and pongs
    ("ping of no bytes", out(PING), back(PONG)),
    ("ping with text", out(PING, b"Hello, world!"), back(PONG, b"Hello, world!")),
    ("ping with binary data", out(PING, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), back(PONG, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")),
    ("ping of 125 bytes", out(PING, b"\xfe" * 125), back(PONG, b"\xfe" * 125)),
    ("pong that nobody asked for", out(PONG), b""),
    ("pong with data", out(PONG, b"unsolicited"), b""),
    ("pong, then ping", out(PONG, b"unsolicited") + out(PING, b"a"), back(PONG, b"a")),
    ("ten pings", b"".join(out(PING, b"payload-%d" % i) for i in range(10)), b"".join(back(PONG, b"payload-%d" % i) for i in range(10))),
    # Fragments
    ("two fragments", parts(TEXT, b"fragment1", b"fragment2"), back(TEXT, b"fragment1fragment2")),
    ("a ping between fragments", out(TEXT, b"fragment1", 0) + out(PING, b"ping") + out(0, b"fragment2"),
     back(PONG, b"ping") + back(TEXT, b"fragment1fragment2")),
    ("a ping of 125 bytes between fragments that nearly fill a message",
     out(TEXT, b"*" * 69990, 0) + out(PING, b"p" * 125) + out(0, b"a"), back(PONG, b"p" * 125) + back(TEXT, b"*" * 69990 + b"a")),
    ("pings between five fragments",
     out(TEXT, b"1", 0) + out(0, b"2", 0) + out(PING, b"a") + out(0, b"3", 0) + out(0, b"4", 0) + out(PING, b"b") + out(0, b"5"),
     back(PONG, b"a") + back(PONG, b"b") + back(TEXT, b"12345")),
    ("fragments of no bytes", parts(TEXT, b"", b"", b""), back(TEXT)),
    ("empty fragments around a full one", parts(TEXT, b"", b"middle", b""), back(TEXT, b"middle")),
    ("binary fragments", parts(BINARY, b"\xff", b"\xfe"), back(BINARY, b"\xff\xfe")),
    ("a message after fragments", parts(TEXT, b"a", b"b") + out(BINARY, b"c"), back(TEXT, b"ab") + back(BINARY, b"c")),
    # UTF-8
    ("UTF-8", out(TEXT, GREEK), back(TEXT, GREEK)),
    ("UTF-8 in fragments between characters", parts(TEXT, GREEK[:8], GREEK[8:]), back(TEXT, GREEK)),
    ("UTF-8 in fragments of a byte", per_byte(GREEK), back(TEXT, GREEK)),
    ("UTF-8 of four bytes, in fragments of a byte", per_byte("𝄞".encode()), back(TEXT, "𝄞")),
]

VALID_UTF8 = [
    "ce ba", "ce ba e1 bd b9", "ce ba e1 bd b9 cf 83", "ce ba e1 bd b9 cf 83 ce bc", "ce ba e1 bd b9 cf 83 ce bc ce b5",
    "00", "c2 80", "e0 a0 80", "f0 90 80 80", "7f", "df bf", "ef bf bf", "f4 8f bf bf", "ed 9f bf", "ee 80 80", "ef bf bd",
    *["%s" % chr(plane * 0x10000 + 0xFFFE + last).encode().hex() for plane in range(17) for last in (0, 1)],
    *[chr(c).encode().hex() for c in range(0xFFF9, 0x10000)],
]
INVALID_UTF8 = [
    "ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64",  # a surrogate in the middle
    "ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80 65 64",  # beyond U+10FFFF
    "ce", "ce ba e1", "ce ba e1 bd", "ce ba e1 bd b9 cf", "ce ba e1 bd b9 cf 83 ce", "ce ba e1 bd b9 cf 83 ce bc ce",
    "f8 88 80 80 80", "fc 84 80 80 80 80", "f7 bf bf bf", "fb bf bf bf bf", "fd bf bf bf bf bf", "f4 90 80 80",
    "80", "bf", "80 bf", "80 bf 80", "80 bf 80 bf", "80 bf 80 bf 80", "80 bf 80 bf 80 bf", " ".join("%02x" % c for c in range(0x80, 0xC0)),
    " ".join("%02x 20" % c for c in range(0xC0, 0xE0)), " ".join("%02x 20" % c for c in range(0xE0, 0xF0)),
    " ".join("%02x 20" % c for c in range(0xF0, 0xF8)), "f8 20 f9 20 fa 20 fb 20", "fc 20 fd 20",
    "c0", "e0 80", "f0 80 80", "f8 80 80 80", "fc 80 80 80 80", "df", "ef bf", "f7 bf bf", "fb bf bf bf", "fd bf bf bf bf",
    "c0 e0 80 f0 80 80 f8 80 80 80 fc 80 80 80 80 df ef bf f7 bf bf fb bf bf bf fd bf bf bf bf",
    "fe", "ff", "fe fe ff ff",
    "c0 af", "e0 80 af", "f0 80 80 af", "f8 80 80 80 af", "fc 80 80 80 80 af",  # a slash, overlong
    "c1 bf", "e0 9f bf", "f0 8f bf bf", "f8 87 bf bf bf", "fc 83 bf bf bf bf",
    "c0 80", "e0 80 80", "f0 80 80 80", "f8 80 80 80 80", "fc 80 80 80 80 80",
    "ed a0 80", "ed ad bf", "ed ae 80", "ed af bf", "ed b0 80", "ed be 80", "ed bf bf",
    "ed a0 80 ed b0 80", "ed a0 80 ed bf bf", "ed ad bf ed b0 80", "ed ad bf ed bf bf",
    "ed ae 80 ed b0 80", "ed ae 80 ed bf bf", "ed af bf ed b0 80", "ed af bf ed bf bf",
]
GOOD += [("UTF-8 " + row, out(TEXT, bytes.fromhex(row)), back(TEXT, bytes.fromhex(row))) for row in VALID_UTF8]

# Input that ends a connection: a name, the code of the server's close, the bytes sent, the bytes received before the close.
VALID_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
INVALID_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
ENDS = [
    ("ping of 126 bytes", 1002, out(PING, b"*" * 126), b""),
    *[("reserved bits %02x, frame %d" % (bits, kind), 1002, out(TEXT, "a") + out(kind, b"Hello", 0x80 | bits), back(TEXT, "a"))
      for bits, kind in ((0x10, TEXT), (0x20, TEXT), (0x30, TEXT), (0x40, TEXT), (0x50, BINARY), (0x60, PING), (0x70, CLOSE))],
    *[("reserved opcode %d" % kind, 1002, out(TEXT, "a") + out(kind, data) + out(PING), back(TEXT, "a"))
      for kind in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15) for data in (b"", b"data")],
    ("no mask", 1002, back(TEXT, "a"), b""),
    ("a ping in fragments", 1002, out(PING, b"1", 0) + out(0, b"2"), b""),
    ("a pong in fragments", 1002, out(PONG, b"1", 0) + out(0, b"2"), b""),
    ("a close in fragments", 1002, out(CLOSE, closing(1000), 0), b""),
    ("a last fragment of nothing", 1002, out(0, b"end") + out(TEXT, b"a"), b""),
    ("a fragment of nothing", 1002, out(0, b"middle", 0) + out(TEXT, b"a"), b""),
    ("a fragment too many", 1002, parts(TEXT, b"1", b"2") + out(0, b"3", 0), back(TEXT, b"12")),
    ("text in a message that is not whole", 1002, out(TEXT, b"1", 0) + out(TEXT, b"2"), b""),
    ("binary in a text", 1002, out(TEXT, b"1", 0) + out(BINARY, b"2", 0), b""),
    *[("not UTF-8: " + row, 1007, out(TEXT, bytes.fromhex(row)), b"") for row in INVALID_UTF8],
    ("not UTF-8, over fragments", 1007, parts(TEXT, b"\xce\xba\xe1", b"\xbd\xb9\xed\xa0\x80"), b""),
    ("a message that is too long", 1009, out(TEXT, b"*" * 5001), b""),
    ("one that says that it is longer than all memory", 1009, head(0x81, 1 << 62, 0x80) + b"mask", b""),
    ("a size with its highest bit set", 1009, b"\x81\xff" + b"\xff" * 8 + b"mask", b""),
    ("fragments that are too long together", 1009, parts(BINARY, b"*" * 3000, b"*" * 2001), b""),
    ("a message, then a close", 1000, out(TEXT, b"a") + out(CLOSE, closing(1000)), back(TEXT, b"a")),
    ("two closes", 1000, out(CLOSE, closing(1000)) * 2, b""),
    ("a ping after the close", 1000, out(CLOSE, closing(1000)) + out(PING), b""),
    ("text after the close", 1000, out(CLOSE, closing(1000)) + out(TEXT, b"a"), b""),
    ("a close between fragments", 1000, out(TEXT, b"1", 0) + out(CLOSE, closing(1000)) + out(0, b"2"), b""),
    ("a large message, a close, a ping", 1000, out(TEXT, b"*" * 5000) + out(CLOSE, closing(1000)) + out(PING), back(TEXT, b"*" * 5000)),
    ("a close with no code", 1000, out(CLOSE), b""),
    ("a close of one byte", 1002, out(CLOSE, b"a"), b""),
    ("a close with a reason", 1000, out(CLOSE, closing(1000, "Hello Wörld")), b""),
    ("a close with a reason of 123 bytes", 1000, out(CLOSE, closing(1000, b"*" * 123)), b""),
    ("a close with a reason of 124 bytes", 1002, out(CLOSE, closing(1000, b"*" * 124)), b""),
    ("a close with a reason that is not UTF-8", 1007, out(CLOSE, closing(1000, b"\xce\xba\xed\xa0\x80")), b""),
    *[("close %d" % code, code, out(CLOSE, closing(code, "why")), b"") for code in VALID_CODES],
    *[("close %d" % code, 1002, out(CLOSE, closing(code)), b"") for code in INVALID_CODES],
]


def open_socket(server, path="/echo", headers=HANDSHAKE):
    """A socket after its handshake, which is tried again while there are too many."""
    deadline = time.monotonic() + harness.TIMEOUT
    while True:
        s = server.connect()
        s.sendall(harness.request_bytes("GET", path, headers, version="HTTP/1.1"))
        received = receive(s, 12)
        if received == SWITCH[:12]:
            assert receive(s, len(SWITCH) - 12) == SWITCH[12:]
            return s
        assert received == b"HTTP/1.0 503" and time.monotonic() < deadline, received
        s.close()
        time.sleep(0.1)


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more, "closed after %r" % data[-200:]
        data += more
    return data


def wait_for(check):
    deadline = time.monotonic() + harness.TIMEOUT
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("path,size", [("/echo", None), ("/generator", None), ("/echo", 997), ("/echo", 1)],
                         ids=["async", "generator", "pieces", "byte by byte"])
def test_frames_that_are_answered(start, path, size):
    with open_socket(start(), path) as s:
        for name, data, expected in GOOD:
            if size != 1 or len(data) < 5000:
                for piece in harness.pieces(data, size):
                    s.sendall(piece)
                assert receive(s, len(expected)) == expected, name
        s.sendall(out(CLOSE, closing(1000)))
        assert harness.receive_all(s) == back(CLOSE, closing(1000))


def test_frames_that_end_the_connection(start):
    server = start(largest=5000)
    for name, code, data, before in ENDS:
        with open_socket(server) as s:
            s.sendall(data)
            expected = before + back(CLOSE, closing(code))
            assert receive(s, len(expected)) == expected, name
    assert server.log().count("Traceback") == 0


def test_the_connection_is_closed_after_the_code(start):
    server = start()
    for data, code in (out(CLOSE, closing(1000)), 1000), (b"\xff" * 100000, 1002):
        with open_socket(server) as s:
            harness.send_pieces(s, [data])
            assert receive(s, 4) == back(CLOSE, closing(code))
            with contextlib.suppress(ConnectionResetError):  # for what it has not read
                assert not s.recv(1)
    for path, expected in ("/returns", back(TEXT, "bye") + back(CLOSE, closing(1000))), ("/closes", back(CLOSE, closing(4001, "żółw"))):
        with open_socket(server, path) as s:
            assert harness.receive_all(s) == expected
    with open_socket(server, "/fails") as s:
        s.sendall(out(TEXT))
        assert harness.receive_all(s) == back(CLOSE, closing(1011))
    assert server.log().count("as it must") == 1 + server.runtime.is_cpython
    assert "no send" in server.get("/stats").json()["ended"]


# The handshake

REFUSED = [
    ("no upgrade at all", "GET", dict.fromkeys(HANDSHAKE), 426),
    ("an older version", "GET", {"Sec-WebSocket-Version": "8"}, 426),
    ("no version", "GET", {"Sec-WebSocket-Version": None}, 426),
    ("another protocol", "GET", {"Upgrade": "h2c"}, 400),
    ("no Upgrade", "GET", {"Upgrade": None}, 400),
    ("no Connection", "GET", {"Connection": None}, 400),
    ("another Connection", "GET", {"Connection": "keep-alive"}, 400),
    ("no key", "GET", {"Sec-WebSocket-Key": None}, 400),
    ("a short key", "GET", {"Sec-WebSocket-Key": "dGhlIHNhbXBsZQ=="}, 400),
    ("another method", "POST", {"Content-Length": "0"}, 400),
    ("HTTP/1.0, which has no upgrades (RFC 9110 section 7.8)", "GET", {}, 400, "HTTP/1.0"),
]
TAKEN = [
    ("as they are", {}),
    ("any case", {"Upgrade": "WebSocket", "Connection": "UPGRADE"}),
    ("an extension and a protocol", {"Sec-WebSocket-Extensions": "permessage-deflate", "Sec-WebSocket-Protocol": "chat"}),
    ("an origin", {"Origin": "http://elsewhere.example"}),
]


def changed(headers):
    return {name: value for name, value in dict(HANDSHAKE, **headers).items() if value is not None}


def test_handshakes(start):
    server = start()
    for name, method, headers, status, *version in REFUSED:
        response = server.request(method, "/echo", changed(headers), version=(version or ["HTTP/1.1"])[0])
        assert (name, response.status) == (name, status)
        fields = [response.header(name) for name in ("Upgrade", "Connection", "Sec-WebSocket-Version")]
        assert fields == (["websocket", "Upgrade", "13"] if status == 426 else [None] * 3)
    for name, headers in TAKEN:
        with open_socket(server, "/echo", changed(headers)) as s:
            s.sendall(out(TEXT, name))
            assert receive(s, len(name) + 2) == back(TEXT, name)
    assert base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode() == ACCEPT


def test_frames_that_come_with_the_handshake(start):
    with start().connect() as s:
        s.sendall(harness.request_bytes("GET", "/echo", HANDSHAKE, version="HTTP/1.1") + out(TEXT, "early") + out(CLOSE))
        assert harness.receive_all(s) == SWITCH + back(TEXT, "early") + back(CLOSE, closing(1000))


def test_a_limit_of_its_own(start):
    """Sockets do not take places from requests; beyond their own limit, the status is 503."""
    server = start(limit=20)
    socks = [open_socket(server) for _ in range(20)]
    response = server.request("GET", "/echo", HANDSHAKE, version="HTTP/1.1")
    assert response.status == 503
    assert server.get("/stats").json()["sockets"] == 20
    socks.pop().close()
    wait_for(lambda: server.get("/stats").json()["sockets"] < 20)
    socks.append(open_socket(server))
    for s in socks:
        s.sendall(out(TEXT, "a"))
        assert receive(s, 3) == back(TEXT, "a")
        s.close()
    wait_for(lambda: not server.get("/stats").json()["sockets"])
    assert server.get("/stats").json()["ended"] == [1006] * 21


# Other tasks and clients

def test_a_socket_that_ends_as_its_client_has_been_silent_for_too_long(start):
    server = start(ping=1)
    socks = [open_socket(server, "/abandons?%d" % pause) for pause in range(1800, 3000, 200)]
    for s in socks:
        with s:
            harness.receive_all(s)
    wait_for(lambda: not server.get("/stats").json()["sockets"])


def test_silent_clients_are_asked_and_then_dropped(start):
    server = start(ping=1)
    with open_socket(server) as answers, open_socket(server) as silent, open_socket(server, "/pushes") as listens:
        for _ in range(4):
            assert receive(answers, 2) == back(PING)
            answers.sendall(out(PONG))
        received = harness.receive_all(silent)
        assert received == back(PING)
        assert receive(listens, 3 * 40) == back(TEXT, "x") * 40, "a handler that only sends has no silent client"
        answers.sendall(out(TEXT, "a"))
        while not receive(answers, 1).endswith(b"a"):
            pass
        assert server.get("/stats").json()["ended"] == [1006]


def test_clients_are_asked_and_dropped_although_there_was_no_memory(start):
    server = start(ping=1)
    with open_socket(server) as silent:
        assert server.get("/no-memory").status == 200
        assert harness.receive_all(silent) == back(PING)
    wait_for(lambda: not server.get("/stats").json()["sockets"])


def test_a_socket_that_there_is_no_memory_to_close_is_closed(start):
    server = start(limit=2)
    for _ in range(4):
        with open_socket(server, "/no-close") as s:
            assert not harness.receive_all(s)
    wait_for(lambda: not server.get("/stats").json()["sockets"])


def test_a_task_may_send_while_another_does(start):
    server = start()
    with open_socket(server, "/room") as a, open_socket(server, "/room") as b:
        a.sendall(out(TEXT, "from a") * 50)
        b.sendall(out(TEXT, "from b") * 50)
        for s in a, b:
            received = receive(s, 100 * 8)
            assert received.count(back(TEXT, "from a")) == received.count(back(TEXT, "from b")) == 50


def test_more_than_the_buffers_of_the_kernel(start):
    """A client that reads late gets all of it."""
    server = start()
    with open_socket(server, "/large") as s:
        s.sendall(out(TEXT, "300000") * 2)
        time.sleep(0.3)
        expected = back(BINARY, bytes(300000)) * 2
        assert receive(s, len(expected)) == expected


def test_a_client_that_takes_nothing(start):
    """send() fails even if the client still sends."""
    server = start()
    with open_socket(server, "/floods") as s:
        def check():
            s.sendall(out(TEXT, "a"))
            return "no send" in server.get("/stats").json()["ended"]
        wait_for(check)
    wait_for(lambda: not server.get("/stats").json()["sockets"])


# The library websockets

client = pytest.importorskip("websockets.sync.client")
exceptions = pytest.importorskip("websockets.exceptions")

MESSAGES = ["", "a", "żółw 🐢", "x" * 125, "x" * 126, "y" * 65536, b"", b"\0\xff" * 1000]


def converse(url):
    with client.connect(url, max_size=None) as ws:
        for message in MESSAGES:
            ws.send(message)
            assert ws.recv(10) == message
        ws.send(["in ", "several ", "", "frames"])
        assert ws.recv(10) == "in several frames"
        assert ws.ping().wait(10)
    assert (ws.close_code, ws.protocol.close_rcvd.code) == (1000, 1000)


def failing(url, message):
    with client.connect(url) as ws, pytest.raises(exceptions.ConnectionClosed) as caught:
        ws.send(message)
        ws.recv(10)
    return caught.value.rcvd.code, caught.value.rcvd.reason


def check_library(server):
    url = "ws://127.0.0.1:%d" % server.port
    converse(url + "/echo")
    converse(url + "/generator")
    assert failing(url + "/fails", "a") == (1011, "")
    assert failing(url + "/closes", "a") == (4001, "żółw")
    assert failing(url + "/echo", "x" * 70001) == (1009, "")
    with pytest.raises(exceptions.InvalidHandshake):
        client.connect(url + "/nothing")
    wait_for(lambda: not server.get("/stats").json()["sockets"])


def test_the_library(start):
    check_library(start())


def test_the_library_under_asgi():
    app = APP.replace("LIMIT", "20").replace("PING", "1").replace("MAX", "70000")
    path = [os.path.dirname(os.path.dirname(sys.modules["websockets"].__file__))]
    with harness.Server(Uvicorn(), app, path=path) as server:
        check_library(server)
        with client.connect("ws://127.0.0.1:%d/echo" % server.port) as ws:
            time.sleep(2.5)  # longer than silent clients have: the ASGI server has its own pings
            ws.send("still there")
            assert ws.recv(10) == "still there"
        with pytest.raises(exceptions.InvalidStatus) as caught:
            client.connect("ws://127.0.0.1:%d/stats/" % server.port)
        assert caught.value.response.status_code == 404


# Fuzzing

def mutated(rng):
    """Valid frames with bytes changed, removed or added; or random bytes."""
    data = b"".join(rng.choice(rng.choice((GOOD, ENDS)))[-2] for _ in range(rng.randrange(1, 4)))[:3000]
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(data) + 1)
        data = data[:at] + bytes(rng.randrange(256) for _ in range(rng.randrange(3))) + data[at + rng.randrange(3):]
    return rng.choice((data, data, data, bytes(rng.randrange(256) for _ in range(rng.randrange(200)))))


def heap_at_rest(server):
    wait_for(lambda: not server.get("/stats").json()["sockets"])
    time.sleep(1)  # for so long, the task of a closed socket keeps its memory
    return min(server.get("/stats").json()["heap"] for _ in range(3))


def test_fuzz(start):
    server = start(debug="-1", largest=5000)
    rng = random.Random(SEED)
    levels = []
    for i in range(INPUTS):
        # Closed sockets keep their places for a moment, so a newcomer may have to try again.
        with harness.patiently(lambda: open_socket(server)) as s:
            s.settimeout(5)
            data = mutated(rng)
            harness.send_pieces(s, [data, out(CLOSE)])
            with contextlib.suppress(OSError):  # a reset, for what was sent after a close
                s.shutdown(socket.SHUT_WR)
                if rng.randrange(3):  # the others leave without reading
                    s.recv(65536)
        if i in (INPUTS // 3, INPUTS * 2 // 3, INPUTS - 1):
            levels.append(heap_at_rest(server))
    # MicroPython's collector holds 20 KB of a closed socket now and then, for some thousand inputs; a leak would go on.
    first, second, third = levels
    assert min(second - first, third - second) < 4096, "the heap has grown: %r" % levels
    with open_socket(server) as s:
        s.sendall(out(TEXT, "alive"))
        assert receive(s, 7) == back(TEXT, "alive")
    assert not re.search("Traceback|Error", server.log()), server.log()
