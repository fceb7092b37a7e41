"""The hostile client finds the faults of a server: each of these has one fault, and is distinguished from a good server."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

import harness
import hostile

PAGE = b"HTTP/1.0 200 NA\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nup"
CHUNK = b"x" * 65536

hostile.allow_descriptors()


class Toy:
    """A server with a thread for each client; `answer(socket, number)` is called for a client whose request has been read."""

    def __init__(self, answer, at_once=True):
        self.answer = answer
        self.at_once = at_once
        self._socks = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=255)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for s in [self._listener, *self._socks]:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                s = self._listener.accept()[0]
                self._socks.append(s)
                if self.at_once:
                    threading.Thread(target=self._talk, args=(s, len(self._socks)), daemon=True).start()
                else:
                    self._talk(s, len(self._socks))

    def _talk(self, s, number):
        with contextlib.suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data:
                part = s.recv(65536)
                data += part
                if not part or len(data) > 8192:
                    break
            if self.answer(s, number) is not open:
                # Without the rest of what the client sends, its reply would be lost in a reset.
                s.shutdown(socket.SHUT_WR)
                s.settimeout(0.2)
                while len(data) < 200000 and part:
                    part = s.recv(65536)
                    data += part
                s.close()


def says(reply):
    return lambda s, number: s.sendall(reply)


def client_of(toy, **options):
    return hostile.Client("127.0.0.1", toy.port, 1, within=0.4, **options)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(hostile, "PATIENCE", 1)


# Replies

@pytest.mark.parametrize("raw", [
    b"", PAGE, b"HTTP/1.0 200 NA\r\n\r\nup", b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" + PAGE, PAGE[:-2],
], ids=["none", "page", "no-length", "no-body", "continue", "head"])
def test_what_may_come(raw):
    hostile.check_reply(raw, "closed", b"x")


BAD = {
    "no-head": b"up", "no-end": PAGE[:-6], "version": b"HTTP/2 200 NA\r\n\r\n", "status": b"HTTP/1.0 20 NA\r\n\r\n", "no-colon": b"HTTP/1.0 200 NA\r\nup\r\n\r\n",
    "space": b"HTTP/1.0 200 NA\r\nA : b\r\n\r\n", "fold": b"HTTP/1.0 200 NA\r\nA: b\r\n c\r\n\r\n", "lf": b"HTTP/1.0 200 NA\nA: b\n\n", "cr": b"HTTP/1.0 200 NA\r\nA: b\rc\r\n\r\n",
    "nul": b"HTTP/1.0 200 NA\r\nA: \0\r\n\r\n", "short": PAGE[:-1], "long": PAGE + b"!", "two": PAGE + PAGE, "first": b"\r\n" + PAGE,
    "injected": b"HTTP/1.0 302 NA\r\nLocation: a\r\nX-Injected: 1\r\n\r\n", "secret": b"HTTP/1.0 200 NA\r\n\r\nroot:x:0:0", "after-continue": b"HTTP/1.1 100 Continue\r\n\r\nup",
}


@pytest.mark.parametrize("name", BAD)
def test_what_may_not_come(name):
    with Toy(says(BAD[name])) as toy, pytest.raises(hostile.Bad):
        client_of(toy).talk(hostile.HELLO)


# What an ordinary client gets

def silent(s, number):
    time.sleep(1.5)


def late(s, number):
    time.sleep(0.6)
    s.sendall(PAGE)


def stays_open(s, number):
    s.sendall(PAGE)
    return open


def resets(s, number):
    s.sendall(PAGE)
    time.sleep(0.05)
    hostile.reset(s)


def dies(s, number):
    s.sendall(PAGE if number < 3 else b"")


def changes(s, number):
    s.sendall(PAGE if number < 3 else PAGE[:-1] + b"!")


ANSWERS = {"no-page": says(PAGE.replace(b"200", b"500")), "silent": silent, "late": late, "unanswered": says(b""), "open": stays_open, "reset": resets, "error": dies, "another": changes}


def ask_often(client):
    for _ in range(5):
        client.ask()


def test_a_good_server_is_good():
    with Toy(says(PAGE)) as toy:
        client = client_of(toy)
        ask_often(client)
        assert client.talk(hostile.HELLO) == PAGE
        assert client.slowest < 0.4


@pytest.fixture
def excused(monkeypatch):
    """As if the machine were always the cause."""
    stalled = hostile.Control.stalled
    monkeypatch.setattr(hostile, "SOON", -1)
    monkeypatch.setattr(hostile.Control, "stalled", lambda control: stalled(control) or True)


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_an_ordinary_client_does_not_put_up_with(answer):
    with Toy(ANSWERS[answer]) as toy, pytest.raises(hostile.Bad):
        ask_often(client_of(toy))


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_excuse_lasts(excused, answer):
    with Toy(ANSWERS[answer]) as toy, pytest.raises(hostile.Bad):
        ask_often(client_of(toy))


def test_a_server_that_is_often_late_has_no_excuse(excused, monkeypatch):
    monkeypatch.setattr(hostile, "EXCUSES", 3)

    def sometimes(s, number):
        if number % 2:
            time.sleep(0.5)
        s.sendall(PAGE)

    with Toy(sometimes) as toy, pytest.raises(hostile.Bad, match="answers were late"):
        client = client_of(toy)
        for _ in range(20):
            client.ask()


# What an attack finds

def only_some(s, number):
    """Nine of ten simultaneous clients are dropped."""
    s.sendall(PAGE if number < 3 or number % 10 == 0 else b"")


def takes_all(s, number):
    """A head without bounds."""
    if number < 2:
        s.sendall(PAGE)
    else:
        while s.recv(65536):
            pass


ATTACKS = {
    # One client at a time, for as long as that wants.
    "closes_at_once": (resets, True), "idle": (says(PAGE), False), "one_byte_a_second": (says(PAGE), False), "never_reads": (lambda s, number: s.sendall(PAGE + b"x" * 9999999), False),
    "burst": (only_some, True), "endless_heads": (takes_all, True), "half_closed": (stays_open, True), "traversal": (says(BAD["secret"]), True),
    "injection": (says(BAD["injected"]), True), "mutations": (says(BAD["fold"]), True),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_that_succeeds_is_told(name):
    answer, at_once = ATTACKS[name]

    def after_the_first(s, number):
        return answer(s, number) if number > 1 else s.sendall(PAGE)

    with Toy(after_the_first, at_once) as toy:
        client, failures = hostile.run("127.0.0.1", toy.port, 20, only=[name], within=0.4)
    assert len(failures) == 1 and failures[0].startswith(name + " (--only " + name), failures


def test_the_program_fails_with_a_server_that_is_bad():
    command = [sys.executable, os.path.join(harness.HERE, "hostile.py"), "127.0.0.1"]
    with Toy(says(BAD["fold"])) as toy:
        done = subprocess.run(command + [str(toy.port), "--inputs", "5", "--only", "noise"], capture_output=True, timeout=60)
    assert done.returncode == 1
