# WebSockets (RFC 6455)
import sys

from . import HTTPException
from .loop import CancelledError, coroutine, create_task, sleep_ms
from .utils import decode

try:
    from binascii import b2a_base64
    from hashlib import sha1
except ImportError:
    from ubinascii import b2a_base64
    from uhashlib import sha1


def websocket(handler):
    def upgrade(req, resp, **args):
        get = req.headers.get
        if get("Sec-WebSocket-Version") != b"13":
            raise HTTPException(426, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13")
        key = get("Sec-WebSocket-Key", b"")
        asked = get("Upgrade", b"").lower() == b"websocket" and b"upgrade" in get("Connection", b"").lower()
        if req.method != "GET" or not asked or len(key) != 24:
            raise HTTPException(400)
        ws = WebSocket()
        if len(ws.sockets) >= ws.limit:
            raise HTTPException(503)
        key = b2a_base64(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        yield from resp.awrite(b"HTTP/1.1 101 NA\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + key[:-1] + b"\r\n\r\n")
        ws._read = req.reader.readexactly
        ws._resp = resp
        create_task(_run(ws, coroutine(handler)(req, ws, **args)))
        ws.sockets.append(ws)
        WebSocket._swept = ws._swept or create_task(_sweep()) or True
        return False
    return upgrade


class WebSocket:
    limit = 16
    max_message = 4096
    ping_interval = 20
    sockets = []
    code = _swept = _busy = _kind = 0
    _data = b""
    _idle = -1  # seconds of silence

    def receive(self):
        while not self.code:
            try:
                data = yield from _frame(self)
                if data is not None:
                    return data
            except ValueError as e:
                yield from self.close(e.args[0])
            except Exception:
                self.code = 1006
        raise OSError(self.code)

    def send(self, message):
        yield from _write(self, 2, message)
        if self.code:
            raise OSError(self.code)

    def close(self, code=1000, reason=""):
        yield from _write(self, 8, code.to_bytes(2, "big") + reason.encode())
        self.code = self.code or code


def _run(ws, coro):
    try:
        yield from coro
        yield from ws.close()
    except (Exception, CancelledError) as e:
        if not ws.code:
            sys.print_exception(e)
    del coro
    ws._idle = -1
    try:
        yield from ws.close(1011)
        if ws.code != 1006:
            yield from sleep_ms(1000 if ws._read else 50)  # a reset overtakes it
    finally:
        yield from ws._resp.aclose()
        ws.sockets.remove(ws)


def _sweep():
    while True:
        try:
            yield from sleep_ms(1000)
            for ws in WebSocket.sockets:
                if ws._idle == ws.ping_interval:
                    create_task(_write(ws, 9, b""))
                elif ws._idle > 2 * ws.ping_interval:
                    ws.code = 1006
                    yield from ws._resp.aclose()  # ends receive()
                ws._idle += ws._idle >= 0
            ws = None
        except Exception:  # no memory
            pass


# The message that a frame completes: 1 text, 2 bytes, 8 close, 9 ping, 10 pong
def _frame(ws):
    ws._idle = 0
    first, size = yield from ws._read(2)
    kind = first & 15
    size -= 128
    valid = kind < 11 and size < 126 and first > 127 if kind > 7 else kind < 3 and (not kind) == (ws._kind > 0)
    if not valid or size < 0 or first & 112:
        raise ValueError(1002)
    if size > 125:
        size = int.from_bytes((yield from ws._read(2 if size == 126 else 8)), "big")
    if kind < 8 and len(ws._data) + size > ws.max_message:
        raise ValueError(1009)
    mask = yield from ws._read(4)
    data = bytearray((yield from ws._read(size)))
    for i in range(size):
        data[i] ^= mask[i & 3]
    ws._idle = -1
    if kind == 8:
        ws._read = None
        code = int.from_bytes(data[:2] or b"\3\xe8", "big")
        _text(bytes(data[2:]))
        raise ValueError(code if 999 < code < 1004 or 1006 < code < 1015 or 2999 < code < 5000 else 1002)
    if kind == 9:
        yield from _write(ws, 10, data)
    elif kind < 3:
        ws._data += data
        ws._kind = ws._kind or kind
        if first > 127:
            kind, data, ws._kind, ws._data = ws._kind, ws._data, 0, b""
            return _text(data) if kind == 1 else data


def _text(data):
    text = decode(data)
    if text.encode() != data:
        raise ValueError(1007)
    return text


def _write(ws, kind, data):
    while ws._busy:
        yield from sleep_ms(5)
    if ws.code:
        return
    if isinstance(data, str):
        kind, data = 1, data.encode()
    ws._busy = True
    size = len(data)
    head = bytes((128 | kind, min(size, 126) + (size > 65535)))
    if size > 125:
        head += size.to_bytes(2 if size < 65536 else 8, "big")
    try:
        yield from ws._resp.awrite(head + data)
    except OSError:
        ws.code = 1006
    finally:
        ws._busy = False
