# HTTP authentication: Basic (RFC 7617) and Bearer (RFC 6750), for a route or for a whole app. Without TLS, anyone on the network can
# read the password or token.
from . import HTTPException
from .hooks import before, same
from .loop import coroutine

try:
    from binascii import a2b_base64
except ImportError:
    from ubinascii import a2b_base64


class Auth:

    def __init__(self, check, realm="picoweb"):
        self._check = check
        self.realm = realm

    # As a decorator: the handler gets only requests with valid credentials; req.user is the user.
    def __call__(self, handler):

        def checked(req, resp, **args):
            self.check(req, resp)
            result = coroutine(handler)(req, resp, **args)
            if hasattr(result, "send"):
                result = yield from result
            return result

        return checked

    # For every handler of an app
    def protect(self, app):
        before(app, self.check)

    # Sets req.user, or raises HTTPException(401).
    def check(self, req, resp=None):
        scheme, _, value = req.headers.get("Authorization", b"").partition(b" ")
        try:
            credentials = scheme.lower() == self._scheme.lower().encode() and self._decode(value.strip())
        except ValueError:  # not Base64, or not UTF-8
            credentials = None
        req.user = credentials and self._find(*credentials)
        if not req.user:
            raise HTTPException(401, {"WWW-Authenticate": '%s realm="%s"' % (self._scheme, self.realm)})


class BasicAuth(Auth):
    _scheme = "Basic"

    def _decode(self, value):
        name, _, password = a2b_base64(value).decode().partition(":")
        return name, password

    # check: a dict of names and passwords, or a function of both that returns the user.
    def _find(self, name, password):
        if not hasattr(self._check, "get"):
            return self._check(name, password)
        wanted = self._check.get(name)
        # Unknown names are not answered faster, so that names cannot be guessed.
        if same(password.encode(), ("no such user" if wanted is None else wanted).encode()) and wanted:
            return name


class BearerAuth(Auth):
    _scheme = "Bearer"

    def _decode(self, value):
        return (value.decode(),)

    # check: a token, or a function of it that returns the user.
    def _find(self, token):
        if isinstance(self._check, str):
            return same(token.encode(), self._check.encode()) and bool(token)
        return self._check(token)
