# What one would write without a framework: the head is read line by line, and that is all.
import sys
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

RESPONSE = b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\nHello"


async def handle(reader, writer):
    try:
        while len(await reader.readline()) > 2:
            pass
        await writer.awrite(RESPONSE)
        await writer.aclose()
    except OSError:
        # The client is gone; on Pycopy the exception would end the event loop.
        pass


loop = asyncio.get_event_loop(128, 128)
loop.create_task(asyncio.start_server(handle, "127.0.0.1", int(sys.argv[1]), 100))
loop.run_forever()
