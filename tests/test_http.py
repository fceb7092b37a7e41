"""The request line, the head and the framing of the body: each vector whole, byte by byte, and cut off at every length."""

import collections
import contextlib
import os
import re
import socket
import time

import pytest

import harness
import vectors

APP = os.path.join(harness.HERE, "apps", "echo.py")
# Fewer than max_connections, so that none has to wait for a place.
AT_ONCE = 12

tables = pytest.mark.parametrize("table", vectors.TABLES)


def rows_of(table):
    return [row for group in vectors.TABLES[table] for row in group]


def talk(server, jobs):
    """The reply to each (pieces, expected): the client sends its pieces until the whole reply has arrived."""
    waiting = collections.deque()
    for pieces, expected in jobs:
        s = server.connect()
        harness.send_pieces(s, pieces)
        if expected is None:
            end(s)
        waiting.append((s, expected))
        if len(waiting) == AT_ONCE:
            yield finish(*waiting.popleft())
    while waiting:
        yield finish(*waiting.popleft())


def end(s):
    with contextlib.suppress(OSError):
        s.shutdown(socket.SHUT_WR)


def finish(s, expected):
    with s:
        reply = b""
        try:
            while expected and len(reply) < len(expected):
                chunk = s.recv(4096)
                if not chunk:
                    break
                reply += chunk
            end(s)
            return reply + harness.receive_all(s)
        except OSError as e:
            return reply + b"<%s>" % type(e).__name__.encode()


def exchange(server, data, expected, chunks=None):
    return next(talk(server, [(harness.pieces(data, chunks), expected)]))


def assert_answers(server):
    assert exchange(server, b"GET / HTTP/1.0\r\n\r\n", vectors.echo("GET", "/")) == vectors.echo("GET", "/")


def final(reply):
    return reply[len(vectors.CONTINUE):] if reply.startswith(vectors.CONTINUE) else reply


def job(row, size):
    pieces = harness.pieces(row.data, size)
    if size and row in rows_of("trailing"):
        # Bytes after the body may arrive at a closed socket, so they are sent before the server can close it.
        pieces[-40:] = [b"".join(pieces[-40:])]
    return pieces, None if row.name in vectors.INCOMPLETE else row.reply


@tables
@pytest.mark.parametrize("size", [None, 1], ids=["whole", "byte-by-byte"])
def test_row(server, table, size):
    rows = rows_of(table)
    replies = talk(server, [job(row, size) for row in rows])
    wrong = ["%s (%s, %s): %r instead of %r" % (row.name, row.section, row.risk, reply, row.reply)
             for row, reply in zip(rows, map(final, replies)) if reply != row.reply]
    assert not wrong, "\n".join(wrong)


@tables
def test_cut_off_at_every_length(server, table):
    """An incomplete request is refused, with the reply that the complete one gets or with 400; there is no reply to an empty one."""
    cuts = [(row, row.data[:n]) for row in rows_of(table) for n in range(len(row.data))]
    wrong = []
    for (row, data), reply in zip(cuts, map(final, talk(server, [([data], None) for row, data in cuts]))):
        if reply not in (row.reply, vectors.BAD, vectors.ERROR_HEAD % 400) and (reply or data.lstrip(b"\r\n")):
            wrong.append("%s: %r gets %r" % (row.name, data, reply))
    assert not wrong, "\n".join(wrong)
    assert_answers(server)


def test_the_table():
    """Each row names its section and its risk, and each accepted one has a refused sibling."""
    names = [row.name for row in vectors.ROWS]
    assert len(set(names)) == len(names)
    for table in vectors.TABLES.values():
        for group in table:
            assert not all(vectors.is_accepted(row) for row in group), group[0]
            for row in group:
                assert re.match(r"RFC \d{4} section|URL Standard", row.section) and row.risk in vectors.RISKS, row
    assert {row.risk for row in vectors.ROWS} == set(vectors.RISKS)


def test_a_request_by_lines(server):
    data = b"POST /data HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    assert exchange(server, data, vectors.OK + b"3 bytes: abc", data.splitlines(True)) == vectors.OK + b"3 bytes: abc"


@pytest.mark.parametrize("gap", range(1, 60, 7))
def test_a_request_in_two(server, gap):
    data = b"POST /data HTTP/1.0\r\nContent-Length: 3\r\nHost: x\r\n\r\nabc"
    expected = vectors.OK + b"3 bytes: abc"
    assert server.raw(b"", chunks=[data[:gap], data[gap:]], pause=0.01) == expected


def test_the_reply_of_an_error_is_not_reset_away(server):
    """More bytes than fit into a socket's buffer are in flight when the refusal is sent."""
    data = b"GET /" + b"x" * 12000
    assert server.raw(data) == vectors.error(414)
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
    """A browser's head is longer than the limits of the echo app, but not than the default ones."""
    reply = server.get("/", headers=[("X-%d" % i, "y" * 10) for i in range(20)], eof=True)
    assert reply.raw == vectors.error(431)


