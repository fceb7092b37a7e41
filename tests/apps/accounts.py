# Sessions, cookies, authentication and CORS in one app, with handlers of all forms.
import picoweb
from picoweb.auth import BasicAuth, BearerAuth
from picoweb.cors import CORS
from picoweb.hooks import add_headers, before
from picoweb.session import Sessions, get_cookie, set_cookie

app = picoweb.WebApp(None, serve_static=False)
users = BasicAuth({"admin": "swordfish", "empty": "", "\u017c": "\u00f3\u0142w: 1"}, realm="board")
checked = BasicAuth(lambda name, password: {"name": name} if name == password else None)
token = BearerAuth("secret token")
tokens = BearerAuth(lambda token: {"t1": "ann"}.get(token))
sessions = Sessions(app, b"a secret", max_age=1000)
log = []


@app.route("/count")
def count(req, resp):
    req.session["n"] = req.session.get("n", 0) + 1
    return "%d" % req.session["n"]


# The session also works if the handler writes its response.
@app.route("/write")
async def write(req, resp):
    req.session["n"] = 7
    await picoweb.start_response(resp, "text/plain", headers=[set_cookie("a", "1")])
    await resp.awrite("written")


@app.route("/raw")
def raw(req, resp):
    for piece in "HTTP/1.0 200", " OK\r", "\nContent-Type: text/plain\r\n\r\n", "raw":
        yield from resp.awrite(piece)


@app.route("/no-body")
def no_body(req, resp):
    yield from picoweb.jsonify(resp, [1], 204)
    yield from resp.awriteiter(["more"])


@app.route("/no-body-304")
def no_body_304(req, resp):
    yield from picoweb.start_response(resp, "text/plain", "304")
    yield from resp.awrite("more")


@app.route("/look")
def look(req, resp):
    return req.session


@app.route("/leave", methods="POST")
def leave(req, resp):
    req.session.clear()
    raise picoweb.HTTPException(303, {"Location": "/look"})


@app.route("/large")
def large(req, resp):
    req.session["text"] = "x" * 3000
    return "never"


@app.route("/skip", headers="skip")
def skip(req, resp):
    return "skipped"


@app.route("/echo", methods="POST")
def echo(req, resp):
    return (yield from req.get_data())


@app.route("/cookie")
def cookie(req, resp):
    return get_cookie(req, "a", "none")


@app.route("/cookies")
def cookies(req, resp):
    return "", 200, [
        set_cookie("a", "1"), set_cookie("b", "2", path="/b", max_age=60, http_only=False, same_site="Strict", secure=True, domain="x.example"),
        set_cookie("c", max_age=0, same_site=None, path=None)]


@app.route("/bad-cookies")
def bad_cookies(req, resp):
    refused = []
    for name, value in ("a", "1;2"), ("a", "1\r\n2"), ("a", "\u017c"), ("a b", "1"), ("", "1"), ("a=", "1"), ("a", '"1"'), ("a", "="):
        try:
            set_cookie(name, value)
        except ValueError:
            refused.append(name + "=" + value)
    for attributes in {"path": "/; Domain=x"}, {"domain": "x\r\nY: 1"}, {"same_site": "Lax;"}, {"path": "/a b"}:
        try:
            set_cookie("a", "1", **attributes)
        except ValueError:
            refused.append(list(attributes)[0])
    return refused


@app.route("/basic")
@users
async def basic(req, resp):
    return req.user


@app.route("/checked", methods=("GET", "PUT"))
@checked
def checked_(req, resp):
    yield from picoweb.jsonify(resp, req.user)


@app.route("/bearer", methods=("GET", "PUT"))
@token
def bearer(req, resp):
    return "%r" % req.user


@app.route("/bearers")
@tokens
def bearers(req, resp):
    return req.user


@app.route("/empty-token")
@BearerAuth("")
def empty_token(req, resp):
    return "open to all"


@app.route("/fails")
def fails(req, resp):
    raise OSError("no such sensor")


# A whole app behind a password, with its own error pages and hooks.
inner = picoweb.WebApp(None, serve_static=False)


def inner_error(req, resp, e):
    return picoweb.jsonify(resp, {"error": e.status}, e.status, e.headers)


async def look_first(req, resp):
    add_headers(resp, lambda: "X-Hook: %s\r\n" % req.path)
    if req.qs == "stop":
        raise picoweb.HTTPException(418)


@inner.route("/", methods="GET")
def inner_index(req, resp):
    req.session["seen"] = True
    return "inside, " + req.user


inner.handle_error = inner_error
before(inner, look_first)
Sessions(inner, b"a longer secret" * 7, name="inner", max_age=1000, secure=True)
users.protect(inner)
CORS(inner, expose="X-Hook")
app.mount("/inner", inner)
CORS(app, ("http://a.example", "https://b.example"), headers="X-Key, Content-Type", credentials=True, max_age=60)



@app.route("/empty")
def empty(req, resp):
    raise picoweb.HTTPException(204)


app.run(debug=-1)
