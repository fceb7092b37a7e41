"""A hostile client: python3 tests/hostile.py HOST PORT [--inputs N] [--seed N] [--only ATTACK] [--path /]

Each attack sends a number of inputs; whatever comes back has to be well-formed HTTP or a clean close. After each attack
(and during it, where connections are held open) an ordinary client asks for the page at --path: the answer has to be what it was
before, within --within seconds. Nothing here knows picoweb; the pages that tests/apps/hostile_app.py has besides are asked for too, and
may as well be 404. The seed that is printed repeats a run. Exit status 1: the server has failed.
"""

import argparse
import contextlib
import errno
import itertools
import os
import random
import re
import resource
import select
import socket
import struct
import subprocess
import sys
import time

# How many seconds the client waits at most until the server has answered or closed.
PATIENCE = 8
# Talks at a time: less than any server's limit.
AT_ONCE = 6
# After this many seconds without an answer, an ordinary client checks how busy the machine is.
LATE = 0.3
# Seconds from connecting to sending: a client that takes longer may be evicted, and asks again.
SOON = 0.005
# How often an ordinary client asks for one page when it was the machine that was late; and in all, besides one in TENTH answers.
# A server that is late by itself is found in spite of these excuses.
TRIES = 5
EXCUSES = 10
TENTH = 10
HELLO = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: hostile\r\nAccept: */*\r\n\r\n"
FORM = (b"POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 23\r\n\r\nname=caf%C3%A9&a=1&a=+2")
SEEDS = (
    HELLO, FORM,
    b"GET /query?a=1&b=%20&a=3 HTTP/1.0\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
    b"GET /static/hello.txt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\n\r\n",
    b"GET /static/hello.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=1-3\r\nIf-Range: \"6-1\"\r\n\r\n",
    b"GET /static/hello.txt HTTP/1.1\r\nHost: a\r\nIf-None-Match: W/\"a,b\", \"6-1\"\r\nIf-Match: *\r\n\r\n",
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
        self.asked = 0
        self.stalls = 0
        self.page = None
        self.crowd = Crowd(self, 0)

    def connect(self, receive_buffer=None, wait=True):
        s = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(PATIENCE if wait else 0)
        try:
            s.connect(self.address)
        except BlockingIOError:
            pass
        except OSError as e:
            s.close()
            raise Bad("cannot connect: %r" % e)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def send(self, data):
        """A connection over which data was sent; the server may have closed it before all of it arrived."""
        self.inputs += 1
        s = self.connect()
        with contextlib.suppress(ConnectionError):
            s.sendall(data)
        return s

    def talk(self, data):
        """Send data and nothing else; return the reply, which has been checked."""
        return self.talk_all([data])[0]

    def talk_all(self, inputs, at_once=AT_ONCE):
        """talk() with each of the inputs, several at a time, so that one does not wait while another makes the server wait."""
        inputs, replies, talks, poll = iter(inputs), [], {}, select.poll()
        try:
            while True:
                for data in itertools.islice(inputs, at_once - len(talks)):
                    talk = Talk(self, data)
                    talks[talk.s.fileno()] = talk
                    poll.register(talk.s, select.POLLIN | select.POLLOUT)
                if not talks:
                    return replies
                poll_once(poll, talks)
                for fd, talk in list(talks.items()):
                    if talk.how:
                        poll.unregister(fd)
                        del talks[fd]
                        replies.append(talk.end())
        finally:
            for talk in talks.values():
                talk.s.close()

    def reply(self, s, data=b"", wait=PATIENCE):
        raw, how = receive(s, wait)
        return self.check(raw, how, data)

    def check(self, raw, how, data):
        if how == "open":
            raise Bad("no end after some seconds of the reply to %s: %r" % (short(data), raw[-200:]))
        check_reply(raw, how, data)
        for secret in self.secrets:
            if secret in raw:
                raise Bad("%s gave away %r" % (short(data), raw[:200]))
        return raw

    def ask(self):
        """Ask for a page as an ordinary client does; return the seconds that it took. If the machine was the cause of a late answer, ask again."""
        for _ in range(TRIES):
            self.asked += 1
            took, stalled = self._ask()
            if took <= self.within or not stalled:
                break
            self.stalls += 1
            if self.stalls > EXCUSES + self.asked // TENTH:
                raise Bad("%d of %d answers were late" % (self.stalls, self.asked))
        self.slowest = max(self.slowest, took)
        self.worst = max(self.worst, took)
        if took > self.within:
            raise Bad("an ordinary client waited %.2f s" % took)
        return took

    def stall_note(self):
        return ", %d answers asked for again because the machine was busy" % self.stalls if self.stalls else ""

    def _ask(self):
        start = time.monotonic()
        talk = Talk(self, b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % self.path.encode(), half_close=False)
        self.inputs -= 1
        control = None
        try:
            while not talk.how:
                self.crowd.wait(talk, 0.1)
                if not control and time.monotonic() - start > LATE:
                    control = Control()
        finally:
            talk.s.close()
            stalled = control.stalled() if control else False
        took = time.monotonic() - start
        if not talk.raw and talk.delay > SOON:
            return self.within + 1, True
        check_reply(talk.raw, talk.how, talk.data)
        if self.page is None and talk.raw[8:13] == b" 200 ":
            self.page = talk.raw
        if talk.raw != self.page or talk.how != "closed":
            raise Bad("an ordinary client got %r (%s) after %.2f s" % (talk.raw[:300], talk.how, took))
        return took, stalled


class Talk:
    """A connection that sends data, says that this was all, and takes the reply. `how` is set at its end: "closed", "reset" or "open"."""

    def __init__(self, client, data, half_close=True):
        client.inputs += 1
        self.client = client
        self.data = data
        self.raw = b""
        self.how = None
        self.ends = time.monotonic() + PATIENCE
        self._half_close = half_close
        self._sent = 0
        self.events = select.POLLIN | select.POLLOUT
        start = time.monotonic()
        self.s = client.connect(wait=False)
        self.step(select.POLLOUT)
        # A client that cannot send right after connecting is not an ordinary one.
        self.delay = time.monotonic() - start

    def step(self, event):
        """Do what can be done now; `events` is what to wait for after that."""
        try:
            if self.events & select.POLLOUT and event & (select.POLLOUT | select.POLLERR | select.POLLHUP):
                self._send()
            if event & (select.POLLIN | select.POLLERR | select.POLLHUP):
                data = self.s.recv(262144)
                self.raw += data
                self.how = None if data else "closed"
        except BlockingIOError:
            pass
        except OSError as e:
            if e.errno != errno.ENOTCONN:
                self.how = "reset"

    def _send(self):
        with contextlib.suppress(ConnectionError):  # the server may close before it has all; what it answered is there to read
            self._sent += self.s.send(memoryview(self.data)[self._sent:self._sent + 262144])
            if self._sent < len(self.data):
                return
        self.events = select.POLLIN
        if self._half_close:
            with contextlib.suppress(OSError):
                self.s.shutdown(socket.SHUT_WR)

    def end(self):
        self.s.close()
        return self.client.check(self.raw, self.how, self.data)


def poll_once(poll, talks, seconds=1):
    """Let those of the talks (by descriptor) go on that can, and end those whose time is up."""
    for fd, event in poll.poll(seconds * 1000):
        talk = talks.get(fd)
        if talk:
            talk.step(event)
            poll.modify(fd, talk.events)
    now = time.monotonic()
    for talk in talks.values():
        if not talk.how and now > talk.ends:
            talk.how = "open"


class Control:
    """A process that wants the CPU and nothing else, while an ordinary client waits for its answer: what keeps it waiting keeps the
    server waiting too, and is none of the server's doing."""

    SPIN = """
import select, sys, time
while not select.select([0], [], [], 0)[0]:
    pass
print(time.process_time())
"""

    def __init__(self):
        self._start, self._stolen = time.monotonic(), stolen()
        self._process = subprocess.Popen([sys.executable, "-S", "-E", "-c", self.SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def stalled(self):
        """Whether it got less than four fifths of a CPU; ends it."""
        passed = time.monotonic() - self._start
        lost = stolen() - self._stolen
        worked = float(self._process.communicate(b"\n")[0])
        return worked - lost < passed * 0.8


def stolen():
    """Seconds of CPU time that the host took from a virtual machine, as far as it tells."""
    try:
        with open("/proc/stat") as f:
            return int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0


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
    """Connections that are held open, as many as the server allows: those that it closes are reopened.

    `first` is sent at once; after that, `drip` `size` bytes each `tenths` of a second, or `flood` as fast as it is taken. With `greedy`, what
    comes back is left where it is. No more than `rate` are opened a second. All this goes on while somebody waits with wait() or spend().
    """

    def __init__(self, client, number, first=b"", drip=b"", flood=b"", greedy=False, tenths=10, size=1, rate=500):
        self.client = client
        self.number = number
        self.first = first
        self.drip = drip
        self.flood = flood
        self.greedy = greedy
        self.tenths = tenths
        self.size = size
        self.rate = rate
        self.opened = 0
        self._tenth = 0
        self._socks = {}
        self._poll = select.poll()

    def __enter__(self):
        self._started = self._ticked = time.monotonic()
        self.client.crowd = self
        # Most of them have to be there before anybody asks for a page.
        while self.opened < self.number and time.monotonic() < self._started + 2:
            self.spend(0.02)
        self.client.inputs += self.number
        return self

    def __exit__(self, *exc):
        self.client.crowd = Crowd(self.client, 0)
        for s, _ in self._socks.values():
            s.close()

    def spend(self, seconds):
        """Use this in place of sleeping."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._turn()

    def wait(self, talk, seconds):
        """Continue a talk for some seconds, or to its end."""
        end = time.monotonic() + seconds
        fd = talk.s.fileno()
        self._poll.register(fd, talk.events)
        while not talk.how and time.monotonic() < end:
            self._turn(talk)
        self._poll.unregister(fd)

    def _turn(self, talk=None):
        if self.number:
            self._fill()
        for fd, event in self._poll.poll(5):
            if fd in self._socks:
                self._serve(fd, event)
            else:
                talk.step(event)
                self._poll.modify(fd, talk.events)
        if talk and not talk.how and time.monotonic() > talk.ends:
            talk.how = "open"

    def _fill(self):
        now = time.monotonic()
        due = int((now - self._started) * self.rate) - self.opened
        for _ in range(min(due, self.number - len(self._socks))):
            self._open()
        if self.drip and now - self._ticked > 0.1:
            self._ticked = now
            self._drip()

    def _open(self):
        s = self.client.connect(2048 if self.greedy else None, wait=False)
        self._socks[s.fileno()] = [s, 0]  # how much of the drip, or whether the first, was sent
        self._poll.register(s.fileno(), self._wanted() | (select.POLLOUT if self.first else 0))
        self.opened += 1

    def _wanted(self):
        # POLLHUP and POLLERR are told at any time.
        return (0 if self.greedy else select.POLLIN) | (select.POLLOUT if self.flood else 0)

    def _serve(self, fd, event):
        entry = self._socks[fd]
        s = entry[0]
        try:
            if event & select.POLLOUT:
                s.send(self.flood if entry[1] else self.first)
                entry[1] = 1
                self._poll.modify(fd, self._wanted())
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR) and (self.greedy or not s.recv(65536)):
                raise ConnectionError
        except BlockingIOError:
            pass
        except OSError:
            self._poll.unregister(fd)
            del self._socks[fd]
            s.close()

    def _drip(self):
        self._tenth = (self._tenth + 1) % self.tenths
        for fd, entry in self._socks.items():
            if fd % self.tenths == self._tenth:
                with contextlib.suppress(OSError):
                    i = entry[1] % len(self.drip)
                    entry[0].send(self.drip[i:i + self.size])
                    entry[1] += self.size


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
    with Crowd(client, count) as crowd:
        for _ in range(5):
            client.ask()
            crowd.spend(0.02)


@attack(100)
def one_byte_a_second(client, count):
    with Crowd(client, count, drip=HELLO * 10) as crowd:
        for _ in range(10):
            client.ask()
            crowd.spend(0.1)


@attack(50)
def slow_bodies(client, count):
    with Crowd(client, count, b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"x") as crowd:
        for _ in range(10):
            client.ask()
            crowd.spend(0.1)


@attack(50)
def trickled_requests(client, count):
    """None of them is silent for long."""
    for first in b"GET / HTTP/1.0\r\nA: ", b"POST /upload HTTP/1.0\r\nContent-Length: 8000\r\n\r\n":
        with Crowd(client, count // 2, first, b"x", tenths=1) as crowd:
            for _ in range(3):
                client.ask()
                crowd.spend(0.1)


@attack(200)
def half_closed(client, count):
    """The end of the stream after each length of a request."""
    rows = [data[:n] for data in (HELLO, FORM) for n in range(len(data) + 1)]
    client.rng.shuffle(rows)
    client.talk_all(rows[i % len(rows)] for i in range(count))


@attack()
def resets(client, count):
    """A reset in the middle of the head, of the body, and of the response."""
    for _ in range(count):
        data = client.rng.choice((HELLO, FORM, b"GET /big HTTP/1.0\r\n\r\n", b"GET /raise/late HTTP/1.0\r\n\r\n"))  # a handler that sleeps would keep its place
        s = client.send(data[:client.rng.choice((client.rng.randrange(len(data)), len(data)))])
        pause = client.rng.choice((0, 0, 0, 0.001, 0.01))
        if pause:
            time.sleep(pause)
            if client.rng.random() < 0.5:
                s.settimeout(0)
                with contextlib.suppress(OSError):
                    s.recv(client.rng.choice((1, 100, 10000)))
        reset(s)


@attack(60)
def never_reads(client, count):
    """Clients that ask but do not read the answer, with small receive buffers."""
    for path, number in (b"/big", count // 2), (b"/endless", count - count // 2):
        with Crowd(client, number, b"GET %s HTTP/1.0\r\n\r\n" % path, greedy=True) as crowd:
            for _ in range(3):
                client.ask()
                crowd.spend(0.1)


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
    """A head that goes on until the server stops it; a server that reads 4 MB has no bounds."""
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
    """A body that is sent as fast as possible must not starve the others."""
    for _ in range(count):
        _ask_beside(client, b"PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n", flood=b"x" * 65536)


@attack(2)
def fast_downloads(client, count):
    """The same for an endless response to a fast client."""
    for _ in range(count):
        _ask_beside(client, b"GET /endless HTTP/1.0\r\n\r\n")


def _ask_beside(client, first, **options):
    with Crowd(client, 1, first, **options) as crowd:
        for _ in range(3):
            crowd.spend(0.1)
            client.ask()


def _named(name, rows, most=None):
    """An attack that sends these inputs, as often as it takes."""
    def send(client, count):
        client.talk_all(rows[i % len(rows)] for i in range(count))
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
    """Files outside the static folder, by every spelling of the way up."""
    client.talk_all(_climb(client.rng) for _ in range(count))


def _climb(rng):
    slash, wanted = rng.choice(_SLASHES), rng.choice(_WANTED)
    way = slash.join([rng.choice(_CLIMBS) for _ in range(rng.choice((1, 2, 3, 12)))] + [wanted])
    start = rng.choice(("/static/", "/static", "/", "/static//", "/static/%00", "/static/./", "/static/sub/", "/static/sub/..%2f..%2f",
                        "http://a/static/", "/static%2f", "//static/", "/%73tatic/", "/static/hello.txt/", "/static/" + "/"))
    if rng.random() < 0.2:
        way = rng.choice(("/etc/passwd", "%2fetc%2fpasswd", "//etc/passwd", "/./etc/passwd", "file:///etc/passwd",
                          os.path.abspath(__file__), ".", "", "/", "%00", "secret.txt%00.html", "hello.txt%00", "a" * 300,
                          "con", "a:b", "~root", "$HOME", "*", "sub", "sub/", "link.txt"))
    return b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % (start + way + rng.choice(("", "", "%00", "?x", "/", "%00.txt"))).encode("latin-1")


_BREAKS = ("%0d%0aX-Injected:%201", "%0aX-Injected:1", "%0dX-Injected:1", "%0d%0a%0d%0aX-Injected:1", "%0d%0a%20X-Injected:1", "%E5%98%8A%E5%98%8DX-Injected:1",
           "%c0%8d%c0%8aX-Injected:1", "%00%0d%0aX-Injected:1", "a%0d%0aX-Injected:1%0d%0a", "%0b%0cX-Injected:1", "%e2%80%a8X-Injected:1", "%0d%0a")


_INJECTIONS = ["/inject?how=%s&value=a%s" % (how, value) for value in _BREAKS for how in (
    "redirect", "type", "status", "name", "dict", "pairs", "error", "raised", "file", "file-headers")] + ["/" + value for value in _BREAKS]
# Line ends in whatever may come back in a head.
_named("injection", [b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode() for path in _INJECTIONS])


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
    """Connections that are closed as soon as they are established."""
    for _ in range(count):
        client.send(b"").close()


@attack(100)
def failing_handlers(client, count):
    whats = ("", "os", "memory", "unprintable", "stop", "gone")
    wheres = ("before", "plain", "head", "middle", "closed", "late", "value", "yield", "import", "template")
    paths = ["/raise/%s?%s" % (where, what) for where in wheres for what in whats]
    paths += ["/broken/?" + what for what in whats] + ["/storage", "/storage?all", "/memory"]
    client.rng.shuffle(paths)
    client.talk_all(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % paths[i % len(paths)].encode() for i in range(count))


@attack()
def noise(client, count):
    """Binary noise, half of it after a request line."""
    rng = client.rng
    sizes = (rng.choice((1, 10, 100, 1000, 5000)) * 8 for _ in range(count))
    client.talk_all(i % 2 * b"GET / HTTP/1.1\r\n" + rng.getrandbits(size).to_bytes(size // 8, "big") for i, size in enumerate(sizes))


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
    client.talk_all(mutate(client.rng, client.rng.choice(SEEDS)) for _ in range(count))


# Runs

def counts(inputs, only=None):
    """How many of `inputs` each attack is to send: those without a bound share what the others leave."""
    names = [name for name in ATTACKS if not only or name in only]
    share = max(inputs // len(names), 1)
    numbers = {name: min(share, ATTACKS[name][1] or share) for name in names}
    free = [name for name in names if not ATTACKS[name][1]]
    left = max(inputs - sum(numbers.values()), 0)
    for name in free:
        numbers[name] += -(-left // len(free))
    return numbers


def run(host, port, inputs=1000, seed=None, only=None, report=None, kind=Client, **options):
    """Run the attacks; return the client, with what it has seen, and a list of what went wrong."""
    seed = random.randrange(1 << 32) if seed is None else seed
    client = kind(host, port, seed, **options)
    failures = []
    client.ask()
    numbers = counts(inputs, only)
    for name, number in numbers.items():
        before, client.slowest, start = client.inputs, 0, time.monotonic()
        # Each attack has its own random sequence, so that one can be repeated without the others.
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
    print("%d inputs, %d failures%s" % (client.inputs, len(failures), client.stall_note()))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
