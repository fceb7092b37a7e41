# The header fields of a request, for who looks at them.
from ._connection import HTTPException


# The fields of a head: bytes to bytes, as the client wrote them, found in any case.
class Headers(dict):

    def __init__(self):
        super().__init__()
        self._names = {}

    def __getitem__(self, name):
        return super().__getitem__(self._names.get(name.lower(), name))

    def __contains__(self, name):
        return name.lower() in self._names

    def __setitem__(self, name, value):
        super().__setitem__(self._names.setdefault(name.lower(), name), value)

    def __delitem__(self, name):
        super().__delitem__(self._names.pop(name.lower()))

    def get(self, name, default=None):
        return self[name] if name in self else default

    def pop(self, name, *default):
        if default and name not in self:
            return default[0]
        value = self[name]
        del self[name]
        return value

    # RFC 9110 section 5.3: fields of one name are one list. RFC 6265 section 5.4: cookies are parted by semicolons.
    def add(self, line):
        name, colon, value = line.partition(b":")
        value = value.strip()
        if not colon or len(name.split()) != 1 or name.strip() != name or b"\0" in value or b"\r" in value:
            raise HTTPException(400)
        if name in self:
            value = self[name] + (b"; " if name.lower() == b"cookie" else b", ") + value
        self[name] = value


def split(head):
    headers = Headers()
    for line in head.split(b"\n")[1:]:
        line = line.rstrip(b"\r")
        if not line:
            break
        headers.add(line)
    return headers


def parse_headers(reader):
    headers = Headers()
    while True:
        line = yield from reader.readline()
        line = line.rstrip(b"\r\n")
        if not line:
            return headers
        headers.add(line)


# For what is not headers="parse" as picoweb does it. The reader stands right after the request line, or where the body begins.
def pass_head(app, req, mode):
    conn = req.reader
    head, req._head = req._head, None
    if mode == "skip":
        return
    body, left = conn.buf, conn.left
    conn.buf = head[head.find(b"\n") + 1:]
    conn.left = left + len(conn.buf) - len(body)
    if mode == "parse":
        req.headers = yield from app.parse_headers(conn)
        conn.buf, conn.left = body, left
    elif mode != "leave":
        raise ValueError('headers="%s": it has to be "parse", "skip" or "leave"' % mode)
