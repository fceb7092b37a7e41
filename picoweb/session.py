# Cookies (RFC 6265), and sessions in a signed cookie: the client can read them but not change them.
from .hooks import add_headers, before, same

try:
    from binascii import a2b_base64, b2a_base64
    from hashlib import sha256
    from json import dumps, loads
    from time import time
except ImportError:
    from ubinascii import a2b_base64, b2a_base64
    from uhashlib import sha256
    from ujson import dumps, loads
    from utime import time


# The value of a cookie, a str.
def get_cookie(req, name, default=None):
    for pair in req.headers.get("Cookie", b"").split(b";"):
        key, _, value = pair.partition(b"=")
        if key.strip() == name.encode():
            try:
                return value.strip().decode()
            except UnicodeError:
                break
    return default


# A pair for the headers of a response. With max_age=0, the browser forgets the cookie.
def set_cookie(name, value="", path="/", max_age=None, http_only=True, same_site="Lax", secure=False, domain=None):
    for c in (name + value).encode():
        if not 32 < c < 127 or c in b'",;\\':  # RFC 6265 section 4.1.1
            raise ValueError("not for a cookie: %s=%s" % (name, value))
    if not name or "=" in name:
        raise ValueError("not a cookie's name: %r" % name)
    for attribute in path, same_site, domain:
        if attribute and (";" in attribute or min(attribute) < " "):
            raise ValueError("not for a cookie: %r" % attribute)
    return "Set-Cookie", "; ".join([part for part in (
        name + "=" + value, path and "Path=" + path, domain and "Domain=" + domain, max_age is not None and "Max-Age=%d" % max_age,
        http_only and "HttpOnly", secure and "Secure", same_site and "SameSite=" + same_site) if part])


def _base64(data):
    return b2a_base64(data).strip()


class Sessions:

    # secret: bytes that nobody else knows. max_age: seconds. options: more arguments of set_cookie().
    def __init__(self, app, secret, name="session", max_age=1209600, **options):
        if not secret or isinstance(secret, str):
            raise ValueError("the secret has to be bytes")
        if len(secret) > 64:
            secret = sha256(secret).digest()
        secret += bytes(64 - len(secret))
        self._inner = bytes([b ^ 0x36 for b in secret])
        self._outer = bytes([b ^ 0x5C for b in secret])
        self.name = name
        self.max_age = max_age
        self.options = options
        before(app, self._begin)

    # Sets req.session, a dict. It is sent back to the client with the head of the response.
    def _begin(self, req, resp):
        req.session, expires = self._load(req)
        old = dumps(req.session)

        def lines():
            if not req.session:
                return "" if old == "{}" else self._line("", 0)
            # An old one is renewed, so that users have to log in again only after an absence of max_age.
            if dumps(req.session) == old and expires - time() > self.max_age // 2:
                return ""
            return self._line(self._dump(req.session), self.max_age)

        add_headers(resp, lines)

    def _line(self, value, max_age):
        return "%s: %s\r\n" % set_cookie(self.name, value, max_age=max_age, **self.options)

    # HMAC-SHA-256 (RFC 2104): not every runtime has the module hmac. It includes the name, because other cookies may use the same secret.
    def _sign(self, text):
        inner = sha256(self._inner + self.name.encode() + b"=" + text).digest()
        return _base64(sha256(self._outer + inner).digest())

    # The cookie for a session
    def _dump(self, session):
        text = _base64(dumps([session, int(time()) + self.max_age]).encode())
        if len(text) > 3800:
            raise ValueError("browsers take 4096 bytes; a session is no place for much data")
        return (text + b"." + self._sign(text)).decode()

    # (session, when it expires) from the cookie of a request; ({}, 0) without a valid one.
    def _load(self, req):
        try:
            text, _, signature = get_cookie(req, self.name, "").encode().partition(b".")
            if same(signature, self._sign(text)):
                session, expires = loads(a2b_base64(text).decode())
                if expires > time() and isinstance(session, dict):
                    return session, expires
        except (AttributeError, TypeError, ValueError):  # headers="skip", or the secret was used to sign something else
            pass
        return {}, 0
