# HTTP authentication: Basic (RFC 7617) and Bearer (RFC 6750), for a route or for a whole app. Without TLS, anyone on the network can
# read the password or token.
from . import HTTPException, WebApp
from .hooks import before, same

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
            self.check(req)
            return WebApp.dispatch(None, req, resp, handler, args)

        return checked

    # For every handler of an app
    def protect(self, app):
        before(app, self.check)

    # Sets req.user, or raises HTTPException(401).
    def check(self, req, resp=None):
        scheme, _, value = req.headers.get("Authorization", b"").partition(b" ")
        req.user = None
        if scheme.lower() == self._scheme.lower():
            try:
                value = value.strip()
                value = (a2b_base64(value) if self._scheme == b"Basic" else value).decode()
            except ValueError:  # not Base64, or not UTF-8
                value = None
            req.user = value and self._find(value)
        if not req.user:
            raise HTTPException(401, {"WWW-Authenticate": '%s realm="%s"' % (self._scheme.decode(), self.realm)})


class BasicAuth(Auth):
    _scheme = b"Basic"

    # check: a dict of names and passwords, or a function of both that returns the user.
    def _find(self, value):
        name, _, password = value.partition(":")
        if not hasattr(self._check, "get"):
            return self._check(name, password)
        wanted = self._check.get(name)
        # Unknown names are not answered faster, so that names cannot be guessed.
        if same(password.encode(), ("no such user" if wanted is None else wanted).encode()) and wanted:
            return name


class BearerAuth(Auth):
    _scheme = b"Bearer"

    # check: a token, or a function of it that returns the user.
    def _find(self, value):
        if isinstance(self._check, str):
            return same(value.encode(), self._check.encode())
        return self._check(value)
