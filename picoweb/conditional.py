# Conditional requests and ranges: RFC 9110 sections 13 and 14.
from . import HTTPException, start_response
from .files import open_file


# Returns whether the request was answered here, other than with the whole file. The conditions are in the order of section 13.2.2.
# etag is bytes; b"" if the file has none. It is quoted hex digits and a dash, so no other tag can contain it.
def answer(app, req, resp, name, size, etag, mime, lines):
    fields = req.headers
    wanted = fields.get(b"If-Match", b"*")
    if wanted != b"*" and (not etag or etag not in wanted.replace(b"W/" + etag, b"")):  # a weak tag never matches here
        raise HTTPException(412)
    known = fields.get(b"If-None-Match", b"")
    if req.method in ("GET", "HEAD") and (known == b"*" or etag and etag in known):
        yield from start_response(resp, mime, 304, lines)
        return True
    if req.method == "GET" and fields.get(b"If-Range", etag) == etag:
        part = _range(fields.get(b"Range", b""), size)
        if part:
            start, end = part
            lines = "Content-Length: %d\r\nContent-Range: bytes %d-%d/%d\r\n%s" % (end - start, start, end - 1, size, lines)
            yield from start_response(resp, mime, 206, lines)
            yield from _send_part(app, resp, name, start, end - start)
            return True


def _send_part(app, resp, name, start, left):
    from . import SEND_BUFSZ  # an app may set it
    buf = bytearray(SEND_BUFSZ)
    f = open_file(app.pkg, name)
    try:
        f.seek(start)
        while left:
            n = min(f.readinto(buf), left)
            if not n:
                break  # the file has become shorter
            yield from resp.awrite(buf, 0, n)
            left -= n
    finally:
        f.close()


# The first byte and the end of a range; None for the whole file: a server may ignore ranges, as this one ignores several at once.
def _range(value, size):
    first, dash, last = value[6:].partition(b"-")
    if value[:6].lower() != b"bytes=" or not dash or not (first + last).isdigit() or len(value) > 40 or not size:
        return None
    if first:
        start, end = int(first), int(last) + 1 if last else size
        if last and end <= start:
            return None
    else:  # the last n bytes
        start, end = max(size - int(last), 0), size
    if start >= size:
        raise HTTPException(416, {"Content-Range": "bytes */%d" % size})
    return start, min(end, size)
