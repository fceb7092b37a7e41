# Header fields: those of a request, as a dict that ignores case; those of a response, as lines that cannot be split.
from . import _TOKEN, HTTPException, WebApp
from .utils import decode


# bytes to bytes, as the client wrote them; found in any case, and by str.
class Headers(dict):

    def _key(self, name):
        name = name.encode() if isinstance(name, str) else name
        for key in self:
            if key.lower() == name.lower():
                return key
        return name

    def __getitem__(self, name):
        return super().__getitem__(self._key(name))

    def __contains__(self, name):
        return self.get(name) is not None

    def __setitem__(self, name, value):
        super().__setitem__(self._key(name), value)

    def get(self, name, default=None):
        return super().get(self._key(name), default)

    # RFC 9110 section 5.3: fields of one name are one list. RFC 6265 section 5.4: cookies are parted by semicolons.
    def add(self, line):
        name, colon, value = line.partition(b":")
        value = value.strip()
        if not colon or len(name.split()) != 1 or name.strip() != name or b"\0" in value or b"\r" in value:
            raise HTTPException(400)
        if name in self:
            value = self[name] + (b"; " if name.lower() == b"cookie" else b", ") + value
        self[name] = value


# What a request makes when it is first looked at
def attribute(req, name):
    if name == "headers" and len(req._head) > 1:
        req.headers = parse(req._head)
    elif name == "reader":
        from .utils import Reader
        req.reader = Reader(req._conn)
    else:
        raise AttributeError(name + " (is an await or yield from missing before read_form_data()?)")
    return getattr(req, name)


def parse(head):
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


# For routes and apps that do not have their fields parsed as usual: the reader stands after the request line, or at the body.
def pass_head(app, req, extra):
    mode = extra.get("headers", app.headers_mode)
    if mode == "parse" and type(app).parse_headers is WebApp.parse_headers:
        return
    conn = req._conn
    head, req._head = req._head, b"\n"
    if mode == "skip":
        return
    if mode not in ("parse", "leave"):
        raise ValueError('headers="%s": it has to be "parse", "skip" or "leave"' % mode)
    body, left = conn.buf, conn.left
    conn.buf = head[head.find(b"\n") + 1:] + body
    conn.left = left + len(conn.buf) - len(body)
    if mode == "parse":
        req.headers = yield from app.parse_headers(req.reader)
        conn.buf, conn.left = body, left


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


# The head of a response. A Content-Type among the headers takes the place of the other one.
def head(content_type, status, headers):
    first = "HTTP/1.0 %s NA\r\n" % status
    field = "Content-Type: %s\r\n" % content_type
    if (first + field).count("\n") + (first + field).count("\r") > 4:
        raise ValueError("line end in %r" % (first + field))
    if headers:
        headers = lines(headers)
        if "\ncontent-type:" in "\n" + headers.lower():
            field = ""
    return first + field + (headers or "") + "\r\n"


# For HEAD (RFC 9110 section 9.3.2): what is written ends with the blank line.
def head_only(conn):
    awrite = conn.awrite
    tail = b""

    def cut(buf, off=0, sz=-1):
        nonlocal tail
        buf = buf.encode() if isinstance(buf, str) else bytes(buf)
        text = tail + (buf[off:off + sz] if sz >= 0 else buf[off:])
        end = text.find(b"\r\n\r\n") + 4
        if end > 3:
            text = text[:end]
        start, tail = len(tail), text[-4:]
        return awrite(text[start:])
    conn.awrite = conn.awritestr = cut


# The fields that say how the body is read (RFC 9112 section 6.3). What could be read in two ways is refused.
def frame(req, name, value):
    if name == b"content-length":
        if not value.isdigit() or req._length not in (None, int(value)):
            raise ValueError
        req._length = req._conn.left = int(value)
    elif name == b"content-type":
        req._type = value.lower()
    elif name == b"transfer-encoding":
        if req._length is not None:
            raise ValueError
        from .chunked import begin
        begin(req, req._conn, value)
        req._length = -1
    elif name == b"expect" and value.lower() == b"100-continue":
        req._conn.greeting = b"HTTP/1.1 100 Continue\r\n\r\n"


# A request line that is not of the plainest: another method than GET, another target than a path in ASCII, an LF alone at its end.
def check_line(req, method, target, version):
    version = version[:-2] if version[-2:] == b"\r\n" else version[:-1]
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        form = version[:5] + version[6:7]
        raise HTTPException(505 if form == b"HTTP/." and len(version) == 8 and (version[5:6] + version[7:]).isdigit() else 400)
    # A board's decode() takes UTF-8 that is longer than it has to be.
    if not method or method.lower().strip(_TOKEN) or min(target) < 33 or b"\x7f" in target or decode(target).encode() != target:
        raise ValueError
    if method == b"HEAD":
        head_only(req._conn)
    if method == b"CONNECT":
        raise HTTPException(501)  # picoweb is no proxy
    if target[:1] != b"/" and (method, target) != (b"OPTIONS", b"*"):
        # The absolute form (RFC 9112 section 3.2.2)
        scheme, slashes, rest = req.path.partition("://")
        host, _, path = rest.partition("/")
        if not slashes or not scheme.isalpha():
            raise ValueError
        parse_host(req, host.encode())
        req._host = None
        req.path = "/" + path


# One host, and a port (RFC 9112 section 3.2, RFC 3986 section 3.2.2)
def parse_host(req, value):
    host = value.rstrip(b"0123456789")
    host = host[:-1] if host[-1:] == b":" else value
    allowed = _TOKEN[:-4] + b"()=;"
    if host[:1] + host[-1:] == b"[]":
        host = host[1:-1]
        allowed = b"0123456789abcdef:."
    if req._host or not host or host.lower().strip(allowed):
        raise ValueError
    req._host = value
