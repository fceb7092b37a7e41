# The least that a server of files can do: one read, one head, and a bare loop with picoweb's own chunk size.
import sys
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 102400\r\n\r\n"


async def handle(reader, writer):
    try:
        await reader.read(1024)
        await writer.awrite(HEAD)
        buf = bytearray(int(sys.argv[2]))
        with open("static/file.bin", "rb") as f:
            while True:
                n = f.readinto(buf)
                if not n:
                    break
                await writer.awrite(buf, 0, n)
        await writer.aclose()
    except OSError:
        # The client is gone; on Pycopy the exception would end the event loop.
        pass


loop = asyncio.get_event_loop(128, 128)
loop.create_task(asyncio.start_server(handle, "127.0.0.1", int(sys.argv[1]), 100))
loop.run_forever()
