# Requests with a body: the fields that describe it, reading it, forms and JSON, and draining the unread rest.
from . import HTTPException
from .loop import json, sleep_ms, ticks_ms

# fetch() in browsers sends a string as text/plain unless told otherwise.
FORMS = (b"application/x-www-form-urlencoded", b"text/plain")


# The fields that say how to read the body (RFC 9112 section 6.3). Anything that could be read in two ways is refused.
def frame(req, name, value):
    conn = req._conn
    if name == b"content-length":
        if not value.isdigit() or req._length not in (None, int(value)):
            raise ValueError
        req._length = conn.left = int(value)
    elif name == b"content-type":
        if req._type is not None:  # parsers differ in which one counts (RFC 9110 section 8.3)
            raise ValueError
        req._type = value.lower()
    elif name in (b"transfer-encoding", b"expect"):
        from .chunked import begin
        begin(req, name, value)


# Reads the body, and nothing after it; returns how many bytes have come, 0 at the end.
def readinto(conn, buf):
    if conn.next_chunk and not conn.left:
        yield from conn.next_chunk(conn)
    n = min(len(buf), conn.left)
    if conn.buf:
        data = conn.buf[:n]
        n = len(data)
        buf[:n] = data
        conn.buf = conn.buf[n:]
    elif n:
        if conn.interim:
            from .chunked import ask
            yield from ask(conn)
        n = yield from conn.receive(conn.s.readinto, memoryview(buf)[:n])
        if not n and conn.next_chunk:
            raise EOFError(conn)
    conn.idle_since = None
    conn.left -= n
    return n


# n bytes, or all, in a single buffer, which grows by each chunk of a chunked body
def read_body(conn, n=-1):
    buf = bytearray()
    while True:
        if n < 0 and conn.next_chunk and not conn.left:
            yield from conn.next_chunk(conn)
        left = conn.left if n < 0 else n - len(buf)
        if len(buf) + left > conn.app.max_body:
            raise HTTPException(413)
        if not left:
            return bytes(buf)
        if buf:
            buf.extend(bytearray(left))
        else:
            buf = bytearray(left)
        while left:
            size = yield from readinto(conn, memoryview(buf)[-left:])
            if not size:
                raise EOFError(conn)
            left -= size


def get_data(req):
    if not req._head:  # the app's own _handle() has read it
        return (yield from req.reader.readexactly(int(req.headers[b"Content-Length"])))
    if req._length is None:
        raise HTTPException(411)
    return (yield from read_body(req._conn))


def get_json(req):
    data = yield from get_data(req)
    try:
        return json.loads(data.decode())  # Pycopy's would take bytes that are not UTF-8, and CPython's UTF-16
    except (ValueError, RuntimeError):  # nested too deeply for the stack of a board
        raise HTTPException(400)


def read_form(req):
    if req._type and req._type.split(b";")[0].rstrip() not in FORMS:
        raise HTTPException(415)
    data = yield from get_data(req)
    from .utils import parse_qs
    req.form = parse_qs(data)


# Drains the unread rest: closing a socket with unread bytes resets it, and the client may lose the response. idle_since is set back, so that
# the connection times out within half a second or so, and is the first to be evicted.
def drain(req, conn):
    app = conn.app
    n, tail = app.max_drain, b""
    if req._head and conn.next_chunk:
        tail = conn.buf or b" "
    elif req._head and req._length is not None:
        n = min(n, conn.left - len(conn.buf))
        if n <= 0:  # some clients send a CRLF after the body
            yield from sleep_ms(5)
            conn.s.read(2)
        elif conn.interim and not conn.take(0):
            n = 0  # without 100 Continue, the client sends no more
    conn.idle_since = ticks_ms() + 300 - int(1000 * app.read_timeout)
    while n > 0 and tail[-4:] != b"\r\n\r\n":  # ends a chunked body
        data = yield from conn.receive(conn.take, 0)
        if not data:
            break
        n -= len(data)
        tail = tail and tail[-3:] + data
