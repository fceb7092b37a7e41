# What comes in a query string or a body: percent-encoding (RFC 3986 section 2.1), the URL Standard's forms, and a body's reader.

from . import HTTPException
from .server import json, sleep_ms, ticks_ms

# Scripts in browsers say text/plain where their author says nothing.
FORMS = (b"application/x-www-form-urlencoded", b"text/plain")
_HEX = b"0123456789abcdefABCDEF"


# Decodes "%XX"; what only looks like it stays.
def unquote_to_bytes(s):
    if b"%" not in s:
        return s
    parts = s.split(b"%")
    for i in range(1, len(parts)):
        part = parts[i]
        if len(part) > 1 and part[0] in _HEX and part[1] in _HEX:
            parts[i] = bytes((int(str(part[:2], "ascii"), 16),)) + part[2:]
        else:
            parts[i] = b"%" + part
    return b"".join(parts)


# The length of the UTF-8 sequence at b[i], or of what is wrong there, as a negative number (Unicode 15, table 3-7).
def _sequence(b, i):
    first = b[i]
    if first < 0x80:
        return 1
    size = 0 if first < 0xC2 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF5 else 0
    low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
    high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
    for n in range(1, size):
        if i + n == len(b) or not low <= b[i + n] <= high:
            return -n
        low, high = 0x80, 0xBF
    return size or -1


# Bytes to text, with U+FFFD for what is not UTF-8. A board's own decode() has no "replace", and takes surrogates.
def decode(b):
    try:
        s = b.decode()
        if len(s) == len(b):
            return s  # ASCII, as most is
    except UnicodeError:
        pass
    parts = []
    i = 0
    while i < len(b):
        n = _sequence(b, i)
        parts.append(b[i:i + n] if n > 0 else b"\xef\xbf\xbd")
        i += abs(n)
    return b"".join(parts).decode()


# Percent-encoded text or bytes; "+" stays.
def unquote(s):
    return decode(unquote_to_bytes(s.encode() if isinstance(s, str) else s))


def unquote_plus(s):
    return unquote(s.replace("+", " ") if isinstance(s, str) else s.replace(b"+", b" "))


# Text or bytes to a dict; a name that comes once has a str, one that comes again a list, one without "=" True.
def parse_qs(s):
    res = {}
    if isinstance(s, str):
        s = s.encode()
    start = 0
    while start < len(s):
        end = s.find(b"&", start)
        if end < 0:
            end = len(s)
        equals = s.find(b"=", start, end)
        if end > start:
            name = unquote_plus(s[start:equals if equals >= 0 else end])
            value = unquote_plus(s[equals + 1:end]) if equals >= 0 else True
            if name not in res:
                res[name] = value
            elif isinstance(res[name], list):
                res[name].append(value)
            else:
                res[name] = [res[name], value]
        start = end + 1
    return res


# The body of a request, and no more
class Reader:

    def __init__(self, conn):
        self.conn = conn

    # Up to n bytes, or all; b"" at the end.
    def read(self, n=-1):
        conn = self.conn
        if n < 0:
            return bytes((yield from self.readall()))
        if conn.refill and not conn.left:
            yield from conn.refill(conn)
        n = min(n, conn.left)
        data = conn.buf[:n]
        if data:
            conn.buf = conn.buf[n:]
        elif n:
            # RFC 9110 section 15.2: an interim response comes before the final one.
            if conn.greeting and not conn.first:
                yield from conn.awrite(conn.greeting)
                conn.first = None
            conn.greeting = None
            data = yield from conn.receive(conn.s.read, n)
            conn.since = None
            if not data and conn.refill:
                raise EOFError
        conn.left -= len(data)
        return data

    def readinto(self, buf):
        conn = self.conn
        n = min(len(buf), conn.left)
        if conn.buf or conn.greeting or not n:
            data = yield from self.read(min(len(buf), 512))
            n = len(data)
            buf[:n] = data
        else:
            n = yield from conn.receive(conn.s.readinto, memoryview(buf)[:n])
            conn.since = None
            if not n and conn.refill:
                raise EOFError
            conn.left -= n
        return n

    # n bytes, or all, in the one buffer that they need
    def readall(self, n=-1):
        if n < 0 and self.conn.refill:
            from .chunked import read_all
            return (yield from read_all(self))
        if n < 0:
            n = self.conn.left
        if n > self.conn.server.app.max_body:
            raise HTTPException(413)
        buf = bytearray(n)
        while n:
            size = yield from self.readinto(memoryview(buf)[-n:])
            if not size:
                raise EOFError
            n -= size
        return buf

    def readexactly(self, n):
        return bytes((yield from self.readall(n)))

    # A line with its end, or max_body bytes of it
    def readline(self):
        conn = self.conn
        parts = []
        room = conn.server.app.max_body
        end = 0
        while not end and room > 0:
            part = yield from self.read(256)
            if not part:
                break
            end = part.find(b"\n") + 1
            if end:
                conn.left += len(part) - end
                conn.buf = part[end:] + conn.buf
                part = part[:end]
            parts.append(part)
            room -= len(part)
        return b"".join(parts)


# Drops what is on its way: a socket closed with bytes unread is reset, and the client may lose the response.
def drain(app, req, conn):
    n, pauses, tail = app.max_drain, 50, conn.buf
    if req._head and req._length is not None and not conn.refill:
        n, tail = min(n, conn.left - len(conn.buf)), b""
        if n <= 0:
            n, pauses = 2, 1  # some clients send a CRLF after the body
        elif conn.greeting:
            pauses = 0  # the client waits for it before it sends more
    conn.since = ticks_ms()
    while n > 0 and not (conn.gone or conn.late):
        data = conn.s.read(min(n, 512))
        if data:
            n -= len(data)
            tail = tail and tail[-3:] + data
        elif data is None and pauses and tail[-4:] != b"\r\n\r\n":  # chunks end with that
            pauses -= 1
            yield from sleep_ms(5)
        else:
            break


def read_body(req):
    if req._length is None:
        raise HTTPException(411)
    return (yield from req.reader.readall())


def read_data(req):
    return bytes((yield from read_body(req)))


def read_form(req):
    if req._type and req._type.split(b";")[0].rstrip() not in FORMS:
        raise HTTPException(415)
    req.form = parse_qs(bytes((yield from read_body(req))))


def read_json(req):
    data = yield from read_body(req)
    try:
        return json.loads(data)
    except (ValueError, RuntimeError):  # nested too deeply for a board's stack
        raise HTTPException(400)