def test_fields_that_were_seen_a_moment_ago(server):
    """They are not checked again; any that differ are, in any order and however they arrive."""
    line, fields, end = b"GET /headers HTTP/1.1\r\n", b"Host: x\r\nA: b\r\n", b"\r\n"
    good = vectors.fields(("A", "b"), ("Host", "x"))
    bad = [line + fields + fields + end, line + b"Host: x\r\n" + fields + end, line + fields + b"Host: x\r\n" + end, line + b"A\r\n" + fields + end,
           line + fields + b"A\r\n" + end, line + b" " + fields + end, line + fields + b" " + end + end, line + b"A: b\r\n" + end, line + fields[:-2] + b"\r" + end + end,
           line + fields + b"Content-Length: x\r\n" + end, line.replace(b"1.1", b"1.2") + fields + end]
    for data in bad:
        jobs = [([line + fields + end], good)] * 2 + [(harness.pieces(data, size), data) for size in (None, 1, 20)]
        replies = list(talk(server, jobs))
        assert replies[:2] == [good] * 2
        assert all(reply in (vectors.BAD, vectors.VERSION) for reply in replies[2:]), (data, replies)
    whole = line + fields + end
    assert set(talk(server, [([whole[:n], whole[n:]], good) for n in range(1, len(whole))])) == {good}
    # The same fields with another method, version, path; with a body of no length; with what looks like more fields after them
    again = line.replace(b"1.1", b"1.0") + fields + end
    assert exchange(server, again, good) == good
    assert exchange(server, b"HEAD /headers HTTP/1.1\r\n" + fields + end, vectors.OK) == vectors.OK
    assert exchange(server, b"POST /data HTTP/1.1\r\n" + fields + end + b"abc", vectors.error(411)) == vectors.error(411)
    assert exchange(server, b"GET / HTTP/1.1\r\n" + fields + end + fields, vectors.HELLO) == vectors.HELLO
    # The limit is of the whole head, whatever its fields are
    long = [b"GET /%s HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n" % (b"x" * n, b"b" * (vectors.MAX_HEAD - 60)) for n in (10, 60)]
    assert [exchange(server, data, None)[9:12] for data in long + long] == [b"200", b"431"] * 2
    # Another client's head comes in between
    other = b"GET /headers HTTP/1.1\r\nHost: y\r\n\r\n"
    for n in range(1, len(whole), 5):
        with server.connect() as s:
            s.sendall(whole[:n])
            time.sleep(0.005)
            assert exchange(server, other, None) == vectors.fields(("Host", "y"))
            s.sendall(whole[n:])
            assert harness.receive_all(s) == good
    # A body's fields are not kept
    for body in b"abc", b"de":
        data = b"POST /data HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        assert exchange(server, data, vectors.data(body)) == vectors.data(body)
    # Without Host, fields are valid in HTTP/1.0 but not in HTTP/1.1
    assert exchange(server, vectors.host(b"A: b", version=b"1.0"), vectors.HELLO) == vectors.HELLO
    assert exchange(server, vectors.host(b"A: b"), vectors.BAD) == vectors.BAD


def test_the_first_request(serve):
    """No fields have been seen; nothing that comes may be taken for them."""
    server = serve(open(APP).read())
    for data in b"GET / HTTP/1.1\n\n\n", b"GET / HTTP/1.1\r\n\n\n", b"GET / HTTP/1.1\n\r\n\r\n", b"GET / HTTP/1.1\n\0\n\n":
        assert exchange(server, data, vectors.BAD) == vectors.BAD, data
    assert exchange(server, b"POST /data HTTP/1.0\nContent-Length: 1\n\n\n\n", vectors.data(b"\n")) == vectors.data(b"\n")


# RFC 9110 sections 6.4.1 and 8.6: a client takes the bytes after the head of a 204 or 304 for the next response, if it reads them at all.
BODILESS = """
import picoweb
app = picoweb.WebApp(None)
STATUS = 204, "204", 304, "304", 200, "404"


def returned(req, resp, status):
    return "body", status


def written(req, resp, status):
    yield from picoweb.start_response(resp, status=status)
    yield from resp.awrite("bo")
    yield from resp.awrite(b"abodya", 3, 2)


def raised(req, resp, status):
    raise picoweb.HTTPException(int(status))
    yield


def called(req, resp, status):
    yield from picoweb.http_error(resp, status)


def json(req, resp, status):
    yield from picoweb.jsonify(resp, 1, status, {"A": "b"})

for func in returned, written, raised, called, json:
    for i, status in enumerate(STATUS):
        app.add_url_rule("/%d%s" % (i, func.__name__), lambda req, resp, func=func, status=status: func(req, resp, status))
app.run()
"""


def test_responses_without_a_body(serve):
    server = serve(BODILESS)
    for i, status in enumerate((204, 204, 304, 304, 200, 404)):
        for name, body in ("returned", b"body"), ("written", b"body"), ("raised", b"%d" % status), ("called", b"%d" % status), ("json", b"1"):
            for method in "GET", "HEAD":
                reply = server.request(method, "/%d%s" % (i, name))
                assert reply.status == status and reply.body == (body if status in (200, 404) and method == "GET" else b""), (method, name, reply.raw)
                assert reply.header("Content-Length") == (str(len(body)) if name in ("returned", "raised") and status in (200, 404) else None), reply.raw


def test_one_response_for_one_request(serve):
    """Whatever goes wrong after it has begun, it is not followed by another; RFC 9112 section 9.3: what the client sends next is never answered."""
    server = serve("""
import picoweb
app = picoweb.WebApp(None)

def late(req, resp, what):
    yield from picoweb.start_response(resp)
    if what == "returns":
        return "again"
    raise {"raises": ValueError, "status": picoweb.HTTPException}[what](404)

app.add_url_rule("/<what>", late)
app.run()
""")
    for what in "returns", "raises", "status":
        for data in b"GET /%s HTTP/1.0\r\n\r\n", b"POST /%s HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc":
            assert server.raw(data % what.encode() + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == vectors.OK.replace(b"text/plain", b"text/html")
