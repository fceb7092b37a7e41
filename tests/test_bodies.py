"""Bodies: forms, raw and JSON bodies; waiting for them, early ends, unread rests."""

import json
import os
import socket
import time

import pytest

import harness
import vectors
from vectors import OK, error, sized

APP = os.path.join(harness.HERE, "apps", "bodies.py")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("name, text, pairs", vectors.URLENCODED, ids=[row[0] for row in vectors.URLENCODED])
def test_form(server, name, text, pairs):
    """A form is parsed alike in the body and in the query."""
    form = {}
    for key, value in pairs:
        form.setdefault(key, []).append(value)
    # Here "no =" cannot be told from "= and nothing"; test_utils.py does.
    expected = sorted([key, values] for key, values in form.items())
    data = text.encode()
    assert harness.Response(server.raw(sized(b"/form", data))).json() == expected
    target = b"/qs?" + data.replace(b" ", b"+")
    assert harness.Response(server.raw(b"GET %s HTTP/1.0\r\n\r\n" % target)).json() == expected


def test_form_of_a_browser(server):
    """A non-ASCII name and value, in a body that arrives in pieces of two bytes."""
    data = "jm\u00e9no=\u017dofie+\u010c%C3%A1kov%c3%a1&n=\u20ac".encode()
    reply = server.raw(b"", chunks=harness.pieces(sized(b"/form", data), 2))
    assert harness.Response(reply).json() == [["jm\u00e9no", ["\u017dofie \u010c\u00e1kov\u00e1"]], ["n", ["\u20ac"]]]


LENGTHS = [
    ("missing", [], b"a=b", error(411)),
    ("not a number", [b"Content-Length: x"], b"a=b", error(400)),
    ("negative", [b"Content-Length: -1"], b"a=b", error(400)),
    ("past the limit", [b"Content-Length: 4097"], b"a=" + b"b" * 4095, error(413)),
    ("past the limit, and not sent", [b"Content-Length: 100000000"], b"", error(413)),
    ("short", [b"Content-Length: 4"], b"a=b", error(400)),
    ("nothing of it", [b"Content-Length: 4"], b"", error(400)),
]


@pytest.mark.parametrize("path", [b"/form", b"/data", b"/json", b"/form-async"])
@pytest.mark.parametrize("name, rows, body, reply", LENGTHS, ids=[row[0] for row in LENGTHS])
def test_length(server, path, name, rows, body, reply):
    assert server.raw(vectors.post(path, *rows, body=body), eof=True) == reply


@pytest.mark.parametrize("size", [0, 1, 4095, 4096])
def test_data_within_the_limit(server, size):
    body = bytes(range(256)) * 32
    assert server.raw(sized(b"/data", body[:size]), eof=True) == OK + b"%d %d" % (size, sum(body[:size]))


# A body that read_form_data() would misread is refused by its type.
TYPES = [
    ("urlencoded", b"application/x-www-form-urlencoded", True), ("urlencoded, in capitals", b"Application/X-WWW-Form-URLEncoded", True),
    ("urlencoded, with a charset", b"application/x-www-form-urlencoded; charset=UTF-8", True),
    ("text, as fetch() says of a string", b"text/plain;charset=UTF-8", True), ("multipart", b"multipart/form-data; boundary=x", False),
    ("JSON", b"application/json", False), ("JSON, with a charset", b"application/json; charset=utf-8", False),
    ("longer than urlencoded", b"application/x-www-form-urlencoded2", False),
]


@pytest.mark.parametrize("path", [b"/form", b"/form-async"])
@pytest.mark.parametrize("name, mime, taken", TYPES, ids=[row[0] for row in TYPES])
def test_type_of_a_form(server, path, name, mime, taken):
    reply = server.raw(sized(path, b"a=b", b"Content-Type: " + mime))
    assert harness.Response(reply).json() == [["a", ["b"]]] if taken else reply == error(415)


JSON = [
    ("null", b"null", None), ("list", b'[1, "a"]', [1, "a"]), ("UTF-8", '"\u20ac"'.encode(), "\u20ac"),
    ("spaces", b" 1 ", 1), ("escapes", b'"\\u20ac"', "\u20ac"),
]
BAD_JSON = [
    ("cut", b'{"a'), ("nothing", b""), ("a word", b"nul"), ("deep and cut", b"[" * 4000),
    ("not UTF-8", b'"\xff"'),
]


@pytest.mark.parametrize("name, body, value", JSON, ids=[row[0] for row in JSON])
def test_json(server, name, body, value):
    head, _, data = server.raw(sized(b"/json", body)).partition(b"\r\n\r\n")
    assert head == b"HTTP/1.0 200 NA\r\nContent-Type: application/json"
    assert json.loads(data.decode()) == [value]


