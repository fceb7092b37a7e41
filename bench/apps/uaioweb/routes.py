import sys
import asyncio
from uaioweb import App

app = App("127.0.0.1", int(sys.argv[1]))


async def page(r, w):
    w.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\nHello")
    await w.drain()


for i in range(int(sys.argv[2])):
    app.route("/page%03d" % i)(page)

loop = asyncio.get_event_loop()
loop.create_task(app.serve())
loop.run_forever()
