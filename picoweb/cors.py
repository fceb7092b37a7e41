# CORS (Fetch standard, section 3.3): lets pages of other sites call an app, and answers preflight requests.
from . import HTTPException, start_response
from . import framing  # noqa: F401 (the requests of APIs have bodies, and now the heap is not fragmented yet)
from .hooks import add_headers, before
from .loop import coroutine


class CORS:

    # origins: "*", or the allowed sites, such as ("https://panel.example",). headers: the fields that requests may have in addition to
    # those of forms; all by default. expose: the fields of a response that scripts may read.
    def __init__(self, app, origins="*", headers=None, expose=None, credentials=False, max_age=600):
        if credentials and origins == "*":
            raise ValueError("browsers refuse credentials for every site: name the sites")
        self.origins = (origins,) if isinstance(origins, str) and origins != "*" else origins
        self.headers = headers
        self.expose = expose
        self.credentials = credentials
        self.max_age = max_age
        self._handle = app.handle_error
        app.handle_error = self._error
        before(app, self._begin)

    def _begin(self, req, resp):
        self._add(req, resp)
        method = _text(req, "Access-Control-Request-Method")
        if req.method == "OPTIONS" and method:  # for a route without methods=
            raise HTTPException(204, {"Allow": method})

    # Requests that end before a handler is called come only here: 404, 405, and OPTIONS answered from the route table.
    def _error(self, req, resp, e):
        self._add(req, resp)
        if e.status == 204 and isinstance(e.headers, dict) and "Allow" in e.headers and _text(req, "Access-Control-Request-Method"):
            headers = [("Access-Control-Allow-Methods", e.headers["Allow"]), ("Access-Control-Max-Age", self.max_age)]
            asked = self.headers or _text(req, "Access-Control-Request-Headers")
            if asked:
                headers.append(("Access-Control-Allow-Headers", asked))
            return start_response(resp, status=204, headers=headers)
        return coroutine(self._handle)(req, resp, e)

    # Once for each response
    def _add(self, req, resp):
        if getattr(req, "cors", False):
            return
        req.cors = True
        origin = _text(req, "Origin")
        lines = "" if self.origins == "*" else "Vary: Origin\r\n"
        if origin and (self.origins == "*" or origin in self.origins):
            lines += "Access-Control-Allow-Origin: %s\r\n" % ("*" if self.origins == "*" else origin)
            if self.credentials:
                lines += "Access-Control-Allow-Credentials: true\r\n"
            if self.expose:
                lines += "Access-Control-Expose-Headers: %s\r\n" % self.expose
        add_headers(resp, lambda: lines)


def _text(req, name):
    try:
        return req.headers.get(name, b"").decode()
    except (AttributeError, HTTPException, UnicodeError):  # the head was not read, or is invalid
        return ""
