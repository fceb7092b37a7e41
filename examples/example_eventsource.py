# A live chart of a sensor, over server-sent events: the sensor is read every half second while a page listens.

import picoweb
from picoweb.loop import ticks_ms
from picoweb.sse import EventSource

PAGE = """<!DOCTYPE html><title>Chart</title><svg viewBox="0 0 100 50"><polyline fill="none" stroke="teal"/></svg>
<script>var points = [];
new EventSource("/events").onmessage = function (event) {
  points = points.concat(event.data).slice(-100);
  document.querySelector("polyline").setAttribute("points", points.map((y, x) => x + "," + y));
};</script>"""

events = EventSource(lambda: ticks_ms() // 100 % 50, 0.5)  # a saw-tooth stands for the sensor
app = picoweb.WebApp(__name__, [("/", lambda req, resp: PAGE), ("/events", events.listen)])
app.run(debug=True)
