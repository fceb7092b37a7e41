# Conditional requests and ranges: RFC 9110 sections 13 and 14.
from . import HTTPException


# The status of the response, where it begins and ends in the file, and its header fields. The conditions are in the order of section
# 13.2.2. etag is bytes; b"" if the file has none. It is quoted hex digits and a dash, so no other tag can contain it.
def evaluate(req, etag, size, lines):
    fields = req.headers
    wanted = fields.get(b"If-Match", b"*")
    if wanted != b"*" and (not etag or etag not in wanted.replace(b"W/" + etag, b"")):  # a weak tag never matches here
        raise HTTPException(412)
    known = fields.get(b"If-None-Match", b"")
    if req.method in ("GET", "HEAD") and (known == b"*" or etag and etag in known):
        return 304, 0, 0, lines
    if req.method == "GET" and fields.get(b"If-Range", etag) == etag:
        part = _range(fields.get(b"Range", b""), size)
        if part:
            return 206, part[0], part[1], lines + "Content-Range: bytes %d-%d/%d\r\n" % (part[0], part[1] - 1, size)
    return 200, 0, size, lines


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
