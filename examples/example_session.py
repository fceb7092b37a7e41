# Cookies, and a session in a cookie. A signature (HMAC-SHA-256, RFC 2104) keeps the client from changing the session. The
# client can read it, so do not put secrets into it.

import picoweb

try:
    from binascii import hexlify, unhexlify
    from hashlib import sha256
    from json import dumps, loads
except ImportError:
    from ubinascii import hexlify, unhexlify
    from uhashlib import sha256
    from ujson import dumps, loads

# Each installation needs its own secret.
SECRET = b"change me"

app = picoweb.WebApp(__name__, serve_static=False)


# Not every runtime has the module hmac.
def hmac(key, message):
    if len(key) > 64:
        key = sha256(key).digest()
    key += bytes(64 - len(key))
    inner = sha256(bytes(b ^ 0x36 for b in key) + message).digest()
    return sha256(bytes(b ^ 0x5C for b in key) + inner).digest()


# Compares in constant time: the time must not tell how many bytes were right.
def same(a, b):
    diff = len(a) ^ len(b)
    for x, y in zip(a, b):
        diff |= x ^ y
    return diff == 0


def sign(data):
    text = hexlify(dumps(data).encode())
    return (text + b"." + hexlify(hmac(SECRET, text))).decode()


# The session's data; {} if there is no session, or if its signature is wrong.
def unsign(cookie):
    text, _, signature = cookie.partition(b".")
    if not same(hexlify(hmac(SECRET, text)), signature):
        return {}
    return loads(unhexlify(text).decode())


def cookies(req):
    res = {}
    for pair in req.headers.get(b"Cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        res[name] = value
    return res


def set_cookie(name, value):
    # Scripts cannot read it, and forms of other sites cannot send it.
    return "Set-Cookie", "%s=%s; Path=/; HttpOnly; SameSite=Lax" % (name, value)


@app.route("/")
def index(req, resp):
    jar = cookies(req)
    session = unsign(jar.get(b"session", b""))
    session["visits"] = session.get("visits", 0) + 1
    headers = [set_cookie("session", sign(session))]
    if b"seen" not in jar:
        headers.append(set_cookie("seen", "1"))
    yield from picoweb.start_response(resp, content_type="text/plain", headers=headers)
    yield from resp.awrite("Visit number %d" % session["visits"])


@app.route("/logout", methods=("POST",))
def logout(req, resp):
    yield from picoweb.start_response(resp, status=303, headers=(
        ("Location", "/"), ("Set-Cookie", "session=; Path=/; Max-Age=0")))


if __name__ == "__main__":
    app.run(debug=True)
