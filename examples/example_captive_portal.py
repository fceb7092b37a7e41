# A captive portal: whatever a phone asks for, on whatever host, it is sent to the one page of a board that is an access
# point. (The board's DNS answers every name with its own address; that is another program's work.)

import picoweb

try:
    import re
except ImportError:
    import ure as re

HOST = b"portal.local"

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/")
def index(req, resp):
    if req.headers.get(b"Host", b"").split(b":")[0] not in (HOST, b"127.0.0.1"):
        yield from elsewhere(req, resp)
        return
    yield from picoweb.start_response(resp)
    yield from resp.awrite('Welcome! <form method="post" action="/accept"><button>Go online</button></form>')


@app.route("/accept", methods=("POST",))
def accept(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("You are online.")


# The last route takes what no other did. Phones want to see a redirect where they expect a page they know.
@app.route(re.compile("^/"))
def elsewhere(req, resp):
    yield from picoweb.redirect(resp, "http://%s/" % HOST.decode())


if __name__ == "__main__":
    app.run(debug=True)
