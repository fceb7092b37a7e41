# A WebSocket echo (RFC 6455). The handler answers the handshake and returns False; then a task of the app reads and
# writes frames on the same connection.

import picoweb

try:
    import asyncio
    from binascii import b2a_base64
    from hashlib import sha1
except ImportError:
    import uasyncio as asyncio
    from ubinascii import b2a_base64
    from uhashlib import sha1

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<title>Echo</title>
<input id="text"><ol id="log"></ol>
<script>
var socket = new WebSocket("ws://" + location.host + "/echo");
var input = document.getElementById("text");
input.onchange = function () { socket.send(input.value); input.value = ""; };
socket.onmessage = function (event) {
  var line = document.createElement("li");
  line.textContent = event.data;
  document.getElementById("log").appendChild(line);
};
</script>
"""

# Kinds of frames (section 5.2).
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

MAX_MESSAGE = 4096

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(PAGE)


@app.route("/echo")
def echo(req, resp):
    key = req.headers.get(b"Sec-WebSocket-Key")
    if not key or req.headers.get(b"Upgrade", b"").lower() != b"websocket":
        raise picoweb.HTTPException(400)
    accept = b2a_base64(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).strip()
    # Not start_response(): this is an HTTP/1.1 response, and frames follow it, not a body.
    yield from resp.awrite(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    # From here on the app owns the connection, and read_timeout no longer applies.
    asyncio.get_event_loop().create_task(talk(req.reader, resp))
    return False


async def talk(reader, resp):
    try:
        while True:
            kind, data = await read_frame(reader)
            if kind in (TEXT, BINARY, CLOSE):
                await write_frame(resp, kind, data)
            elif kind == PING:
                await write_frame(resp, PONG, data)
            if kind == CLOSE:
                break
    except (OSError, picoweb.HTTPException):
        # The client has gone, or broke the protocol.
        pass
    finally:
        await resp.aclose()


# This example takes a message in one frame only, of at most MAX_MESSAGE bytes.
async def read_frame(reader):
    first, size = await reader.readexactly(2)
    if first & 0x70 or not first & 0x80 or not size & 0x80:
        raise OSError("reserved bits, a part of a message, or a frame without a mask")
    size &= 0x7F
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    if size > MAX_MESSAGE:
        raise OSError("message too long")
    mask = await reader.readexactly(4)
    data = bytearray(await reader.readexactly(size) if size else b"")
    for i in range(size):
        data[i] ^= mask[i & 3]
    return first & 15, data


async def write_frame(resp, kind, data):
    size = len(data)
    head = bytes((0x80 | kind, size)) if size < 126 else bytes((0x80 | kind, 126)) + size.to_bytes(2, "big")
    await resp.awrite(head + data)


if __name__ == "__main__":
    app.run(debug=True)
