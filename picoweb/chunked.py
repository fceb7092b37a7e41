# Chunked request bodies (RFC 9112 section 7.1), decoded as they are read. Loaded by the first request with one.
from . import HTTPException
from .framing import is_http10

_LINE = 256  # max. bytes of a chunk size with its extensions
_TRAILERS = 4096  # max. bytes of all trailer fields
_HEX = b"0123456789abcdefABCDEF"
_TOKEN = _HEX + b"ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~"
# A trailer must not change where a message ends or whom it is for (RFC 9110 section 6.5.1).
_FORBIDDEN = b"content-length", b"transfer-encoding", b"host"


# Checks Transfer-Encoding. Anything but a single chunked is refused.
def begin(req, conn, value):
    codings = [coding.strip(b" \t") for coding in value.lower().split(b",")]
    # If one is empty, or chunked is not the last one, or is applied twice, the end of the body is unknown (RFC 9112 sections 6.1, 6.3).
    if is_http10(conn.buf) or b"" in codings or codings[-1] != b"chunked" or codings.count(b"chunked") > 1:
        raise HTTPException(400)
    if len(codings) > 1:
        raise HTTPException(501)
    conn.next_chunk = _first


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


# A line without its CRLF, of at most limit bytes including it. A bare LF does not end it: other parsers may look for the CR.
def _line(conn, limit):
    while True:
        end = conn.buf.find(b"\n", 0, limit)
        if end >= 0:
            break
        if len(conn.buf) >= limit:
            raise HTTPException(400)
        if conn.interim and not conn.sent:
            yield from conn.awrite(conn.interim)
            conn.sent = None
        conn.interim = None
        try:
            yield from conn.more()
        except EOFError:
            raise HTTPException(400)
    line = conn.buf[:end + 1]
    conn.buf = conn.buf[end + 1:]
    if not end or line.find(b"\r") != end - 1:
        raise HTTPException(400)
    return line[:-2]


# ;name, ;name=token or ;name="quoted", any number of them. All are ignored.
def _check_extensions(text):
    _check_text(text)
    bare = b""  # with "" in place of quoted strings
    quoted = False
    i = 0
    while i < len(text):
        c = text[i:i + 1]
        if c == b'"':
            quoted = not quoted
        elif quoted and c == b"\\":
            i += 1
        if c == b'"' or not quoted:
            bare += c
        i += 1
    if bare[-1:] in (b" ", b"\t"):  # the grammar has white space only before and after ";" and "="
        raise HTTPException(400)
    for extension in bare.split(b";"):
        name, equals, value = extension.partition(b"=")
        value = value.strip(b" \t")
        if quoted or not _is_token(name.strip(b" \t")) or equals and value != b'""' and not _is_token(value):
            raise HTTPException(400)


def _is_token(name):
    return name and not name.strip(_TOKEN)


# RFC 9110 section 5.5: no control characters except tabs
def _check_text(text):
    for c in text:
        if c < 32 and c != 9 or c == 127:
            raise HTTPException(400)


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
        _check_text(value)


# The whole body, within max_body
def read_all(reader):
    conn = reader.conn
    body = bytearray()
    while True:
        part = yield from reader.read(512)
        if not part:
            return body
        if len(body) + len(part) + conn.left > conn.server.app.max_body:
            raise HTTPException(413)
        body.extend(part)
