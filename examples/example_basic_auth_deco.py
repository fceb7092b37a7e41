# HTTP Basic authentication as a decorator: the handler below it sees authenticated requests only.

import picoweb

try:
    from binascii import a2b_base64
except ImportError:
    from ubinascii import a2b_base64

USERS = {b"admin": b"swordfish", b"guest": b"guest"}

app = picoweb.WebApp(__name__, serve_static=False)


# Compares in constant time: the time must not tell how many bytes were right.
def same(a, b):
    diff = len(a) ^ len(b)
    for i in range(len(a)):
        diff |= a[i] ^ b[i % len(b)]
    return diff == 0


def credentials(req):
    scheme, _, value = req.headers.get(b"Authorization", b"").partition(b" ")
    if scheme.lower() == b"basic":
        try:
            name, _, password = a2b_base64(value).partition(b":")
            return name, password
        except ValueError:
            pass
    return b"", b""


# checked() returns what the handler returns: False keeps the connection, for example.
def require_auth(handler):

    def checked(req, resp):
        name, password = credentials(req)
        if not same(password, USERS.get(name, b"no such user")) or name not in USERS:
            yield from picoweb.http_error(resp, 401, {"WWW-Authenticate": 'Basic realm="picoweb"'})
            return
        req.user = name.decode()
        return (yield from handler(req, resp))

    return checked


@app.route("/")
@require_auth
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello, %s" % req.user)


@app.route("/async")
@require_auth
async def index_async(req, resp):
    await picoweb.start_response(resp)
    await resp.awrite("Hello again, %s" % req.user)


if __name__ == "__main__":
    app.run(debug=True)
