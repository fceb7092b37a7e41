import sys
import asyncio
from uaioweb import App, parse_qs

app = App("127.0.0.1", int(sys.argv[1]))


@app.route("/", ["POST"])
async def index(r, w):
    body = await r.readexactly(int(r.headers["content-length"]))
    form = parse_qs(body.decode())
    w.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")
    w.write("%s, %s" % (form["name"], form["city"]))
    await w.drain()


loop = asyncio.get_event_loop()
loop.create_task(app.serve())
loop.run_forever()
