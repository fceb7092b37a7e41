# picoweb beside an app's own tasks: start_server() instead of run(), and the app decides when to stop.
# uasyncio is Pycopy's name for the event loop, and works on MicroPython and with "python -m picoweb" too.

import picoweb
import uasyncio

app = picoweb.WebApp(__name__, serve_static=False)

ticks = 0
stopping = False


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("%d ticks so far" % ticks)


@app.route("/stop", methods=("POST",))
def stop(req, resp):
    global stopping
    stopping = True
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Stopping")


async def tick():
    global ticks
    while True:
        ticks += 1
        await uasyncio.sleep_ms(20)


async def main():
    uasyncio.get_event_loop().create_task(tick())
    server = await app.start_server("127.0.0.1", 8081)
    while not stopping:
        await uasyncio.sleep_ms(50)
    # No new client is accepted from here on; requests in progress are still answered.
    server.close()
    await server.wait_closed()
    print("stopped after ticks:", ticks > 0)


uasyncio.get_event_loop().run_until_complete(main())
