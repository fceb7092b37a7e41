"""A hostile client: python3 tests/hostile.py HOST PORT [--inputs N] [--seed N] [--only ATTACK] [--path /]

Each attack sends a number of inputs; whatever comes back has to be well-formed HTTP or a clean close. After each attack
(and during it, where connections are held open) an ordinary client asks for the page at --path: the answer has to be what it was
before, within --within seconds. Nothing here knows picoweb; the pages that tests/apps/hostile_app.py has besides are asked for too, and
may as well be 404. The seed that is printed repeats a run. Exit status 1: the server has failed.
"""

import argparse
import contextlib
import os
import random
import re
import resource
import select
import socket
import struct
import sys
import threading
import time

# What the client waits for at most, in s, until the server has answered or closed.
PATIENCE = 8
HELLO = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: hostile\r\nAccept: */*\r\n\r\n"
FORM = (b"POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 23\r\n\r\nname=caf%C3%A9&a=1&a=+2")
SEEDS = (
    HELLO, FORM,
    b"GET /query?a=1&b=%20&a=3 HTTP/1.0\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
    b"GET /static/hello.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\n\r\n",
    b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + b"0123456789" * 4,
    b"POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n{\"a\": [1, null]}",
    b"GET http://127.0.0.1/headers HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n",
    b"POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /lines HTTP/1.1\nHost: a\nX: y\n\n",
)
# The first bytes of a TLS 1.2 client hello, and of an HTTP/2 connection with its settings frame.
TLS = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + bytes.fromhex("20") + bytes(32) + bytes.fromhex("0004130113020100")
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

_HEAD = re.compile(rb"HTTP/1\.[01] [1-5][0-9][0-9] [^\r\n\0]*\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z\x80-\xff-]+:[^\r\n\0]*\r\n)*\r\n")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)\r\n")


class Bad(Exception):
    """What a server must not do."""


class Client:
    """The attacker's side of the server at an address, and what it has seen so far."""

    def __init__(self, host, port, seed, path="/", within=1.0, secrets=(b"root:",)):
        self.address = host, port
        self.seed = seed
        self.rng = random.Random(seed)
        self.path = path
        self.within = within
        self.secrets = secrets
        self.inputs = 0
        self.slowest = 0
        self.worst = 0
        self.page = None

    def connect(self, receive_buffer=None):
        s = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(PATIENCE)
        try:
            s.connect(self.address)
        except OSError as e:
            s.close()
            raise Bad("cannot connect: %r" % e)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def send(self, data):
        """A connection that data went over; the server may have closed it before it had all."""
        self.inputs += 1
        s = self.connect()
        with contextlib.suppress(ConnectionError):
            s.sendall(data)
        return s

    def talk(self, data, wait=PATIENCE):
        """Send data and no more; the reply, which has been checked."""
        with self.send(data) as s:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_WR)
            return self.reply(s, data, wait)

    def reply(self, s, data=b"", wait=PATIENCE):
        raw, how = receive(s, wait)
        if how == "open":
            raise Bad("no end after %d s of the reply to %s: %r" % (wait, short(data), raw[-200:]))
        check_reply(raw, how, data)
        for secret in self.secrets:
            if secret in raw:
                raise Bad("%s gave away %r" % (short(data), raw[:200]))
        return raw

    def ask(self):
        """What an ordinary client does; the seconds that it took."""
        start = time.monotonic()
        with self.connect() as s:
            s.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % self.path.encode())
            raw, how = receive(s, PATIENCE)
        took = time.monotonic() - start
        self.slowest = max(self.slowest, took)
        self.worst = max(self.worst, took)
        check_reply(raw, how, b"GET " + self.path.encode())
        if self.page is None:
            self.page = raw
        if raw != self.page or how != "closed":
            raise Bad("an ordinary client got %r (%s) after %.2f s" % (raw[:300], how, took))
        if took > self.within:
            raise Bad("an ordinary client waited %.2f s" % took)
        return took


def receive(s, wait):
    """All that comes within `wait` seconds, and whether then the connection is "closed", "reset" or "open"."""
    raw = []
    end = time.monotonic() + wait
    while True:
        s.settimeout(max(end - time.monotonic(), 0.001))
        try:
            data = s.recv(65536)
        except socket.timeout:
            return b"".join(raw), "open"
        except OSError:
            return b"".join(raw), "reset"
        if not data:
            return b"".join(raw), "closed"
        raw.append(data)


def check_reply(raw, how, data):
    """Nothing at all, or well-formed HTTP; a reset may cut it short."""
    if not raw:
        return
    rest = raw
    while rest.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
        rest = rest[25:]
    head = _HEAD.match(rest)
    if not head:
        if how == "reset" or not rest:
            return
        raise Bad("the reply to %s is no HTTP: %r" % (short(data), raw[:200]))
    if re.search(rb"(?i)\nx-injected", head.group()):
        raise Bad("%s put a field into the head: %r" % (short(data), raw[:300]))
    length = _LENGTH.search(head.group())
    size = len(rest) - head.end()
    if length and size and size != int(length.group(1)) and how == "closed":
        raise Bad("the reply to %s has %d bytes, and not as many as it says: %r" % (short(data), size, raw[:200]))


def short(data):
    return repr(data) if len(data) < 400 else "%r... (%d bytes)" % (data[:400], len(data))


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Crowd:
    """Connections that are held open, as many as the server lets be: whichever it closes is opened anew.

    `first` is sent at once, and `drip` a byte a second after that.
    """

    RATE = 500

    def __init__(self, client, number, first=b"", drip=b""):
        self.client = client
        self.number = number
        self.first = first
        self.drip = drip
        self.ended = False
        self.opened = 0
        self._socks = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._poll = select.poll()
        self._thread.start()
        # Most of them have to be there before anybody asks for a page.
        end = time.monotonic() + 2
        while self.opened < self.number and time.monotonic() < end:
            time.sleep(0.05)
        return self

    def __exit__(self, *exc):
        self.ended = True
        self._thread.join()

    def _open(self):
        s = socket.socket()
        s.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            s.connect(self.client.address)
        self._socks[s.fileno()] = [s, 0]
        self._poll.register(s.fileno(), select.POLLIN | (select.POLLOUT if self.first else 0))
        self.opened += 1
        self.client.inputs += 1

    def _run(self):
        started = ticked = time.monotonic()
        while not self.ended:
            # No more than RATE a second: who connects as fast as it is turned away needs no 500 connections for that.
            due = int((time.monotonic() - started) * self.RATE) - self.opened
            for _ in range(min(due, self.number - len(self._socks))):
                self._open()
            for fd, event in self._poll.poll(5):
                self._serve(fd, event)
            if self.drip and time.monotonic() - ticked > 1:
                ticked = time.monotonic()
                self._drip()
        for s, _ in self._socks.values():
            s.close()

    def _serve(self, fd, event):
        s, _ = self._socks[fd]
        try:
            if event & select.POLLOUT:
                s.send(self.first)
                self._poll.modify(fd, select.POLLIN)
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR) and not s.recv(65536):
                raise ConnectionError
        except BlockingIOError:
            pass
        except OSError:
            self._poll.unregister(fd)
            del self._socks[fd]
            s.close()

    def _drip(self):
        for entry in self._socks.values():
            with contextlib.suppress(OSError):
                i = entry[1] % len(self.drip)
                entry[0].send(self.drip[i:i + 1])
                entry[1] += 1


# Attacks. Each is called with a client and the number of inputs it is to send.

ATTACKS = {}


def attack(most=None):
    """Marks an attack. `most` bounds the inputs of one that takes its time."""
    def mark(function):
        ATTACKS[function.__name__] = function, most
        return function
    return mark


@attack(100)
def idle(client, count):
    with Crowd(client, count):
        for _ in range(5):
            client.ask()


@attack(100)
def one_byte_a_second(client, count):
    with Crowd(client, count, drip=HELLO * 10):
        end = time.monotonic() + 1.7
        while time.monotonic() < end:
            client.ask()
            time.sleep(0.1)


@attack(50)
def slow_bodies(client, count):
    first = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
    with Crowd(client, count, first=first, drip=b"x"):
        end = time.monotonic() + 1.7
        while time.monotonic() < end:
            client.ask()
            time.sleep(0.1)


@attack(200)
def half_closed(client, count):
    """The end of the stream after each length of a request."""
    for data in HELLO, FORM:
        lengths = list(range(len(data) + 1))
        client.rng.shuffle(lengths)
        for n in lengths[:max(count // 2, 1)]:
            client.talk(data[:n])


@attack()
def resets(client, count):
    """A reset in the middle of the head, of the body, and of the response."""
    for _ in range(count):
        data = client.rng.choice((HELLO, FORM, b"GET /big HTTP/1.0\r\n\r\n", b"GET /slow HTTP/1.0\r\n\r\n"))
        s = client.send(data[:client.rng.choice((client.rng.randrange(len(data)), len(data)))])
        pause = client.rng.choice((0, 0, 0, 0.001, 0.01))
        if pause:
            time.sleep(pause)
            if client.rng.random() < 0.5:
                s.settimeout(0)
                with contextlib.suppress(OSError):
                    s.recv(client.rng.choice((1, 100, 10000)))
        reset(s)


@attack(30)
def never_reads(client, count):
    """Clients that ask and take no answer, each with little room for one."""
    socks = []
    try:
        for i in range(count):
            client.inputs += 1
            s = client.connect(receive_buffer=2048)
            socks.append(s)
            s.sendall(b"GET %s HTTP/1.0\r\n\r\n" % (b"/big", b"/endless")[i % 2])
        # Each of them has a second to take something, before it gives way.
        within, client.within = client.within, client.within + 1
        client.ask()
        client.within = within
        client.ask()
    finally:
        for s in socks:
            s.close()


@attack(4)
def long_lines(client, count):
    """A megabyte of request line, with and without its end."""
    for i in range(count):
        end = b" HTTP/1.1\r\n\r\n" if i % 2 else b""
        client.talk(b"GET /" + (b"a", b"/", b"%41", b"?")[i % 4] * (1000000 // (3 if i % 4 == 2 else 1)) + end)


@attack(3)
def many_fields(client, count):
    for i in range(count):
        line = (b"X-%d: y\r\n" if i else b"a:%d\n")
        client.talk(b"GET /headers HTTP/1.1\r\n" + b"".join(line % n for n in range(10000)) + b"\r\n")


@attack(5)
def endless_heads(client, count):
    """A head that goes on until the server has enough; 4 MB are a server's without bounds."""
    parts = (b"X: y\r\n" * 200, b"x" * 1000, b"\r\n" * 500, b"\0" * 1000, b": \n" * 300)
    for part in parts[:count]:
        client.inputs += 1
        sent = 0
        with client.connect() as s:
            with contextlib.suppress(ConnectionError):
                s.sendall(b"" if part[:1] == b"\r" else b"GET /headers HTTP/1.1\r\n")
                while sent < 4000000:
                    s.sendall(part)
                    sent += len(part)
                    if select.select([s], [], [], 0)[0]:
                        break
                else:
                    raise Bad("%d bytes of a head were taken: %r..." % (sent, part[:20]))
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_WR)
            client.reply(s, part)


@attack(2)
def fast_uploads(client, count):
    """A body that comes as fast as it is taken must leave the others their turn."""
    for i in range(count):
        client.inputs += 1
        with client.connect() as s:
            s.sendall(b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n")
            pump = threading.Thread(target=_pump, args=(s, 1), daemon=True)
            pump.start()
            time.sleep(0.3)
            for _ in range(3):
                client.ask()
            pump.join()


def _pump(s, seconds):
    data = b"x" * 65536
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < end:
            s.send(data)


@attack(2)
def fast_downloads(client, count):
    """The same for a response without an end, to a client that takes it as fast as it comes."""
    for i in range(count):
        client.inputs += 1
        with client.connect() as s:
            s.sendall(b"GET /endless HTTP/1.0\r\n\r\n")
            pump = threading.Thread(target=_drain, args=(s, 1), daemon=True)
            pump.start()
            time.sleep(0.3)
            for _ in range(3):
                client.ask()
            pump.join()


def _drain(s, seconds):
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        while time.monotonic() < end and s.recv(65536):
            pass


def _named(name, rows, most=None):
    """An attack that sends these inputs, as often as it takes."""
    def send(client, count):
        for i in range(count):
            client.talk(rows[i % len(rows)])
    send.__name__ = name
    attack(most)(send)


_LENGTHS = (b"-1", b"+5", b"5 5", b"5, 5", b"5,6", b"0x5", b"5.0", b"1e3", b"five", b"", b" ", b"\t5", b"00005", b"5\r\nContent-Length: 6",
            b"5\r\nContent-Length: 5", b"5\r\nContent-Length: -5", b"99999999999999999999999999", b"9" * 500, b"4294967301",
            b"18446744073709551621", b"5\0", "\u0665".encode(), b"8193", b"8192", b"1000000000",
            b"5\r\nTransfer-Encoding: chunked", b"5\r\nTransfer-Encoding: identity", b"5\r\nTransfer-Encoding : chunked")
_named("content_lengths", [
    b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\nhello" % (path, length)
    for length in _LENGTHS for path in (b"/form", b"/upload", b"/")])

_CHUNKS = (b"5\r\nhello\r\n0\r\n\r\n", b"", b"ffffffffffffffff\r\nx", b"-1\r\n", b"5;x=" + b"y" * 9000 + b"\r\nhello\r\n0\r\n\r\n",
           b"0\r\nX: y\r\n\r\n", b"zz\r\n", b"5\nhello\n0\n\n", b"0\r\n\r\nGET /query HTTP/1.1\r\n\r\n")
_named("chunked", [
    b"POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n\r\n%s" % (path, coding, body)
    for body in _CHUNKS for coding in (b"chunked", b"gzip, chunked", b"xchunked", b"chunked\r\nContent-Length: 5")
    for path in (b"/upload", b"/")])

_named("pipelined", [HELLO * 2, HELLO * 10, HELLO * 200, FORM * 3, FORM + HELLO, HELLO + FORM, HELLO + TLS,
                     b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" * 50, b"GET /big HTTP/1.1\r\n\r\n" * 5,
                     b"HEAD / HTTP/1.1\r\n\r\n" * 5, b"\r\n" * 5 + HELLO, HELLO + b"\r\n" * 2000])

_named("other_protocols", [
    TLS, TLS[:5], TLS * 20, HTTP2, HTTP2 * 9, b"SSH-2.0-OpenSSH_9.2\r\n", b"\x05\x01\x00", b"EHLO a\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x00" * 4096,
    b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04abcd", b"GET /\r\n", b"GET\r\n\r\n", b"\xff\xfe\x00\x01", b"\r\n\r\n\r\n", b"\n", b"\r", b"\0",
    b"OPTIONS rtsp://a/ RTSP/1.0\r\n\r\n", b"<?xml version='1.0'?>\r\n\r\n", b"\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n"])

_named("request_lines", [line + b"\r\nHost: a\r\n\r\n" for line in (
    b"GET / HTTP/1.2", b"GET / HTTP/2.0", b"GET / HTTP/1.10", b"GET / http/1.1", b"GET / HTTP/1.1 ", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 x", b"GET /",
    b" GET / HTTP/1.1", b"GET\t/\tHTTP/1.1", b"G\0T / HTTP/1.1", b"\xff\xff / HTTP/1.1", b"GET \xff\xfe HTTP/1.1", b"GET /\x80 HTTP/1.1", b"GET  HTTP/1.1",
    b"GET * HTTP/1.1", b"GET a HTTP/1.1", b"GET :// HTTP/1.1", b"GET http:// HTTP/1.1", b"GET http://a HTTP/1.1", b"GET ?a HTTP/1.1", b"GET # HTTP/1.1",
    b"CONNECT a:80 HTTP/1.1", b"TRACE / HTTP/1.1", b"get / HTTP/1.1", b"X" * 1000 + b" / HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /%4 HTTP/1.1",
    b"GET /%ff%fe HTTP/1.1", b"GET /?%ff=%fe HTTP/1.1", b"GET /query?" + b"a=1&" * 400 + b" HTTP/1.1", b"GET /query?" + b"&" * 1900 + b" HTTP/1.1",
    b"GET /\r HTTP/1.1", b"GET / HTTP/1.1\r", b"GET /" + b"/" * 1500 + b" HTTP/1.1", b"GET /" + b"%2f" * 600 + b" HTTP/1.1")])

_named("header_lines", [b"GET /headers HTTP/1.1\r\n" + lines + b"\r\n\r\n" for lines in (
    b": x", b" x: y", b"\tx: y", b"x", b"x : y", b"a: b\r\n folded", b"a: b\r\n\tfolded", b"x\0: y", b"x: \0", b"x: \r y", b"\xff: \xff", b"x:y", b"x:", b":",
    b"x: " + b"y" * 3000, b"y" * 3000 + b": x", b"x: y\r\n" * 300 + b"a: b", b"a: b\r\r", b"a: b\n\r", b"cookie: a\r\n" * 100 + b"a: b", b"x\r\n: y",
    b"expect: 100-continue", b"expect: x", b"Expect: 100-continue\r\nContent-Length: 5", b"Connection: Upgrade\r\nUpgrade: websocket",
    b"x: \x7f\x01\x1b[2J", b"Host: a\r\nHost: b", b"content-length", b"content-length:", b"transfer-encoding:")])

_CLIMBS = ("..", "%2e%2e", "%2E.", ".%2e", "..%00", "..%20", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%252e%252e", "..%09", "....", "..;", "%uff0e%uff0e",
           "%f0%80%80%ae%f0%80%80%ae", "..%01", "．．".encode().decode("latin-1"))
_SLASHES = ("/", "%2f", "%2F", "\\", "%5c", "//", "%c0%af", "%e0%80%af", "%252f", "/./", "%2f%2e%2f", "%ef%bc%8f")
_WANTED = ("etc/passwd", "secret.txt", "app.py", "picoweb/__init__.py")


@attack()
def traversal(client, count):
    """What is outside of the static folder, by every spelling of the way up."""
    for i in range(count):
        rng = client.rng
        slash, wanted = rng.choice(_SLASHES), rng.choice(_WANTED)
        way = slash.join([rng.choice(_CLIMBS) for _ in range(rng.choice((1, 2, 3, 12)))] + [wanted])
        start = rng.choice(("/static/", "/static", "/", "/static//", "/static/%00", "/static/./", "/static/sub/", "/static/sub/..%2f..%2f",
                            "http://a/static/", "/static%2f", "//static/", "/%73tatic/", "/static/hello.txt/", "/static/" + "/"))
        if rng.random() < 0.2:
            way = rng.choice(("/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd", "/./etc/passwd", "file:///etc/passwd",
                              os.path.abspath(__file__), ".", "", "/", "%00", "secret.txt%00.html", "hello.txt%00", "a" * 300,
                              "con", "a:b", "~root", "$HOME", "*", "sub", "sub/", "link.txt"))
        client.talk(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % (start + way + rng.choice(("", "", "%00", "?x", "/", "%00.txt"))).encode("latin-1"))


_BREAKS = ("%0d%0aX-Injected:%201", "%0aX-Injected:1", "%0dX-Injected:1", "%0d%0a%0d%0aX-Injected:1", "%0d%0a%20X-Injected:1", "%E5%98%8A%E5%98%8DX-Injected:1",
           "%c0%8d%c0%8aX-Injected:1", "%00%0d%0aX-Injected:1", "a%0d%0aX-Injected:1%0d%0a", "%0b%0cX-Injected:1", "%e2%80%a8X-Injected:1", "%0d%0a")


@attack()
def injection(client, count):
    """Line ends in whatever may come back in a head."""
    hows = ("redirect", "type", "status", "name", "dict", "pairs", "error", "raised", "file", "file-headers")
    for i in range(count):
        value = _BREAKS[i // len(hows) % len(_BREAKS)]
        path = "/inject?how=%s&value=a%s" % (hows[i % len(hows)], value) if i % 7 else "/" + value
        client.talk(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())


@attack(200)
def burst(client, count):
    """Simultaneous clients with whole requests: each gets its page, or gives way."""
    socks = []
    served = 0
    try:
        late = []
        for _ in range(count):
            s = socket.socket()
            socks.append(s)
            s.setblocking(False)
            client.inputs += 1
            try:
                with contextlib.suppress(BlockingIOError):
                    s.connect(client.address)
                s.send(HELLO)
            except OSError:
                late.append(s)
            s.settimeout(PATIENCE)
        for s in late:
            with contextlib.suppress(ConnectionError):
                s.sendall(HELLO)
        for s in socks:
            served += client.reply(s, HELLO)[9:12] == b"200"
    finally:
        for s in socks:
            s.close()
    if served < count * 0.9:
        raise Bad("%d of %d simultaneous clients got their page" % (served, count))


@attack(200)
def closes_at_once(client, count):
    """Connections that are closed as soon as they stand."""
    for _ in range(count):
        client.send(b"").close()


@attack(100)
def failing_handlers(client, count):
    whats = ("", "os", "memory", "unprintable", "stop", "gone")
    wheres = ("before", "plain", "head", "middle", "closed", "late", "value", "yield", "import", "template")
    paths = ["/raise/%s?%s" % (where, what) for where in wheres for what in whats]
    paths += ["/broken/?" + what for what in whats] + ["/storage", "/storage?all", "/memory"]
    client.rng.shuffle(paths)
    for i in range(count):
        client.talk(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % paths[i % len(paths)].encode())


@attack()
def noise(client, count):
    """Binary noise, half of it after a request line."""
    for i in range(count):
        data = bytes(client.rng.getrandbits(8) for _ in range(client.rng.choice((1, 10, 100, 1000, 5000))))
        client.talk(b"GET / HTTP/1.1\r\n" + data if i % 2 else data)


def mutate(rng, data):
    """A valid request with some bytes changed, dropped, doubled or moved."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(data)) if data else 0
        size = rng.choice((1, 1, 1, 2, 8, 32))
        kind = rng.randrange(6)
        if kind == 0:
            data[at:at + 1] = bytes((rng.getrandbits(8),))
        elif kind == 1:
            del data[at:at + size]
        elif kind == 2:
            data[at:at] = data[at:at + size] * rng.choice((1, 2, 40))
        elif kind == 3:
            data[at:at] = rng.choice((b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"%", b"/", b"?", b"..", b"\xff", b"HTTP/1.1", b"\r\n\r\n", b"Content-Length: 9\r\n"))
        elif kind == 4:
            data[at:at + size] = data[at:at + size].swapcase()
        else:
            part = data[at:at + size]
            del data[at:at + size]
            there = rng.randrange(len(data) + 1)
            data[there:there] = part
    return bytes(data)


@attack()
def mutations(client, count):
    for _ in range(count):
        client.talk(mutate(client.rng, client.rng.choice(SEEDS)))


# Runs

def counts(inputs, only=None):
    """How many of `inputs` each attack is to send: those without a bound share what the others leave."""
    names = [name for name in ATTACKS if not only or name in only]
    share = max(inputs // len(names), 1)
    numbers = {name: min(share, ATTACKS[name][1] or share) for name in names}
    free = [name for name in names if not ATTACKS[name][1]]
    left = inputs - sum(numbers.values())
    if free and left > 0:
        for name in free:
            numbers[name] += left // len(free)
    return numbers


def run(host, port, inputs=1000, seed=None, only=None, report=None, rounds=1, **options):
    """Run the attacks; a client that tells what it has seen, and a list of what went wrong."""
    seed = random.randrange(1 << 32) if seed is None else seed
    client = Client(host, port, seed, **options)
    failures = []
    client.ask()
    numbers = counts(inputs, only)
    for name, number in numbers.items():
        before, client.slowest, start = client.inputs, 0, time.monotonic()
        # Each attack has a sequence of its own, so that one can be repeated without the others.
        client.rng = random.Random("%s %s" % (seed, name))
        try:
            ATTACKS[name][0](client, number)
            client.ask()
        except (Bad, OSError) as e:
            failures.append("%s (--only %s --inputs %d --seed %s): %s" % (name, name, number, seed, e or repr(e)))
        if report:
            report("%-18s %5d inputs in %5.1f s, an ordinary client waits %4d ms at most%s" % (
                name, client.inputs - before, time.monotonic() - start, client.slowest * 1000,
                ": FAILED " + failures[-1] if failures and failures[-1].startswith(name + " ") else ""))
    return client, failures


def allow_descriptors(number=4096):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard) if hard != resource.RLIM_INFINITY else number, hard))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", action="append", metavar="ATTACK", choices=sorted(ATTACKS))
    parser.add_argument("--path", default="/")
    parser.add_argument("--within", type=float, default=1.0, metavar="SECONDS")
    args = parser.parse_args()
    allow_descriptors()
    seed = random.randrange(1 << 32) if args.seed is None else args.seed
    print("seed %d" % seed)
    client, failures = run(args.host, args.port, args.inputs, seed, args.only, print, path=args.path, within=args.within)
    print("%d inputs, %d failures" % (client.inputs, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
