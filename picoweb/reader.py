# The body of a request: how long it is, and how it is read.
from . import HTTPException
from .server import json, sleep_ms, ticks_ms


# Scripts in browsers say text/plain where their author says nothing.
_FORMS = (b"application/x-www-form-urlencoded", b"text/plain")


# Sets req.form.
def read_form(req):
    from .utils import parse_qs
    # One field, where it stands: to split them all takes memory.
    head = req._head.lower()
    at = head.find(b"\ncontent-type:")
    if at > 0 and head[at + 14:head.find(b"\n", at + 1)].split(b";")[0].strip() not in _FORMS:
        raise HTTPException(415)
    req.form = parse_qs(bytes((yield from read_body(req))))


def read_body(req):
    if req._length is None:
        raise HTTPException(411)
    return (yield from req.reader.readall(req._conn.left))


def read_json(req):
    data = yield from read_body(req)
    try:
        return json.loads(data)
    except (ValueError, RuntimeError):  # nested too deeply for a board's stack
        raise HTTPException(400)


# Another method than GET, a target with a query, or one in absolute form (RFC 9112 section 3.2.2).
def parse_target(req, method, target):
    if min(method) <= 32:
        raise ValueError
    req.method = method.decode()
    if method == b"HEAD":
        from .headers import head_only
        head_only(req._conn)
    path, _, req.qs = target.decode().partition("?")
    if path[:1] != "/" and path != "*":
        host = path.partition("://")[2]
        if not host:
            raise ValueError
        path = "/" + host.partition("/")[2]
    req.path = path


# A field that frames the body (RFC 9112 section 6.3). Whatever could be read in two ways is refused.
def frame(req, name, value):
    if name == b"content-length":
        if not value.isdigit() or req._length not in (None, int(value)):
            raise ValueError
        req._length = req._conn.left = int(value)
    elif name == b"transfer-encoding":
        # -1 is no length that could be sent: one before or after this is an error.
        if req._length not in (None, -1):
            raise ValueError
        req._length = -1
    elif name == b"expect" and value.lower() == b"100-continue":
        req._conn.greeting = b"HTTP/1.1 100 Continue\r\n\r\n"


# What is left of a request to read: its body.
class Reader:

    def __init__(self, conn):
        self.conn = conn

    # Up to n bytes, or all; b"" at the end.
    def read(self, n=-1):
        conn = self.conn
        if n < 0:
            return (yield from self.readexactly(conn.left))
        n = min(n, conn.left)
        data = conn.buf[:n]
        if data:
            conn.buf = conn.buf[n:]
        elif n:
            # RFC 9110 section 15.2: an interim response comes before the final one.
            if conn.greeting and not conn.first:
                yield from conn.awrite(conn.greeting)
                conn.first = None
            conn.greeting = None
            data = yield from conn.receive(n)
            conn.since = None
        conn.left -= len(data)
        return data

    def readinto(self, buf):
        conn = self.conn
        n = min(len(buf), conn.left)
        if conn.buf or conn.greeting or not n:
            data = yield from self.read(min(n, 512))
            buf[:len(data)] = data
            return len(data)
        n = yield from conn.receive(memoryview(buf)[:n], conn.s.readinto)
        conn.since = None
        conn.left -= n
        return n

    def readexactly(self, n):
        return bytes((yield from self.readall(n)))

    # n bytes in the one buffer that they need.
    def readall(self, n):
        if n > self.conn.server.app.max_body:
            raise HTTPException(413)
        buf = bytearray(n)
        while n:
            size = yield from self.readinto(memoryview(buf)[-n:])
            if not size:
                raise HTTPException(400)
            n -= size
        return buf

    # A line with its end, or max_body bytes of it.
    def readline(self):
        conn = self.conn
        parts = []
        size = end = 0
        while not end and size < conn.server.app.max_body:
            part = yield from self.read(256)
            if not part:
                break
            end = part.find(b"\n") + 1
            if end:
                conn.left += len(part) - end
                conn.buf = part[end:] + conn.buf
                part = part[:end]
            parts.append(part)
            size += len(part)
        return b"".join(parts)


# Closing a socket with bytes unread resets it, and the client may lose the response: what is on its way is dropped first.
def drain(app, req, conn):
    left = conn.left - len(conn.buf)
    pauses, ms = 20, 25
    if not req._head or req._length in (None, -1):  # nobody knows how much
        left = app.max_drain
    elif conn.greeting:  # the client waits for it before it sends more
        pauses = 0
    elif left <= 0 and req._length:  # some clients send a CRLF after the body
        left, pauses, ms = 2, 1, 5
    left = min(left, app.max_drain)
    conn.since = ticks_ms()
    while left > 0 and not (conn.gone or conn.late):
        data = conn.s.read(min(left, 512))
        if data:
            left -= len(data)
        elif data is None and pauses:
            pauses -= 1
            yield from sleep_ms(ms)
        else:
            break


# TLS for a connection. The handshake is made by the first read.
def wrap_socket(ssl, s):
    if hasattr(s, "wrap"):
        return s.wrap(ssl)  # CPython's
    try:
        return ssl.wrap_socket(s, server_side=True, do_handshake_on_connect=False)
    except TypeError:
        return ssl.wrap_socket(s, server_side=True, do_handshake=False)  # Pycopy's


# A connection that the runtime's own server has accepted.
def adopt(app, reader, writer):
    from .server import Server, Stream, create_task, current_task
    if not app._servers:
        create_task(Server(app).sweep(0))
    s = getattr(writer, "s", None)
    conn = Stream(app._servers[0], s or writer.ios, None)
    conn.polls = None if s or writer.polls is writer.ios else writer.polls
    conn.task = current_task()
    conn.start = conn.since
    return conn
