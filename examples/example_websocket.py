# A live chart of a sensor, over a WebSocket. The page asks for each value, so that a slow page is not flooded.

import picoweb
from picoweb.loop import ticks_ms
from picoweb.websocket import websocket

PAGE = """<!DOCTYPE html><title>Chart</title><svg viewBox="0 0 100 50"><polyline fill="none" stroke="teal"/></svg>
<script>var points = [], line = document.querySelector("polyline");
var connect = () => Object.assign(new WebSocket("ws://" + location.host + "/values"), {
  onopen() { this.send(""); }, onclose: () => setTimeout(connect, 1000), onmessage(event) {
    line.setAttribute("points", (points = points.concat(event.data).slice(-100)).map((y, x) => x + "," + y));
    setTimeout(() => this.send(""), 500); }}); connect();</script>"""


async def values(req, ws):
    while True:  # until receive() or send() raises OSError: the page has gone
        await ws.receive()
        await ws.send(str(ticks_ms() // 100 % 50))  # a saw-tooth stands for the sensor


app = picoweb.WebApp(__name__, [("/", lambda req, resp: PAGE), ("/values", websocket(values))])
app.run(debug=True)
