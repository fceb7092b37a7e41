# What some handlers ask of a request: its header fields, its body; and the targets that are not just a path.
from . import utils
from ._connection import Connection, HTTPException, sleep_ms, task_current


# What HTTPRequest has, but does not hold.
def attribute_of(req, name):
    if name == "headers" and getattr(req, "_head", None):
        req.headers = parse_head(req._head)
        return req.headers
    func = {"parse_qs": parse_qs, "read_form_data": read_form_data, "get_data": get_data, "get_json": get_json}.get(name)
    if not func:
        raise AttributeError(name)
    return lambda: func(req)


# The methods of a Connection that few handlers use.
def method_of(conn, name):
    func = {"read": read, "readinto": readinto, "readexactly": readexactly, "readline": readline, "awriteiter": awriteiter,
            "get_extra_info": get_extra_info}.get(name)
    if not func:
        raise AttributeError(name)
    return lambda *args: func(conn, *args)


# A request target with an authority, a query or percent-encoding (RFC 9112 section 3.2).
def parse_target(req, target):
    path, _, qs = target.partition(b"?")
    if path[:1] != b"/" and path != b"*":
        scheme, slashes, rest = path.partition(b"://")
        if not slashes:
            raise HTTPException(400)
        path = b"/" + rest.partition(b"/")[2]
    req.path = utils.decode(utils.unquote_to_bytes(path))
    req.qs = utils.decode(qs)


# Notes a field that frames the body (RFC 9112 section 6.3). Whatever could be read in two ways is refused.
def frame(conn, name, value):
    name = name.lower()
    value = value.strip()
    if name == b"content-length":
        if not value.isdigit() or conn.length not in (None, int(value)):
            raise HTTPException(400)
        conn.length = conn.left = int(value)
    elif name == b"transfer-encoding":
        # No body can be read then. -1 is no length that could be sent, so that one before or after this is an error.
        if conn.length not in (None, -1):
            raise HTTPException(400)
        conn.length = -1
    elif name == b"expect":
        conn.expect = value.lower() == b"100-continue"


# The fields of a head: bytes to bytes, as the client wrote them, found in any case.
class Headers(dict):

    def __init__(self):
        super().__init__()
        self._names = {}

    def __getitem__(self, name):
        return super().__getitem__(self._names.get(name.lower(), name))

    def __contains__(self, name):
        return name.lower() in self._names

    def __setitem__(self, name, value):
        super().__setitem__(self._names.setdefault(name.lower(), name), value)

    def __delitem__(self, name):
        super().__delitem__(self._names.pop(name.lower()))

    def get(self, name, default=None):
        return self[name] if name in self else default

    def pop(self, name, *default):
        if default and name not in self:
            return default[0]
        value = self[name]
        del self[name]
        return value

    # RFC 9110 section 5.3: fields of one name are one list. RFC 6265 section 5.4: cookies are parted by semicolons.
    def add(self, line):
        name, colon, value = line.partition(b":")
        value = value.strip()
        if not name or not colon or len(name.split()) != 1 or name.strip() != name or b"\0" in value or b"\r" in value:
            raise HTTPException(400)
        if name in self:
            value = self[name] + (b"; " if name.lower() == b"cookie" else b", ") + value
        self[name] = value


def parse_head(head):
    headers = Headers()
    for line in head.split(b"\n")[1:]:
        line = line.rstrip(b"\r")
        if not line:
            break
        headers.add(line)
    return headers


def parse_headers(reader):
    headers = Headers()
    while True:
        line = yield from reader.readline()
        line = line.rstrip(b"\r\n")
        if not line:
            return headers
        headers.add(line)


# For what is not headers="parse" as picoweb does it. The reader stands right after the request line, or where the body begins.
def pass_head(app, req, mode):
    conn = req.reader
    head, req._head = req._head, None
    if mode == "skip":
        return
    body, left = conn.buf, conn.left
    conn.buf = head[head.find(b"\n") + 1:]
    conn.left = left + len(conn.buf) - len(body)
    if mode == "parse":
        req.headers = yield from app.parse_headers(conn)
        conn.buf, conn.left = body, left
    elif mode != "leave":
        raise ValueError('headers="%s": it has to be "parse", "skip" or "leave"' % mode)


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


# Up to n bytes of the body; b"" at its end, or when the client has closed the connection.
def _receive(conn, n):
    if not n:
        return b""
    if conn.expect:
        conn.expect = False
        conn.s.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    data = yield from conn.receive(n)
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
    except ValueError:
        raise HTTPException(400)


def read_form_data(req):
    req.form = utils.parse_qs((yield from get_data(req)))


def parse_qs(req):
    req.form = utils.parse_qs(req.qs)
    return ()  # some apps "yield from" this


# A connection that the runtime's own server has accepted, for an app whose serve() starts that.
def adopt(app, reader, writer):
    if not app._servers:
        from ._server import Server
        app._servers.append(Server(app))
    s = getattr(writer, "s", None)
    conn = Connection(app._servers[0], s or writer.ios, None)
    if not s:
        conn.polls = writer.polls
    conn.task = task_current()
    conn.server.admit(conn)
    return conn