@pytest.mark.parametrize("name, body", BAD_JSON, ids=[row[0] for row in BAD_JSON])
def test_bad_json(server, name, body):
    assert server.raw(sized(b"/json", body)) == error(400)


# A body that arrives while it is read

@pytest.mark.parametrize("path", [b"/data", b"/stream"])
def test_body_in_pieces(server, path):
    body = bytes(range(200))
    data = sized(path, body)
    pieces = [data[:-200]] + harness.pieces(body, 50)
    assert server.raw(b"", chunks=pieces, pause=0.02) == OK + b"200 %d" % sum(body)


def test_stream_longer_than_the_limit_of_a_buffer(server):
    body = bytes(range(250)) * 400
    assert server.raw(sized(b"/stream", body)) == OK + b"%d %d" % (len(body), sum(body))


def test_stream_whose_client_leaves(server):
    assert server.raw(vectors.post(b"/stream", b"Content-Length: 10", body=b"\1\2"), eof=True) == OK + b"2 3"


def test_read_all_past_the_limit(server):
    assert server.raw(sized(b"/all", b"x" * 4097)) == error(413)
    assert server.raw(sized(b"/all", b"x" * 4096)) == OK + b"4096"


def test_line_without_an_end(server):
    """A line is bounded by the body, and by max_body."""
    assert server.raw(sized(b"/line", b"abc\ndef")) == OK + b"4"
    assert server.raw(sized(b"/line", b"abc")) == OK + b"3"
    reply = server.raw(sized(b"/line", b"x" * 16000))
    assert reply.startswith(OK) and int(reply[len(OK):]) < 10000


# Expect: 100-continue

