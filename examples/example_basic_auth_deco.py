# HTTP Basic authentication as a decorator, for some of the handlers: they get only authenticated requests.

import picoweb
from picoweb.auth import BasicAuth

app = picoweb.WebApp(__name__, serve_static=False)

users = BasicAuth({"admin": "swordfish", "guest": "guest"})


@app.route("/")
def index(req, resp):
    return "Hello, stranger"


@app.route("/me")
@users
def me(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello, %s" % req.user)


@app.route("/async")
@users
async def me_async(req, resp):
    await picoweb.start_response(resp)
    await resp.awrite("Hello again, %s" % req.user)


if __name__ == "__main__":
    app.run(debug=True)
