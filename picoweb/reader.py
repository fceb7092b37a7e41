# The body of a request: reading it, and draining the unread rest.
from . import HTTPException
from .loop import json, sleep_ms, ticks_ms

# fetch() in browsers sends a string as text/plain unless told otherwise.
FORMS = (b"application/x-www-form-urlencoded", b"text/plain")


# The body of a request, and nothing after it
class Reader:

    def __init__(self, conn):
        self.conn = conn

    # Up to n bytes, or all; b"" at the end.
    def read(self, n=-1):
        conn = self.conn
        if n < 0:
            return bytes((yield from self.readall()))
        if conn.next_chunk and not conn.left:
            yield from conn.next_chunk(conn)
        n = min(n, conn.left)
        data = conn.buf[:n]
        if data:
            conn.buf = conn.buf[n:]
        elif n:
            # RFC 9110 section 15.2: an interim response comes before the final one.
            if conn.interim and not conn.sent:
                yield from conn.awrite(conn.interim)
                conn.sent = None
            conn.interim = None
            data = yield from conn.receive(conn.s.read, n)
            if not data and conn.next_chunk:
                raise EOFError
        conn.idle_since = None
        conn.left -= len(data)
        return data

    def readinto(self, buf):
        conn = self.conn
        n = min(len(buf), conn.left)
        if conn.buf or conn.interim or not n:
            data = yield from self.read(min(len(buf), 512))
            n = len(data)
            buf[:n] = data
        else:
            n = yield from conn.receive(conn.s.readinto, memoryview(buf)[:n])
            conn.idle_since = None
            if not n and conn.next_chunk:
                raise EOFError
            conn.left -= n
        return n

    # n bytes, or all, in a single buffer
    def readall(self, n=-1):
        if n < 0 and self.conn.next_chunk:
            from .chunked import read_all
            return (yield from read_all(self))
        if n < 0:
            n = self.conn.left
        if n > self.conn.server.app.max_body:
            raise HTTPException(413)
        buf = bytearray(n)
        while n:
            size = yield from self.readinto(memoryview(buf)[-n:])
            if not size:
                raise EOFError
            n -= size
        return buf

    def readexactly(self, n):
        return bytes((yield from self.readall(n)))

    # A line including its end, or max_body bytes of it
    def readline(self):
        conn = self.conn
        parts = []
        room = conn.server.app.max_body
        end = 0
        while not end and room > 0:
            part = yield from self.read(256)
            if not part:
                break
            end = part.find(b"\n") + 1
            if end:
                conn.left += len(part) - end
                conn.buf = part[end:] + conn.buf
                part = part[:end]
            parts.append(part)
            room -= len(part)
        return b"".join(parts)


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
        elif conn.interim:
            n = n if conn.s.read(n) else 0  # without 100 Continue, the client sends no more
    conn.idle_since = ticks_ms() - 1000 * app.read_timeout + 300
    while n > 0 and tail[-4:] != b"\r\n\r\n":  # ends a chunked body
        data = yield from conn.receive(conn.take, 0)
        if not data:
            break
        n -= len(data)
        tail = tail and tail[-3:] + data


def read_body(req):
    if req._length is None:
        from .framing import read_unframed
        return (yield from read_unframed(req))
    return (yield from req.reader.readall())


def read_data(req):
    return bytes((yield from read_body(req)))


def read_form(req):
    from .utils import parse_qs
    if req._type and req._type.split(b";")[0].rstrip() not in FORMS:
        raise HTTPException(415)
    req.form = parse_qs(bytes((yield from read_body(req))))


def read_json(req):
    data = yield from read_body(req)
    try:
        return json.loads(data)
    except (ValueError, RuntimeError):  # nested too deeply for the stack of a board
        raise HTTPException(400)
