# Unusual requests: other methods, targets and hosts than most, HEAD, and the modes of headers=.
from . import _HOST, _TOKEN, HTTPException, WebApp
from .loop import re
from .utils import decode


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
    head = b""

    def cut(buf, off=0, sz=-1):
        nonlocal head
        buf = buf.encode() if isinstance(buf, str) else bytes(buf)
        start = len(head)
        head += buf[off:off + sz] if sz >= 0 else buf[off:]
        end = head.find(b"\r\n\r\n") + 4
        if end > 3:
            head = head[:end]
        return awrite(head[start:])
    conn.awrite = conn.awritestr = cut


# An unusual request line: a method other than GET or POST, a target other than an ASCII path, or a bare LF at its end
def check_line(req, method, target, version):
    if method == b"HEAD":
        head_only(req._conn)
    text = decode(target)  # the decode() of boards accepts overlong UTF-8
    if not method or method.lower().strip(_TOKEN) or min(target) < 33 or text.encode() != target or [c for c in text if "\x7f" <= c < "\xa0"]:
        req.method = req.path = "?"  # not for the log
        raise ValueError
    version = version[:-2] if version[-2:] == b"\r\n" else version[:-1]
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise HTTPException(505 if re.match(b"HTTP/[0-9][.][0-9]$", version) else 400)
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
