# What HTTP/1.1 adds to bodies: chunks (RFC 9112 section 7.1), decoded as they are read, and 100 Continue (RFC 9110 section 10.1.1).
from . import _TOKEN, HTTPException
from .utils import _HEX

_LINE = 256  # max. bytes of a chunk size with its extensions
_TRAILERS = 4096  # max. bytes of all trailer fields
# A trailer must not change where a message ends or whom it is for (RFC 9110 section 6.5.1).
_FORBIDDEN = b"content-length", b"transfer-encoding", b"host"


# Transfer-Encoding: anything but a single chunked is refused. Expect: only 100-continue means anything.
def begin(req, name, value):
    conn = req._conn
    # HTTP/1.0 has no transfer codings and no interim responses: a proxy may not have understood these fields.
    is_http10 = conn.buf.find(b" HTTP/1.0", 0, conn.buf.find(b"\n")) > 0
    if name == b"expect":
        if value.lower() == b"100-continue" and not is_http10:
            conn.interim = b"HTTP/1.1 100 Continue\r\n\r\n"
        return
    codings = [coding.strip(b" \t") for coding in value.lower().split(b",")]
    # If one is empty, or chunked is not the last one, or is applied twice, the end of the body is unknown (RFC 9112 sections 6.1, 6.3).
    if is_http10 or req._length is not None or b"" in codings or codings[-1] != b"chunked" or codings.count(b"chunked") > 1:
        raise HTTPException(400)
    if len(codings) > 1:
        raise HTTPException(501)
    req._length = -1
    conn.next_chunk = _first


# Sends 100 Continue, but not after the final response (RFC 9110 section 15.2).
def ask(conn):
    if not conn.sent:
        yield from type(conn).awrite(conn, conn.interim)
        conn.sent = None
    conn.interim = None


# Called when a chunk has been read: sets conn.left to the size of the next one, or conn.next_chunk to None at the end.
def _next(conn):
    if (yield from _line(conn, 2)):
        raise HTTPException(400)
    yield from _first(conn)


# The first chunk: no CRLF of a previous one comes before its size.
def _first(conn):
    line = yield from _line(conn, _LINE)
    size, semicolon, extensions = line.partition(b";")
    # int() would accept signs, spaces, "0x" and "_". More than 7 digits do not fit into a small int of a board.
    if not size or size.strip(_HEX) or len(size.lstrip(b"0")) > 7:
        raise HTTPException(400)
    if semicolon:
        _check_extensions(extensions)
    conn.left = int(str(size, "ascii"), 16)
    conn.next_chunk = _next
    if not conn.left:
        yield from _skip_trailers(conn)
        conn.next_chunk = None


# A line without its CRLF, of at most limit bytes including it. A bare LF is refused, as other parsers do not end a line there, and so are
# control characters except tabs (RFC 9110 section 5.5).
def _line(conn, limit):
    while True:
        end = conn.buf.find(b"\n", 0, limit)
        if end >= 0:
            break
        if len(conn.buf) >= limit:
            raise HTTPException(400)
        if conn.interim:
            yield from ask(conn)
        yield from conn.more()
    line, crlf, conn.buf = conn.buf.partition(b"\r\n")
    if len(line) != end - 1 or min(line.replace(b"\t", b" ") or b" ") < 32 or b"\x7f" in line:
        raise HTTPException(400)
    conn.idle_since = None  # it has come
    return line


# ;name, ;name=token or ;name="quoted", any number of them. All are ignored.
def _check_extensions(text):
    # Without escapes, what is outside of quotes is every other part.
    parts = text.replace(b"\\\\", b"\0").replace(b'\\"', b"\0").split(b'"')
    bare = b'""'.join(parts[::2])
    # The grammar has white space only before and after ";" and "=".
    if len(parts) % 2 == 0 or bare[-1:] in (b" ", b"\t"):
        raise HTTPException(400)
    for extension in bare.split(b";"):
        name, equals, value = extension.partition(b"=")
        value = value.strip(b" \t")
        if not _is_token(name.strip(b" \t")) or equals and value != b'""' and not _is_token(value):
            raise HTTPException(400)


def _is_token(name):
    return name and not name.lower().strip(_TOKEN)


# Trailer fields are checked and dropped: they come too late for req.headers.
def _skip_trailers(conn):
    left = _TRAILERS
    while True:
        line = yield from _line(conn, left)
        left -= len(line) + 2
        if not line:
            return
        name, colon, value = line.partition(b":")
        if not colon or not _is_token(name) or name.lower() in _FORBIDDEN:
            raise HTTPException(400)
