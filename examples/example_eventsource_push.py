# Server-sent events, pushed by one background task to all clients. The handler returns False: from then on the app owns
# the connection, writes to it and closes it.

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

# Connections that a handler keeps do not count towards max_connections, so the app has its own limit.
MAX_CLIENTS = 8

clients = set()


class App(picoweb.WebApp):

    # Starts a task beside the server.
    def serve(self, loop, host, port):
        loop.create_task(push())
        super().serve(loop, host, port)


app = App(__name__, serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(PAGE)


@app.route("/events")
def events(req, resp):
    if len(clients) == MAX_CLIENTS:
        yield from picoweb.http_error(resp, 503, {"Retry-After": 5})
        return
    yield from picoweb.start_response(resp, "text/event-stream", headers={"Cache-Control": "no-store"})
    clients.add(resp)
    return False


@app.route("/clients")
def count(req, resp):
    yield from picoweb.jsonify(resp, len(clients))


async def push():
    i = 0
    while True:
        # A copy, because a client may join while others are written to.
        for resp in list(clients):
            try:
                await resp.awrite("data: Event №%d for %d clients\n\n" % (i, len(clients)))
            except OSError:
                clients.remove(resp)
                await resp.aclose()
        i += 1
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    app.run(debug=True)
