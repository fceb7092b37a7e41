# Header fields: those of a request, as a dict that ignores case; those of a response, as lines that cannot be split.
from . import HTTPException


# Maps bytes to bytes, as the client wrote them; names match in any case, and as str.
class Headers(dict):

    def _key(self, name):
        name = name.encode() if isinstance(name, str) else name
        for key in self:
            if key.lower() == name.lower():
                return key
        return name

    def __getitem__(self, name):
        return super().__getitem__(self._key(name))

    def __contains__(self, name):
        return self.get(name) is not None

    def __setitem__(self, name, value):
        super().__setitem__(self._key(name), value)

    def get(self, name, default=None):
        return super().get(self._key(name), default)

    # RFC 9110 section 5.3: fields of the same name form one list. RFC 6265 section 5.4: semicolons separate cookies.
    def add(self, line):
        name, colon, value = line.partition(b":")
        value = value.strip()
        if not colon or len(name.split()) != 1 or name.strip() != name or b"\0" in value or b"\r" in value:
            raise HTTPException(400)
        if name in self:
            if name.lower() == b"content-length":  # the same once more (RFC 9110 section 8.6)
                return
            value = self[name] + (b"; " if name.lower() == b"cookie" else b", ") + value
        self[name] = value


def parse(head):
    headers = Headers()
    for line in head.split(b"\n")[1:]:
        line = line.rstrip(b"\r")
        if not line:
            break
        headers.add(line)
    return headers


def read_fields(reader):
    headers = Headers()
    while True:
        line = yield from reader.readline()
        line = line.rstrip(b"\r\n")
        if not line:
            return headers
        headers.add(line)


# Header fields (a dict, pairs, or ready-made lines) as lines. A value cannot end its line.
def lines(headers):
    if isinstance(headers, bytes):
        headers = headers.decode()
    if isinstance(headers, str):
        headers = headers.rstrip("\r\n") + "\r\n"
        if (headers[0] <= " " or "\n\r\n" in headers or "\n\n" in headers or "\0" in headers
                or headers.count("\r") != headers.count("\r\n")):
            raise ValueError("not header lines: %r" % headers)
        return headers
    res = ""
    for name, value in headers.items() if hasattr(headers, "items") else headers:
        name = _text(name)
        if not name or min(name) <= " " or ":" in name:
            raise ValueError("not a header name: %r" % name)
        res += "%s: %s\r\n" % (name, _text(value))
    return res


def _text(value):
    value = value.decode() if isinstance(value, bytes) else str(value)
    if "\r" in value or "\n" in value or "\0" in value:
        raise ValueError("line end in a header: %r" % value)
    return value


# The head of a response. A Content-Type among the headers replaces the other one.
def head(content_type, status, headers, writer=None):
    first = "HTTP/1.0 %s NA\r\n" % status
    field = "Content-Type: %s\r\n" % content_type
    if (first + field).count("\n") + (first + field).count("\r") > 4:
        raise ValueError("line end in %r" % (first + field))
    if headers:
        headers = lines(headers)
        if "\ncontent-type:" in "\n" + headers.lower():
            field = ""
    if writer and str(status)[:3] in ("204", "304"):  # these have no body (RFC 9110 section 6.4.1)
        from .framing import head_only
        head_only(writer)
    return first + field + (headers or "") + "\r\n"
