# Server-sent events, a stream for each client: the handler runs for as long as the client listens.

import picoweb

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<title>Events</title>
<ol id="log"></ol>
<script>
new EventSource("/events").onmessage = function (event) {
  var line = document.createElement("li");
  line.textContent = event.data;
  document.getElementById("log").appendChild(line);
};
</script>
"""

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(PAGE)


@app.route("/events")
async def events(req, resp):
    await picoweb.start_response(resp, "text/event-stream", headers={"Cache-Control": "no-store"})
    i = 0
    while True:
        # This raises OSError when the client has gone, which ends the handler.
        await resp.awrite("id: %d\ndata: Event №%d\n\n" % (i, i))
        i += 1
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    app.run(debug=True)
