# A page that switches relays: its buttons post to /api/relay/<number>, and it polls the state of all of them, so that each
# client sees what the others do. On a board, the pin is set where relays[n] is.

import picoweb

app = picoweb.WebApp(__name__)
relays = [False] * 4


@app.route("/")
def index(req, resp):
    return app.sendfile(resp, "static/relay.html")


@app.route("/api/relay", methods="GET")
def state(req, resp):
    return relays


@app.route("/api/relay/<int:n>", methods="POST")
def switch(req, resp, n):
    if n >= len(relays):
        raise picoweb.HTTPException(404)
    relays[n] = not relays[n]
    return relays


app.run(host="0.0.0.0")