def expect(server, path, size=3):
    s = server.connect()
    s.sendall(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-Continue\r\n\r\n" % (path, size))
    return s


def test_expect_is_answered_when_the_body_is_read(server):
    with expect(server, b"/data") as s:
        assert s.recv(1000) == CONTINUE
        s.sendall(b"\1\2\3")
        assert harness.receive_all(s) == OK + b"3 6"


def test_expect_is_answered_once(server):
    with expect(server, b"/stream") as s:
        assert s.recv(1000) == CONTINUE
        for i in range(3):
            s.sendall(b"\1")
            time.sleep(0.02)
        assert harness.receive_all(s) == OK + b"3 3"


def test_expect_and_no_body(server):
    """RFC 9110 section 10.1.1: no 100 Continue without a body."""
    for path in b"/data", b"/stream":
        with expect(server, path, 0) as s:
            assert harness.receive_all(s) == OK + b"0 0"


def test_expect_of_a_request_without_a_response_body(server):
    """What HEAD leaves out is not the final response that follows 100 Continue (RFC 9110 section 9.3.2)."""
    for path, reply in (b"/data", OK), (b"/stream", OK), (b"/json", error(400)[:-3]):
        with server.connect() as s:
            s.sendall(b"HEAD %s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n" % path)
            assert s.recv(1000) == CONTINUE
            s.sendall(b"nul")
            assert harness.receive_all(s) == reply


def test_expect_and_the_response_has_begun(server):
    """RFC 9110 section 10.1.1: 100 Continue is not sent after the final status."""
    with expect(server, b"/late") as s:
        time.sleep(0.05)
        s.sendall(b"\1\2\3")
        assert harness.receive_all(s) == OK + b"3"


def test_expect_and_nobody_reads(server):
    with expect(server, b"/unread") as s:
        assert harness.receive_all(s) == OK + b"unread"


def test_expect_and_nobody_reads_costs_no_time(server):
    """The client was not asked for its body, so picoweb does not wait for it."""
    took = []
    for _ in range(5):
        start = time.monotonic()
        with expect(server, b"/unread") as s:
            harness.receive_all(s)
        took.append(time.monotonic() - start)
    assert min(took) < 0.3


def test_expect_and_too_much(server):
    with expect(server, b"/data", 9000) as s:
        assert harness.receive_all(s) == error(413)


def test_expect_of_something_else(server):
    data = b"POST /data HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: something\r\n\r\n\1\2\3"
    assert server.raw(data) == OK + b"3 6"


def test_expect_in_http_1_0(server):
    """RFC 9110 section 10.1.1: such a client would take the interim response for the final one."""
    for data in (b"POST /data HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
                 b"POST /data HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"):
        assert server.raw(b"", chunks=[data, b"\1\2\3"], pause=0.1) == OK + b"3 6"


def test_expect_when_the_body_is_there_already(server):
    data = b"POST /data HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n\1\2\3"
    assert server.raw(data) in (OK + b"3 6", CONTINUE + OK + b"3 6")


# Unread bodies

@pytest.mark.parametrize("size", [1, 1000, 12000])
@pytest.mark.parametrize("path", [b"/unread", b"/404", b"/raises", b"/GET"])
def test_unread_body_does_not_reset_the_reply(server, path, size):
    reply = server.raw(sized(path, b"x" * size))
    assert reply.startswith(b"HTTP/1.0 ") and reply.endswith((b"unread", b"404", b"400", b"405"))


@pytest.mark.parametrize("path", [b"/unread", b"/404", b"/data"])
@pytest.mark.parametrize("size", [1000, 12000])
def test_unread_body_that_does_not_wait_to_be_expected(server, path, size):
    """RFC 9110 section 10.1.1: a client does not have to wait for long."""
    reply = server.raw(vectors.post(path, b"Content-Length: %d" % size, b"Expect: 100-continue", b"Host: x", body=b"x" * size).replace(b"/1.0", b"/1.1"))
    assert reply.endswith((b"unread", b"404", b"413", b" %d" % (120 * size)))


def test_unread_body_that_comes_late(server):
    head = vectors.post(b"/unread", b"Content-Length: 3000")

    def check():
        with server.connect() as s:
            s.sendall(head)
            time.sleep(0.05)
            s.sendall(b"x" * 3000)
            assert harness.receive_all(s) == OK + b"unread"
    harness.patiently(check)


def test_a_line_end_after_the_body(server):
    """Some clients on boards send one in a separate segment: it must not be unread when the connection closes."""
    data = sized(b"/data", b"abc")
    resets = 0
    for i in range(40):
        with server.connect() as s:
            s.sendall(data)
            time.sleep(i % 4 / 4000)
            try:
                s.sendall(b"\r\n")
                assert harness.receive_all(s) == OK + b"3 294"
            except OSError:
                resets += 1  # it is late where this process has no turn for a while
    assert resets < 3


def test_unread_body_that_is_there_costs_no_time(server):
    """picoweb does not wait for what will not come, which would take half a second each time. (A busy machine does not delay every try.)"""
    for path, reply in (b"/unread", OK + b"unread"), (b"/404", error(404)), (b"/leave", OK + b"unread"):
        took = []
        for _ in range(5):
            start = time.monotonic()
            assert server.raw(sized(path, b"x" * 100)) == reply
            took.append(time.monotonic() - start)
        assert min(took) < 0.4


def test_unread_body_that_never_comes(server):
    """The connection is closed anyway, long before read_timeout."""
    start = time.monotonic()
    assert server.raw(vectors.post(b"/unread", b"Content-Length: 3000")) == OK + b"unread"
    assert time.monotonic() - start < 8


FRACTION = """
import picoweb
app = picoweb.WebApp(None)
app.read_timeout = app.write_timeout = 20.5
app.max_connections = 2


@app.route("/")
def unread(req, resp):
    return "unread"


app.run(debug=-1)
"""


def test_unread_bodies_that_never_come_and_a_timeout_with_a_fraction(serve):
    """A float is a number of seconds like any other: these clients are closed long before read_timeout, and keep no place."""
    server = serve(FRACTION)
    held = [server.connect(4) for _ in range(2)]
    for s in held:
        s.sendall(vectors.post(b"/", b"Content-Length: 3000"))
    assert server.get("/", timeout=4).text == "unread"
    for s in held:
        with s:
            assert harness.Response(harness.receive_all(s)).text == "unread"


def test_unread_body_without_an_end(server):
    """Draining has a limit: the connection to a client that keeps sending is closed."""
    with server.connect() as s:
        s.sendall(vectors.post(b"/unread", b"Content-Length: 100000000"))
        sent = 0
        try:
            while sent < 20000000:
                sent += s.send(b"x" * 50000)
        except (BrokenPipeError, ConnectionResetError, socket.timeout):
            pass
        assert sent < 20000000
    assert server.raw(sized(b"/data", b"")) == OK + b"0 0"


# The end of a body

def upload(server, head, parts):
    """The response to a client that first sends everything and then reads, as most do."""
    with server.connect() as s:
        s.sendall(head)
        harness.send_pieces(s, parts)
        return harness.receive_all(s)


def chunks(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts + (b"",))


def chunked(path, *rows):
    return vectors.lines(b"POST %s HTTP/1.1" % path, b"Host: x", b"Transfer-Encoding: chunked", *rows)


@pytest.mark.parametrize("path, reply", [(b"/unread", OK + b"unread"), (b"/404", error(404)), (b"/raises", error(400)), (b"/data", error(413))])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["sized", "chunked"])
def test_unread_20_kb_cost_no_reply(server, path, reply, is_chunked):
    """Fifty of fifty clients read the whole reply, in one segment and in many."""
    body = b"x" * 20480
    head = chunked(path) if is_chunked else sized(path, body)[:-len(body)]
    if is_chunked:
        body = chunks(*harness.pieces(body, 1000))
    resets = 0
    for i in range(50):
        try:
            assert upload(server, head, harness.pieces(body, (None, 1460, 100, 4096, 512)[i % 5])) == reply
        except OSError:
            resets += 1
    assert not resets


