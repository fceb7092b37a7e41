# A captive portal: a phone that joins the board's access point is redirected to one page, whatever it asks for. The board
# also needs a DNS server that answers every name with its own address; that is not part of this example.

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


# The last route takes every other path. A phone that gets a redirect in place of its test page opens the portal.
@app.route(re.compile("^/"))
def elsewhere(req, resp):
    yield from picoweb.redirect(resp, "http://%s/" % HOST.decode())


if __name__ == "__main__":
    app.run(debug=True)
