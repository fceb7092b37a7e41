import sys
import asyncio
from uaioweb import App

app = App("127.0.0.1", int(sys.argv[1]))


@app.route("/")
async def index(r, w):
    w.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\nHello")
    await w.drain()


loop = asyncio.get_event_loop()
loop.create_task(app.serve())
loop.run_forever()
