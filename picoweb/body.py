# The body of a request: read as it comes, or whole.
from ._loop import sleep_ms, ticks_diff, ticks_ms
from ._connection import HTTPException
from ._memory import load


def read(conn, n=-1):
    if n < 0:
        if conn.left > conn.server.app.max_body:
            raise HTTPException(413)
        return (yield from readexactly(conn, conn.left))
    if conn.buf:
        data = conn.buf[:min(n, conn.left)]
        conn.buf = conn.buf[len(data):]
    else:
        data = yield from _receive(conn, min(n, conn.left))
    conn.left -= len(data)
    return data


# RFC 9110 section 15.2: an interim response comes before the final one, or not at all.
def _send_continue(conn):
    if not conn.writes:
        try:
            conn.s.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        except OSError:
            conn.gone = True
            raise


# Up to n bytes of the body; b"" at its end, or when the client has closed the connection.
def _receive(conn, n):
    if not n:
        return b""
    if conn.expect:
        conn.expect = False
        _send_continue(conn)
    data = yield from conn.receive(n)
    owed = conn.owed if conn.since is None else ticks_diff(ticks_ms(), conn.since)
    conn.owed = min(max(owed - len(data) // 10, 0), 300)  # enough to have to give way
    conn.since = None
    conn.reads += 1
    if not conn.reads & 15:  # a fast client must not keep the others from their turn
        yield from sleep_ms(0)
    return data


def readinto(conn, buf):
    data = yield from read(conn, len(buf))
    buf[:len(data)] = data
    return len(data)


# Raises HTTPException(400) when there are less than n bytes.
def readexactly(conn, n):
    parts = []
    while n:
        data = yield from read(conn, n)
        if not data:
            raise HTTPException(400)
        parts.append(data)
        n -= len(data)
    return b"".join(parts)


def readline(conn):
    while b"\n" not in conn.buf and len(conn.buf) < min(conn.left, conn.server.app.max_body):
        data = yield from _receive(conn, min(conn.left - len(conn.buf), 256))
        if not data:
            break
        conn.buf += data
    return (yield from read(conn, conn.buf.find(b"\n") + 1 or len(conn.buf)))


def awriteiter(conn, iterable):
    for buf in iterable:
        yield from conn.awrite(buf)


def get_extra_info(conn, name, default=None):
    return conn.peer if name == "peername" else default


# The whole body, within app.max_body bytes.
def get_data(req):
    conn = req.reader
    if conn.length is None:
        raise HTTPException(411)
    if conn.length > conn.server.app.max_body:
        raise HTTPException(413)
    return (yield from readexactly(conn, conn.left))


def get_json(req):
    try:
        import json
    except ImportError:
        import ujson as json
    try:
        return json.loads((yield from get_data(req)))
    except (ValueError, RuntimeError):  # CPython's parser calls itself, and not too often
        raise HTTPException(400)


def read_form_data(req):
    req.form = load("utils").parse_qs((yield from get_data(req)))


def parse_qs(req):
    req.form = load("utils").parse_qs(req.qs)
    return ()  # some apps "yield from" this
