# HTTP Basic authentication, checked in the handler. Without TLS, anyone on the network can read the password: see
# example_https.py.

import picoweb

try:
    from binascii import a2b_base64
except ImportError:
    from ubinascii import a2b_base64

USER = b"admin:swordfish"

app = picoweb.WebApp(__name__, serve_static=False)


# Compares in constant time: the time must not tell how many bytes were right.
def same(a, b):
    diff = len(a) ^ len(b)
    for i in range(len(a)):
        diff |= a[i] ^ b[i % len(b)]
    return diff == 0


def user(req):
    scheme, _, value = req.headers.get(b"Authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        credentials = a2b_base64(value)
    except ValueError:
        return None
    return "admin" if same(credentials, USER) else None


@app.route("/")
def index(req, resp):
    name = user(req)
    if name is None:
        yield from picoweb.http_error(resp, 401, {"WWW-Authenticate": 'Basic realm="picoweb"'})
        return
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello, %s" % name)


if __name__ == "__main__":
    app.run(debug=True)
