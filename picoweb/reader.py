# Requests with a body: the fields that describe it, reading it, forms and JSON, and draining the unread rest.
from . import HTTPException
from .server import json, sleep_ms, ticks_ms
from .utils import parse_qs

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
        # HTTP/1.0 has no transfer codings and no interim responses: a proxy may not have understood these fields.
        is_http10 = conn.buf.find(b" HTTP/1.0", 0, conn.buf.find(b"\n")) > 0
        if name == b"expect":
            if value.lower() == b"100-continue" and not is_http10:
                conn.interim = b"HTTP/1.1 100 Continue\r\n\r\n"
        elif is_http10 or req._length is not None:
            raise ValueError
        else:
            from .chunked import begin
            begin(conn, value)
            req._length = -1


# Asks for the body. RFC 9110 section 15.2: an interim response comes before the final one.
def ask(conn):
    if not conn.sent:
        yield from conn.awrite(conn.interim)
        conn.sent = None
    conn.interim = None


# The body of a request, and nothing after it
class Reader:

    def __init__(self, conn):
        self.conn = conn

    # Returns how many bytes have come; 0 at the end.
    def readinto(self, buf):
        conn = self.conn
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
                yield from ask(conn)
            n = yield from conn.receive(conn.s.readinto, memoryview(buf)[:n])
            if not n and conn.next_chunk:
                raise EOFError
        conn.idle_since = None
        conn.left -= n
        return n

    # Up to n bytes, or all; b"" at the end
    def read(self, n=-1):
        if n < 0:
            return (yield from self.readexactly())
        buf = bytearray(min(n, self.conn.left or 512))
        n = yield from self.readinto(buf)
        return bytes(memoryview(buf)[:n])

    # n bytes, or all, in a single buffer, which grows by each chunk of a chunked body
    def readexactly(self, n=-1):
        conn = self.conn
        buf = bytearray()
        while True:
            if n < 0 and conn.next_chunk and not conn.left:
                yield from conn.next_chunk(conn)
            left = conn.left if n < 0 else n - len(buf)
            if len(buf) + left > conn.server.app.max_body:
                raise HTTPException(413)
            if not left:
                return bytes(buf)
            if buf:
                buf.extend(bytearray(left))
            else:
                buf = bytearray(left)
            while left:
                size = yield from self.readinto(memoryview(buf)[-left:])
                if not size:
                    raise EOFError
                left -= size

    # A line including its end, or about max_body bytes of it
    def readline(self):
        conn = self.conn
        line = bytearray()
        piece = memoryview(bytearray(conn.buf.find(b"\n") + 1 or 512))
        end = 0
        while not end and len(line) < conn.server.app.max_body:
            n = yield from self.readinto(piece)
            if not n:
                break
            part = bytes(piece[:n])
            end = part.find(b"\n") + 1
            if end:  # the rest goes back
                conn.left += n - end
                conn.buf = part[end:] + conn.buf
                part = part[:end]
            line.extend(part)
        return bytes(line)


def read_data(req):
    if not req._head:  # the app's own _handle() has read it
        return (yield from req.reader.readexactly(int(req.headers[b"Content-Length"])))
    if req._length is None:
        raise HTTPException(411)
    return (yield from Reader(req._conn).readexactly())


def read_json(req):
    data = yield from read_data(req)
    try:
        return json.loads(data)
    except (ValueError, RuntimeError):  # nested too deeply for the stack of a board
        raise HTTPException(400)


def read_form(req):
    if req._type and req._type.split(b";")[0].rstrip() not in FORMS:
        raise HTTPException(415)
    data = yield from read_data(req)
    req.form = parse_qs(data)


# Drains the unread rest: closing a socket with unread bytes resets it, and the client may lose the response. idle_since is set back, so that
# the connection times out within half a second or so, and is the first to be evicted.
def drain(req, conn):
    app = conn.server.app
    n, tail = app.max_drain, b""
    if req._head and conn.next_chunk:
        tail = conn.buf
    elif req._head and req._length is not None:
        n = min(n, conn.left - len(conn.buf))
        if n <= 0:  # some clients send a CRLF after the body
            yield from sleep_ms(5)
            conn.s.read(2)
        elif conn.interim and not conn.take(0):
            n = 0  # without 100 Continue, the client sends no more
    conn.idle_since = ticks_ms() - 1000 * app.read_timeout + 300
    while n > 0 and tail[-4:] != b"\r\n\r\n":  # ends a chunked body
        data = yield from conn.receive(conn.take, 0)
        if not data:
            break
        n -= len(data)
        tail = tail and tail[-3:] + data
