# The head of a request: its request line and its header fields.
from ._connection import HTTPException
from ._memory import load


# Whether the head is there. Its fields are looked at where they stand: to split them makes objects by the dozen.
def parse_head(app, req, conn):
    head = conn.buf
    start = head.find(b"\n") + 1
    if (start or len(head)) > app.max_request_line:
        raise HTTPException(414)
    if not start:
        return False
    if not req.method:
        if head[0] <= 32:
            load("request").skip_blank_lines(conn)
            return parse_head(app, req, conn)
        _parse_request_line(req, head, start)
    start, end = _scan_fields(conn, head, start)
    if end >= app.max_head or end < 0 and len(head) > app.max_head:
        raise HTTPException(431)
    if end < 0:
        return False
    if end > start and head[start] != 13:
        raise HTTPException(400)
    req._head = head
    conn.buf = head[end + 1:]
    conn.since = None
    if conn.length == -1:
        raise HTTPException(501)
    return True


# Returns where the blank line after the fields starts, and where it ends; -1 for what is not there yet.
def _scan_fields(conn, head, start):
    find = head.find
    while True:
        end = find(b"\n", start)
        if end - start < 2:
            return start, end
        colon = find(b":", start, end)
        size = colon - start
        if size <= 0 or head[start] <= 32 or head[colon - 1] <= 32:
            raise HTTPException(400)
        # Content-Length, Transfer-Encoding and Expect frame the body. ("in" would cost more than all of these.)
        if (size == 14 and head[start] | 32 == 99 or size == 17 and head[start] | 32 == 116
                or size == 6 and head[start] | 32 == 101):
            load("request").frame(conn, head[start:colon], head[colon + 1:end])
        start = end + 1


# RFC 9112 section 3; end is that of the line.
def _parse_request_line(req, head, end):
    end -= 2 if head[end - 2] == 13 else 1
    space = head.find(b" ")
    version = head.find(b" HTTP/1.", space, end)
    target = head[space + 1:version]
    if version - space < 2 or end - version != 9 or not 48 <= head[end - 1] <= 49 or min(target) <= 32:
        raise HTTPException(400)
    try:
        if target[0] != 47 or b"%" in target or b"?" in target:
            load("request").parse_target(req, target)
        else:
            req.path = target.decode()
        if head.startswith(b"GET "):  # most are, and a constant costs less
            req.method = "GET"
            return
        req.method = head[:space].decode()
    except UnicodeError:
        raise HTTPException(400)
    if req.method == "HEAD":
        req.reader.tail = b""
    elif min(req.method) <= " ":
        raise HTTPException(400)