@pytest.mark.parametrize("size, is_whole", [(60000, True), (200000, False)], ids=["within max_drain", "past it"])
def test_the_bound_of_an_unread_body(server, size, is_whole):
    """max_drain is 65536 bytes: past it, a client that does not stop is reset."""
    def check():
        for path, reply in (b"/unread", OK + b"unread"), (b"/404", error(404)):
            for piece in None, 1460:
                try:
                    assert upload(server, vectors.post(path, b"Content-Length: %d" % size), harness.pieces(b"x" * size, piece)) == reply and is_whole
                except OSError:
                    assert not is_whole
    harness.patiently(check)


# Chunked bodies

@pytest.mark.parametrize("path", [b"/data", b"/stream"])
def test_chunks_in_pieces(server, path):
    body = bytes(range(250))
    coded = chunks(*harness.pieces(body, 7))
    for size in 1, 3, 50:
        assert server.raw(b"", chunks=[chunked(path)] + harness.pieces(coded, size)) == OK + b"250 %d" % sum(body)


def test_chunks_longer_than_the_limit_of_a_buffer(server):
    body = bytes(range(250)) * 400
    for size in 200, 7000, 100000:
        coded = chunks(*harness.pieces(body, size))
        assert server.raw(chunked(b"/stream") + coded) == OK + b"%d %d" % (len(body), sum(body))


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097])
def test_chunks_and_the_limit(server, size):
    body = b"\1" * size
    for path in b"/data", b"/all":
        for part in 1000, 5000:
            reply = server.raw(chunked(path) + chunks(*harness.pieces(body, part)), eof=True)
            expected = {b"/data": OK + b"%d %d" % (size, size), b"/all": OK + b"%d" % size}[path]
            assert reply == (expected if size <= 4096 else error(413))


def test_chunked_form_and_json(server):
    form = chunks(b"a=1&b", b"=%C", b"3%A9")
    assert harness.Response(server.raw(chunked(b"/form") + form)).json() == [["a", ["1"]], ["b", ["\xe9"]]]
    assert server.raw(chunked(b"/form", b"Content-Type: application/json") + form) == error(415)
    assert harness.Response(server.raw(chunked(b"/json") + chunks(b'{"a"', b": 1}"))).json() == [{"a": 1}]
    assert server.raw(chunked(b"/json") + chunks(b"nu", b"l")) == error(400)


def test_chunks_whose_client_leaves(server):
    """There is no length to compare with: a truncated body must not look complete."""
    for path in b"/data", b"/stream", b"/all", b"/json", b"/form":
        for body in b"", b"3", b"3\r\n", b"3\r\n12", b"3\r\n123", b"3\r\n123\r\n", b"3\r\n123\r\n0\r\n":
            assert server.raw(chunked(path) + body, eof=True) == error(400), (path, body)


def test_chunks_are_expected_when_they_are_read(server):
    for path in b"/data", b"/stream":
        with server.connect() as s:
            s.sendall(chunked(path, b"Expect: 100-continue"))
            assert s.recv(1000) == CONTINUE
            for part in harness.pieces(chunks(b"\1\2", b"\3"), 4):
                s.sendall(part)
                time.sleep(0.01)
            assert harness.receive_all(s) == OK + b"3 6"


def test_unread_chunks_that_are_there_cost_no_time(server):
    took = []
    for _ in range(5):
        start = time.monotonic()
        assert server.raw(chunked(b"/unread") + chunks(b"x" * 100)) == OK + b"unread"
        took.append(time.monotonic() - start)
    assert min(took) < 0.4


@pytest.mark.parametrize("cuts", [[0], [0, -1], [0, 5, -4], [5], [-2]], ids=["after the head", "and before LF", "and in a chunk", "in a chunk", "before CRLF"])
def test_unread_chunks_that_come_late_cost_no_time(server, cuts):
    """The end of the body ends the response, in whichever segment it comes."""
    coded = chunks(b"x" * 100)
    ends = [n % len(coded) for n in cuts] + [len(coded)]
    parts = [chunked(b"/unread") + coded[:ends[0]]] + [coded[n:end] for n, end in zip(ends, ends[1:])]
    took = []
    for _ in range(3):
        with server.connect() as s:
            harness.send_pieces(s, parts, 0.02)
            start = time.monotonic()
            assert harness.receive_all(s) == OK + b"unread"
            took.append(time.monotonic() - start)
    assert min(took) < 0.15


def test_unread_chunks_without_an_end(server):
    with server.connect() as s:
        s.sendall(chunked(b"/unread"))
        sent = 0
        try:
            while sent < 20000000:
                sent += s.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError, socket.timeout):
            pass
        assert sent < 20000000
    assert server.raw(sized(b"/data", b"")) == OK + b"0 0"
