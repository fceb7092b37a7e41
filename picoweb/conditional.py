# Conditional requests and ranges: RFC 9110 sections 13 and 14.
from . import HTTPException


# The status, the first byte and the end of what is sent of a resource, in the order of section 13.2.2. etag is bytes; b"" if it has
# none. Its text is in no other tag: tags of files have neither quotes nor commas.
def choose(method, fields, etag, size):
    wanted = fields.get(b"If-Match", b"*")
    if wanted != b"*" and (not etag or etag not in wanted.replace(b"W/" + etag, b"")):  # a weak tag never matches here
        raise HTTPException(412)
    known = fields.get(b"If-None-Match", b"")
    if method in ("GET", "HEAD") and (known == b"*" or etag and etag in known):
        return 304, 0, 0
    if method == "GET" and fields.get(b"If-Range", etag) == etag:
        part = _range(fields.get(b"Range", b""), size)
        if part:
            return (206,) + part
    return 200, 0, size


# The first byte and the end of a range; None for all: a server may ignore what it does not take, as here several ranges.
def _range(value, size):
    first, dash, last = value[6:].partition(b"-")
    if value[:6].lower() != b"bytes=" or not dash or not (first + last).isdigit() or len(value) > 40 or not size:
        return None
    if first:
        start, end = int(first), int(last) + 1 if last else size
        if last and end <= start:
            return None
    else:  # the last so many bytes
        start, end = max(size - int(last), 0), size
    if start >= size:
        raise HTTPException(416, {"Content-Range": "bytes */%d" % size})
    return start, min(end, size)
