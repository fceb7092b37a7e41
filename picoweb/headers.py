# Header fields: those of a request, as a dict that ignores case; those of a response, as lines that cannot be split.
from . import HTTPException


# Attributes that a request creates when they are first used
def attribute(req, name):
    if name == "headers" and len(req._head) > 1:
        req.headers = Headers()
        for line in req._head.split(b"\n")[1:-2]:
            req.headers.add(line)
        if req._head.find(b" HTTP/1.0", 0, req._head.find(b"\n")) > 0:  # it has no Upgrade (RFC 9110 section 7.8)
            req.headers.pop(req.headers._key("Upgrade"), None)
        req._head = b"\n"  # freed, as a handler may keep the request; not empty: the head was read
        host = getattr(req, "_authority", None)
        if host:  # of a target in absolute form: it counts, and the field does not (RFC 9112 section 3.2.2)
            req.headers[b"Host"] = host
    elif name == "reader":
        from .reader import Reader
        req.reader = Reader(req._conn)
    else:
        raise AttributeError(name + " (is an await or yield from missing before read_form_data()?)")
    return getattr(req, name)


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
        name, colon, value = line.rstrip(b"\r").partition(b":")
        if not colon or name.split() != [name] or b"\0" in value or b"\r" in value:
            raise HTTPException(400)
        value = value.strip()
        if name in self:
            if name.lower() == b"content-length":  # the same once more (RFC 9110 section 8.6)
                return
            value = self[name] + (b"; " if name.lower() == b"cookie" else b", ") + value
        self[name] = value


# For apps that read the head by themselves
def parse_headers(reader):
    headers = Headers()
    while True:
        line = (yield from reader.readline()).rstrip(b"\r\n")
        if not line:
            return headers
        headers.add(line)


# Header fields (a dict, pairs, or ready-made lines) as lines. A value cannot end its line.
def lines(headers):
    if isinstance(headers, (str, bytes)):
        headers = [line.split(":", 1) for line in _text(headers).rstrip("\r\n").replace("\r\n", "\n").split("\n")]
    elif hasattr(headers, "items"):
        headers = headers.items()
    res = ""
    for name, value in headers:
        name = _text(name)
        line = "%s: %s\r\n" % (name, _text(value).lstrip(" "))
        if name.split() != [name] or ":" in name or line.count("\r") + line.count("\n") + line.count("\0") > 2:
            raise ValueError("not a header field: %r: %r" % (name, value))
        res += line
    return res


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


# The head of a response. A Content-Type among the headers replaces the other one.
def head(content_type, status, headers, writer=None):
    first = "HTTP/1.0 %s NA\r\nContent-Type: %s\r\n" % (status, content_type)
    if first.count("\n") + first.count("\r") > 4:
        raise ValueError("line end in %r" % first)
    fields = lines(headers or ())
    if "\ncontent-type:" in "\n" + fields.lower():
        first = first[:first.find("\n") + 1]
    if writer and str(status)[:3] in ("204", "304"):  # these have no body (RFC 9110 section 6.4.1)
        from .unusual import head_only
        head_only(writer)
    return first + fields + "\r\n"
