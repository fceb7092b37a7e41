# start_server() beside other tasks, with its client in the same event loop: two servers of one app, closed while a request
# is on its way, and started again. Writes what happened, line by line.
import sys

import inside
import picoweb

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

PORTS = [int(arg) for arg in sys.argv[1:]]
create_task = getattr(asyncio, "create_task", None) or (lambda coro: asyncio.get_event_loop().create_task(coro))


app = picoweb.WebApp(None, serve_static=False)
events = []
begun = []
ticks = [0]


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("index")


@app.route("/slow")
async def slow(req, resp):
    begun.append("slow")
    await asyncio.sleep(0.15)
    await picoweb.start_response(resp)
    await resp.awrite("slow")


@app.route("/stuck")
async def stuck(req, resp):
    begun.append("stuck")
    try:
        await asyncio.sleep(20)
    except asyncio.CancelledError:
        events.append("handler cancelled")
        raise
    finally:
        events.append("handler ended")


@app.route("/kept")
def kept(req, resp):
    yield from picoweb.start_response(resp)
    create_task(push(resp))
    return False


async def push(resp):
    await asyncio.sleep(0.05)
    await resp.awrite("pushed")
    await resp.aclose()


async def tick():
    while True:
        ticks[0] += 1
        await asyncio.sleep(0.01)


async def get(port, path):
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data = b"GET %s HTTP/1.0\r\n\r\n" % path
        if hasattr(writer, "awrite"):
            await writer.awrite(data)
        else:
            writer.write(data)
            await writer.drain()
        parts = []
        while True:
            part = await reader.read(1000)
            if not part:
                break
            parts.append(part)
        if hasattr(writer, "aclose"):
            await writer.aclose()
        else:
            writer.close()
        return b"".join(parts).split(b"\r\n\r\n")[-1].decode()
    except OSError:
        return "refused"


async def note(port, path):
    events.append("%s: %s" % (path.decode(), await get(port, path)))


def flush(title):
    print(title + ":", "; ".join(events))
    del events[:]


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


async def close(server):
    server.close()
    await server.wait_closed()


async def main():
    create_task(tick())
    one = await app.start_server("127.0.0.1", PORTS[0], debug=-1)
    two = await app.start_server("127.0.0.1", PORTS[1], debug=-1)
    await note(PORTS[0], b"/")
    await note(PORTS[1], b"/")
    await note(PORTS[0], b"/kept")
    flush("two servers")

    create_task(note(PORTS[0], b"/slow"))
    await until(lambda: "slow" in begun)
    await close(one)
    await until(lambda: events)
    await note(PORTS[0], b"/")
    await note(PORTS[1], b"/")
    flush("one closed while it answers")

    one = await app.start_server("127.0.0.1", PORTS[0], debug=-1)
    await note(PORTS[0], b"/")
    flush("started again")

    create_task(note(PORTS[0], b"/stuck"))
    await until(lambda: "stuck" in begun)
    app.shutdown_timeout = 0.4
    await close(one)
    await until(lambda: len(events) == 3)
    flush("closed with a handler that hangs")

    await close(one)
    app.shutdown()
    await two.wait_closed()
    await note(PORTS[1], b"/")
    flush("shutdown")

    before = ticks[0]
    await until(lambda: ticks[0] > before + 5)
    print("other tasks go on")


loop = asyncio.get_event_loop() if not hasattr(asyncio, "run") else None
if loop:
    loop.run_until_complete(main())
else:
    asyncio.run(main())
