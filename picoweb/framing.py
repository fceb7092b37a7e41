# Requests beyond a plain GET: their request line, the length of their body, and the modes of headers=.
from . import _HOST, _TOKEN, HTTPException, WebApp


# Attributes that a request creates when they are first used
def attribute(req, name):
    if name == "headers" and len(req._head) > 1:
        from .headers import parse
        req.headers = parse(req._head)
        if is_http10(req._head):  # it has no Upgrade (RFC 9110 section 7.8)
            req.headers.pop(req.headers._key("Upgrade"), None)
        req._head = b"\n"  # freed, as a handler may keep the request; not empty: the head was read
        host = getattr(req, "_authority", None)
        if host:  # of a target in absolute form: it counts, and the field does not (RFC 9112 section 3.2.2)
            req.headers["Host"] = host
    elif name == "reader":
        from .reader import Reader
        req.reader = Reader(req._conn)
        req.reader.s = req.reader.ios = req._conn.s  # for uwebsocket
    else:
        raise AttributeError(name + " (is an await or yield from missing before read_form_data()?)")
    return getattr(req, name)


# For headers="skip" or "leave", and an app's own parse_headers(): req.reader then begins at the body, or right after the request line.
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


# For HEAD (RFC 9110 section 9.3.2), 204 and 304: drops what is written after the blank line.
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


# HTTP/1.0 has no interim responses and no transfer codings: a proxy may not have understood these fields.
def is_http10(head):
    return head.find(b" HTTP/1.0", 0, head.find(b"\n")) > 0


# The fields that say how to read the body (RFC 9112 section 6.3). Anything that could be read in two ways is refused.
def frame(req, name, value):
    if name == b"content-length":
        if not value.isdigit() or req._length not in (None, int(value)):
            raise ValueError
        req._length = req._conn.left = int(value)
    elif name == b"content-type":
        if req._type is not None:  # parsers differ in which one counts (RFC 9110 section 8.3)
            raise ValueError
        req._type = value.lower()
    elif name == b"transfer-encoding":
        if req._length is not None:
            raise ValueError
        from .chunked import begin
        begin(req, req._conn, value)
        req._length = -1
    elif name == b"expect" and value.lower() == b"100-continue" and not is_http10(req._conn.buf):
        req._conn.interim = b"HTTP/1.1 100 Continue\r\n\r\n"


# For a request without a length: 411, unless the app's own _handle() has read its head.
def read_unframed(req):
    if req._head:
        raise HTTPException(411)
    return (yield from req.reader.readexactly(int(req.headers[b"Content-Length"])))


# An unusual request line: a method other than GET, a target other than an ASCII path, or a bare LF at its end.
def check_line(req, method, target, version):
    if method == b"HEAD":
        head_only(req._conn)
    version = version[:-2] if version[-2:] == b"\r\n" else version[:-1]
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        form = version[:5] + version[6:7]
        raise HTTPException(505 if form == b"HTTP/." and len(version) == 8 and (version[5:6] + version[7:]).isdigit() else 400)
    from .utils import decode
    # decode() on boards accepts overlong UTF-8.
    if not method or method.lower().strip(_TOKEN) or min(target) < 33 or b"\x7f" in target or decode(target).encode() != target:
        raise ValueError
    if method == b"CONNECT":
        raise HTTPException(501)  # picoweb is not a proxy
    if target[:1] != b"/" and (method, target) != (b"OPTIONS", b"*"):
        # The absolute form (RFC 9112 section 3.2.2)
        scheme, slashes, rest = req.path.partition("://")
        host, _, path = rest.partition("/")
        if not slashes or not scheme.encode().isalpha():
            raise ValueError
        req._authority = host.encode()
        parse_host(req, req._authority)
        req._host = None
        req.path = "/" + path


# A host, with or without a port (RFC 9112 section 3.2, RFC 3986 section 3.2.2)
def parse_host(req, value):
    host = value.rstrip(b"0123456789")
    host = host[:-1] if host[-1:] == b":" else value
    allowed = _HOST + b"()=;"
    if host[:1] + host[-1:] == b"[]":
        host = host[1:-1]
        allowed = b"0123456789abcdef:."
    if req._host or not host or host.lower().strip(allowed):
        raise ValueError
    req._host = value
