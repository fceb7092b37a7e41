"""The request line, the head and the framing of the body: each vector whole, byte by byte, and cut off at every length."""

import contextlib
import os
import socket

import pytest

import harness
import vectors

APP = os.path.join(harness.HERE, "apps", "echo.py")


@pytest.fixture(scope="module")
def server(runtime):
    with harness.Server(runtime, APP) as server:
        yield server
        assert server.log() == ""
        assert server.stop() == 0


def every(*tables):
    rows = [row for table in tables for row in table]
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


ALL = every(vectors.REQUEST_LINE, vectors.HEADERS, vectors.FRAMING, vectors.TRAILING, vectors.HEAD_ROWS, vectors.FORMS)


def exchange(server, data, expected, chunks=None):
    """Send a request and keep the connection open until as much came as should; then all that comes, up to the end."""
    with server.connect() as s:
        harness.send_pieces(s, harness.pieces(data, chunks))
        reply = b""
        while len(reply) < len(expected):
            # A request without an end would be waited for: so it is ended here, and refused then.
            if data.endswith(b"\r\r"):
                s.shutdown(socket.SHUT_WR)
            chunk = s.recv(4096)
            if not chunk:
                break
            reply += chunk
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_WR)
        return reply + harness.receive_all(s)


def assert_answers(server):
    assert exchange(server, b"GET / HTTP/1.0\r\n\r\n", vectors.echo("GET", "/")) == vectors.echo("GET", "/")


@ALL
def test_whole(server, row):
    assert exchange(server, row.data, row.reply) == row.reply


@ALL
def test_byte_by_byte(server, row):
    chunks = harness.pieces(row.data, 1)
    if row in vectors.TRAILING:
        # What comes after the body may meet a closed socket, so it comes before the server can know.
        chunks[-40:] = [b"".join(chunks[-40:])]
    replies = [row.reply]
    if row.name == "chunked and length":
        replies.append(vectors.error(501))  # it may be refused before its length is there
    assert exchange(server, row.data, row.reply, chunks) in replies


@ALL
def test_cut_off_at_every_length(server, row):
    """A request that is not whole is refused, by the reply that it gets whole or by a 400; no bytes at all need no reply."""
    bad = (vectors.BAD, vectors.ERROR_HEAD % 400) + ((vectors.error(501),) if b"chunked" in row.data else ())
    for n in range(len(row.data)):
        reply = server.raw(row.data[:n], eof=True)
        sent = row.data[:n].lstrip(b"\r\n")
        assert reply == row.reply or reply in bad or not reply and not sent, (row.data[:n], reply)
    assert_answers(server)


def test_blank_lines_and_nothing_else(server):
    """RFC 9112 section 2.2 allows for one; a client that sends them on and on would never let the others have their turn."""
    for data in b"\n" * 5, b"\r\n" * 3, b"\r\n" * 300:
        assert server.raw(data) == vectors.BAD
    data = b"GET / HTTP/1.0\r\n\r\n"
    assert server.raw(b"", chunks=[b"\r\n\r\n", data], pause=0.1) == vectors.echo("GET", "/")
    assert server.raw(b"\r\n" * 20 + data) == vectors.echo("GET", "/")


def test_a_request_by_lines(server):
    data = b"POST /data HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    assert exchange(server, data, vectors.OK + b"3 bytes: abc", data.splitlines(True)) == vectors.OK + b"3 bytes: abc"


@pytest.mark.parametrize("gap", range(1, 60, 7))
def test_a_request_in_two(server, gap):
    data = b"POST /data HTTP/1.0\r\nContent-Length: 3\r\nHost: x\r\n\r\nabc"
    expected = vectors.OK + b"3 bytes: abc"
    assert server.raw(b"", chunks=[data[:gap], data[gap:]], pause=0.01) == expected


def test_the_reply_of_an_error_is_not_reset_away(server):
    """More than a socket's buffer is on its way when the refusal is sent."""
    data = b"GET /" + b"x" * 12000
    assert server.raw(data) == vectors.error(414)
    assert server.raw(b"\r\n" * 6000) == vectors.error(400)
    assert_answers(server)


def test_limits_of_an_app_that_sets_none(serve):
    server = serve("import picoweb\n"
                   "app = picoweb.WebApp(None)\n"
                   "@app.route('/headers')\n"
                   "def page(req, resp):\n"
                   "    yield from picoweb.start_response(resp)\n"
                   "    yield from resp.awrite('%d' % len(req.headers))\n"
                   "app.run()\n")
    line = b"GET /headers?%s HTTP/1.0\r\n"
    fill = 2048 - len(line % b"")
    assert server.raw(line % (b"x" * fill) + b"\r\n", eof=True).endswith(b"\r\n\r\n0")
    assert server.raw(line % (b"x" * (fill + 1)) + b"\r\n", eof=True) == vectors.error(414)
    head = b"GET /headers HTTP/1.0\r\nA: %s\r\n\r\n"
    fill = 4096 - len(head % b"")
    assert server.raw(head % (b"x" * fill), eof=True).endswith(b"\r\n\r\n1")
    assert server.raw(head % (b"x" * (fill + 1)), eof=True) == vectors.error(431)


def test_browser_head(server):
    """What a browser sends is longer than the echo app takes; its own limits do."""
    reply = server.get("/", headers=[("X-%d" % i, "y" * 10) for i in range(20)], eof=True)
    assert reply.raw == vectors.error(431)
