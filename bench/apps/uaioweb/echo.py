import json
import sys
import asyncio
from uaioweb import App

app = App("127.0.0.1", int(sys.argv[1]))


@app.route("/", ["POST"])
async def index(r, w):
    obj = json.loads(await r.readexactly(int(r.headers["content-length"])))
    obj["sum"] = sum(obj["values"])
    w.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n")
    w.write(json.dumps(obj))
    await w.drain()


loop = asyncio.get_event_loop()
loop.create_task(app.serve())
loop.run_forever()
