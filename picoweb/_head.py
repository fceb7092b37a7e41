# The head of a request: its request line and its header fields.
from ._connection import HTTPException


# Whether the head is there. Looks at its fields where they stand: to split them makes objects by the dozen.
def parse_head(app, req, conn):
    head = conn.buf
    find = head.find
    start = find(b"\n") + 1
    if (start or len(head)) > app.max_request_line:
        raise HTTPException(414)
    if not start:
        return False
    if not req.method:
        if head[0] in b"\r\n":
            return _skip_blank_lines(app, req, conn)
        _parse_request_line(req, head, start)
    while True:
        end = find(b"\n", start)
        if end - start < 2:
            break
        colon = find(b":", start, end)
        size = colon - start
        if size <= 0 or head[start] <= 32 or head[colon - 1] <= 32:
            raise HTTPException(400)
        # The fields that frame the body: Content-Length, Transfer-Encoding, Expect.
        if (size == 14 or size == 17 or size == 6) and head[start] in b"CcTtEe":
            from .request import frame
            frame(conn, head[start:colon], head[colon + 1:end])
        start = end + 1
    if end >= app.max_head or end < 0 and len(head) > app.max_head:
        raise HTTPException(431)
    if end < 0:
        return False
    if head[start] not in b"\r\n":
        raise HTTPException(400)
    req._head = head
    conn.buf = head[end + 1:]
    conn.since = None
    if conn.length == -1:
        raise HTTPException(501)
    return True


# RFC 9112 section 2.2: blank lines may come before a request.
def _skip_blank_lines(app, req, conn):
    size = len(conn.buf)
    conn.buf = conn.buf.lstrip(b"\r\n")
    if size > 4 and not conn.buf:  # an endless row of them would never let the others have their turn
        raise HTTPException(400)
    return parse_head(app, req, conn)


# RFC 9112 section 3; end is that of the line.
def _parse_request_line(req, head, end):
    space = head.find(b" ")
    version = head.find(b" HTTP/1.", space, end)
    target = head[space + 1:version]
    if (space < 1 or version < space or end - version > 11 or head[version + 8] not in b"01" or head[version + 9] not in b"\r\n"
            or target.split() != [target]):
        raise HTTPException(400)
    try:
        if target[0] != 47 or b"%" in target or b"?" in target:
            from .request import parse_target
            parse_target(req, target)
        else:
            req.path = target.decode()
        req.method = head[:space].decode()
    except UnicodeError:
        raise HTTPException(400)
    if req.method == "HEAD":
        req.reader.tail = b""
