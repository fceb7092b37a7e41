# Forms with files (multipart/form-data, RFC 7578), read part by part in constant memory.
from . import HTTPException
from .utils import decode

try:
    import os
except ImportError:
    import uos as os

_saving = set()  # clients must not write to the same file


class Multipart:
    name = filename = type = None

    # size: bytes to read at a time; the head of a part may have twice as many.
    def __init__(self, req, size=256, max_size=1 << 29):
        kind, params = _parse(req.headers.get("Content-Type", b""))
        if kind != b"multipart/form-data":
            raise HTTPException(415)
        boundary = params.get(b"boundary", b"")
        if not 0 < len(boundary) <= 70:  # RFC 2046 section 5.1.1
            raise HTTPException(400)
        self.size = size
        self._left = max_size
        self._read = req.reader.read
        self._mark = b"\r\n--" + boundary
        self._buf = b"\r\n"  # a body may begin with a boundary

    # Moves to the next part, or the next of that name; False after the last.
    def next(self, name=None):
        start = len(self._mark)
        limit = start + 2 * self.size
        while True:
            while (yield from self.read()):
                pass
            while self._buf[start:start + 2] != b"--":
                end = self._buf.find(b"\r\n\r\n", start, limit)
                if end > 0:
                    break
                if len(self._buf) > limit:
                    raise HTTPException(413)
                yield from self._more()
            else:
                return False
            self._head(self._buf[start:end].split(b"\r\n"))
            self._buf = self._buf[end + 4:]
            if name in (None, self.name):
                return True

    # lines[0] is what follows the boundary.
    def _head(self, lines):
        fields = {}
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            if not colon or min(line) < 32:
                raise HTTPException(400)
            fields[name.lower()] = value
        kind, params = _parse(fields.get(b"content-disposition", b""))
        if lines[0].strip() or kind != b"form-data" or b"name" not in params:
            raise HTTPException(400)
        self.name = decode(params[b"name"])
        self.type = decode(fields.get(b"content-type", b"text/plain").strip())
        self.filename = None
        if b"filename" in params:  # some clients send a whole path
            name = decode(params[b"filename"]).replace("\\", "/").split("/")[-1]
            self.filename = "" if name in (".", "..") else name

    # The next piece of the part; b"" at its end.
    def read(self):
        while not self._buf.startswith(self._mark):
            end = self._buf.find(self._mark)
            if end < 0:  # the last bytes may be the start of a boundary
                end = len(self._buf) - len(self._mark) + 1
            if end > 0:
                data, self._buf = self._buf[:end], self._buf[end:]
                return data
            yield from self._more()
        return b""

    def _more(self):
        data = yield from self._read(self.size)
        if not data:
            raise HTTPException(400)
        self._left -= len(data)
        if self._left < 0:
            raise HTTPException(413)
        self._buf += data

    def _copy(self, write, max_size):
        size = 0
        while True:
            data = yield from self.read()
            if not data:
                return size
            size += len(data)
            if size > max_size:
                raise HTTPException(413)
            write(data)

    def text(self, max_size=1024):
        parts = []
        yield from self._copy(parts.append, max_size)
        return decode(b"".join(parts))

    # Writes beside path, and renames when complete.
    def save(self, path, max_size=1 << 29):
        if path in _saving or path[-4:] == ".tmp":  # it may be beside another
            raise HTTPException(409)
        _saving.add(path)
        try:
            with open(path + ".tmp", "wb") as f:
                size = yield from self._copy(f.write, max_size)
            if hasattr(os, "sync"):  # before the old file goes
                os.sync()
            os.rename(path + ".tmp", path)
        finally:
            _saving.remove(path)
            try:
                os.remove(path + ".tmp")
            except OSError:
                pass  # renamed
        return size


# A value and its parameters. Browsers send a quote as %22, other clients as \".
def _parse(value):
    kind, _, rest = value.replace(b'\\"', b"%22").partition(b";")
    params = {}
    while rest:
        name, _, rest = rest.partition(b"=")
        if rest[:1] == b'"':
            text, quote, rest = rest[1:].partition(b'"')
            if not quote:
                raise HTTPException(400)
            text = text.replace(b"%22", quote)
            rest = rest.partition(b";")[2]
        else:
            text, _, rest = rest.partition(b";")
            text = text.strip()
        params[name.strip().lower()] = text
    return kind.strip().lower(), params
