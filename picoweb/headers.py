# Header fields: those of a request, as a dict that ignores case; those of a response, as lines that cannot be split.
from . import HTTPException, WebApp


# bytes to bytes, as the client wrote them; found in any case, and by str too.
class Headers(dict):

    def __init__(self):
        super().__init__()
        self._names = {}  # as the client wrote them, by their lower case

    def __getitem__(self, name):
        return super().__getitem__(self._names.get(_lower(name), name))

    def __contains__(self, name):
        return _lower(name) in self._names

    def __setitem__(self, name, value):
        super().__setitem__(self._names.setdefault(_lower(name), name), value)

    def get(self, name, default=None):
        return self[name] if name in self else default

    # RFC 9110 section 5.3: fields of one name are one list. RFC 6265 section 5.4: cookies are parted by semicolons.
    def add(self, line):
        name, colon, value = line.partition(b":")
        value = value.strip()
        if not colon or len(name.split()) != 1 or name.strip() != name or b"\0" in value or b"\r" in value:
            raise HTTPException(400)
        if name in self:
            value = self[name] + (b"; " if name.lower() == b"cookie" else b", ") + value
        self[name] = value


def _lower(name):
    return (name.encode() if isinstance(name, str) else name).lower()


# What a request makes when it is first looked at.
def attribute(req, name):
    if name == "headers" and len(req._head) > 1:
        req.headers = split(req._head)
        return req.headers
    if name == "reader":
        from .reader import Reader
        req.reader = Reader(req._conn)
        return req.reader
    if name == "form":
        name = "form: parse_qs() or read_form_data() has not made it (is an await or yield from missing?)"
    raise AttributeError(name)


def split(head):
    headers = Headers()
    for line in head.split(b"\n")[1:]:
        line = line.rstrip(b"\r")
        if not line:
            break
        headers.add(line)
    return headers


def read_fields(reader):
    headers = Headers()
    while True:
        line = yield from reader.readline()
        line = line.rstrip(b"\r\n")
        if not line:
            return headers
        headers.add(line)


# For what is not headers="parse" as picoweb does it. The reader stands right after the request line, or where the body begins.
def pass_head(app, req, extra):
    mode = (extra or {}).get("headers", app.headers_mode)
    if mode == "parse" and type(app).parse_headers is WebApp.parse_headers:
        return  # they are split when a handler looks at them
    conn = req._conn
    head, req._head = req._head, b"\n"
    if mode == "skip":
        return
    body, left = conn.buf, conn.left
    conn.buf = head[head.find(b"\n") + 1:] + body
    conn.left = left + len(conn.buf) - len(body)
    if mode == "parse":
        req.headers = yield from app.parse_headers(req.reader)
        conn.buf, conn.left = body, left
    elif mode != "leave":
        raise ValueError('headers="%s": it has to be "parse", "skip" or "leave"' % mode)


# Header fields (a dict, pairs, or lines that are ready) as lines. No value can end its line.
def lines(headers):
    if isinstance(headers, bytes):
        headers = headers.decode()
    if isinstance(headers, str):
        headers = headers.rstrip("\r\n") + "\r\n"
        if (headers[0] <= " " or "\n\r\n" in headers or "\n\n" in headers or "\0" in headers
                or headers.count("\r") != headers.count("\r\n")):
            raise ValueError("no lines of headers: %r" % headers)
        return headers
    res = ""
    for name, value in headers.items() if hasattr(headers, "items") else headers:
        name = _text(name)
        if not name or min(name) <= " " or ":" in name:
            raise ValueError("no name of a header: %r" % name)
        res += "%s: %s\r\n" % (name, _text(value))
    return res


def _text(value):
    value = value.decode() if isinstance(value, bytes) else str(value)
    if "\r" in value or "\n" in value or "\0" in value:
        raise ValueError("line end in a header: %r" % value)
    return value


# For HEAD (RFC 9110 section 9.3.2): what is written ends with the blank line.
def head_only(conn):
    seen = b""
    awrite = conn.awrite

    def cut(buf, off=0, sz=-1):
        nonlocal seen
        buf = buf.encode() if isinstance(buf, str) else bytes(buf)
        buf = buf[off:off + sz] if sz >= 0 else buf[off:]
        start = len(seen)
        if seen[-4:] == b"\r\n\r\n":
            buf = b""
        seen += buf
        end = seen.find(b"\r\n\r\n") + 4
        if end > 3:
            buf = seen[start:end]
            seen = seen[:end]
        seen = seen[-4:]
        return awrite(buf)
    conn.awrite = conn.awritestr = cut
