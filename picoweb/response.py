# Responses that need more than the usual head.
from . import start_response

try:
    from json import dumps
except ImportError:
    from ujson import dumps


# Header fields (a dict, pairs, or lines that are ready) as lines. No value can end its line.
def fields(headers):
    if isinstance(headers, bytes):
        headers = headers.decode()
    if isinstance(headers, str):
        headers = headers.rstrip("\r\n") + "\r\n"
        if (headers[0] <= " " or "\n\r\n" in headers or "\n\n" in headers or "\0" in headers
                or headers.count("\r") != headers.count("\r\n")):
            raise ValueError("no lines of headers: %r" % headers)
        return headers
    lines = ""
    for name, value in headers.items() if hasattr(headers, "items") else headers:
        name = _text(name)
        if not name or min(name) <= " " or ":" in name:
            raise ValueError("no name of a header: %r" % name)
        lines += "%s: %s\r\n" % (name, _text(value))
    return lines


def _text(value):
    value = value.decode() if isinstance(value, bytes) else str(value)
    if "\r" in value or "\n" in value or "\0" in value:
        raise ValueError("line end in a header: %r" % value)
    return value


def head(content_type, status, headers):
    return "HTTP/1.0 %s NA\r\nContent-Type: %s\r\n%s\r\n" % (_text(status), _text(content_type), fields(headers) if headers else "")


# A response whose body is at hand.
def respond(writer, body, content_type, status="200", headers=None):
    lines = "Content-Length: %d\r\n" % len(body)
    if headers:
        lines += fields(headers)
    yield from start_response(writer, content_type, status, lines)
    yield from writer.awrite(body)


def http_error(writer, status, headers=None):
    if str(status) in ("204", "304"):  # these have no body (RFC 9110 section 15)
        return start_response(writer, status=status, headers=headers)
    return respond(writer, str(status).encode(), "text/html; charset=utf-8", status, headers)


def jsonify(writer, obj):
    return respond(writer, dumps(obj).encode(), "application/json")


def redirect(writer, location, code=302):
    return start_response(writer, status=code, headers=(("Location", location), ("Content-Length", "0")))


# For HEAD: what is left of a response that is written piece by piece, when nothing may follow the blank line (RFC 9110 section 9.3.2).
def cut_body(conn, buf):
    if conn.tail.endswith(b"\r\n\r\n"):
        return b""
    seen = conn.tail + buf
    end = seen.find(b"\r\n\r\n")
    if end >= 0:
        buf = seen[len(conn.tail):end + 4]
        seen = b"\r\n\r\n"
    conn.tail = seen[-4:]
    return buf
