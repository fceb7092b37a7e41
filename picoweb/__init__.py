"""picoweb, a web pico-framework. See docs/api.rst."""
from .loop import Stream, coroutine, json, mark, re, sys, uerrno
from .server import Server

SEND_BUFSZ = 256
_HOST = b"abcdefghijklmnopqrstuvwxyz0123456789-_.~!$%&'*+"
_TOKEN = _HOST + b"#^`|"  # RFC 9110 section 5.6.2


# Stands for picoweb.utils until used: apps of 2020 do not import it.
class _Utils:
    def __getattr__(self, name):
        __import__(__name__ + ".utils")
        return getattr(utils, name)


utils = _Utils()


def parse_qs(s):
    return utils.parse_qs(s)


# Raised, it becomes the response.
class HTTPException(Exception):

    def __init__(self, status, headers=None, why=""):
        super().__init__(status, why)
        self.status, self.headers = status, headers


class HTTPRequest:
    url_match = target = _length = _type = _host = None
    method = path = qs = ""
    _head = b""

    # headers and reader, when first used
    def __getattr__(self, name):
        from .headers import attribute
        return attribute(self, name)

    def parse_qs(self):
        self.form = parse_qs(self.qs)
        return ()

    def read_form_data(self):
        from .framing import read_form
        return read_form(self)

    def get_data(self):
        from .framing import get_data
        return get_data(self)

    def get_json(self):
        from .framing import get_json
        return get_json(self)


# Returns 0 until it is complete. ValueError: 400.
def _parse_head(app, req, conn):
    head = conn.buf
    if head[:1] == b"\n" or head[:2] == b"\r\n":  # RFC 9112 section 2.2
        head = head[head.find(b"\n") + 1:]
    start = head.find(b"\n") + 1
    if (start or len(head)) > app.max_request_line:
        raise HTTPException(414)
    end = 0
    if start:
        conn.buf = head
        if not req.method:
            _parse_line(req, head[:start])
        end = _parse_fields(app, req, head, start)
    if (end or len(head)) > app.max_head:
        raise HTTPException(431)
    if end:
        conn.buf = head[end:]
        req._head = head[:end] if conn.buf else head
        conn.begin()
        if app._full > 200:  # overloaded
            raise HTTPException(503, {"Retry-After": 2})
    return end


# Returns where they end. Browsers repeat theirs: the same ones are not checked twice.
def _parse_fields(app, req, head, start):
    if head.startswith(app._checked, start):
        return start + len(app._checked)
    if max(head.find(b"\n\r\n", start - 1), head.find(b"\n\n", start - 1)) < 0:
        return 0
    first = start  # 0: not kept
    end = head.find(b"\n", start)
    while end - start > 1:
        colon = head.find(b":", start, end)
        name = head[start:colon].lower()
        value = head[colon + 1:end - (head[end - 1] == 13)].replace(b"\t", b" ")
        if (colon <= start or not name.replace(b"-", b"").isalpha() and name.strip(_TOKEN)
                or min(value or b" ") < 32 or b"\x7f" in value):
            raise ValueError
        if name == b"host":
            host, _, port = value.strip().partition(b":")
            if req._host or not host or host.lower().strip(_HOST) or port.strip(b"0123456789"):
                from .unusual import parse_host
                parse_host(req, value.strip())
            req._host = host
        elif name[:8] == b"content-" or name in (b"transfer-encoding", b"expect"):
            from .framing import frame
            frame(req, name, value.strip())
            first = 0
        start, end = end + 1, head.find(b"\n", end + 1)
    if end > start and head[start] != 13 or req._host is None:
        raise ValueError
    if first and req._host and end - first < 640:
        app._checked = head[first:end + 1]
    return end + 1


def _parse_line(req, line):
    method, target, version = line.split(b" ")
    req.method = method.decode()
    req.path, _, req.qs = target.decode().partition("?")
    if (method not in (b"GET", b"POST") or version not in (b"HTTP/1.1\r\n", b"HTTP/1.0\r\n") or target[:1] != b"/"
            or min(target) < 33 or max(target) > 126):
        from .unusual import check_line
        check_line(req, method, target, version)
    if version[7] == 48:  # HTTP/1.0 needs no Host
        req._host = b""


def start_response(writer, content_type="text/html; charset=utf-8", status="200", headers=None):
    text = "HTTP/1.0 %s NA\r\nContent-Type: %s\r\n\r\n" % (status, content_type)
    if headers or status != "200" or text.count("\n") + text.count("\r") > 6:
        from .headers import head
        text = head(content_type, status, headers, writer)
    return writer.awrite(text)


def jsonify(writer, obj, status="200", headers=None):
    yield from start_response(writer, "application/json", status, headers)
    yield from writer.awrite(json.dumps(obj))


def http_error(writer, status, headers=None):
    yield from start_response(writer, status=status, headers=headers)
    yield from writer.awrite(str(status))


def redirect(writer, location, code=302, headers=None):
    from .answers import redirect
    return redirect(writer, location, code, headers)


def sendstream(writer, f):
    from .files import sendstream
    return sendstream(writer, f)


def get_mime_type(fname):
    from .files import mime_type
    return mime_type(fname)


# app.get(), app.post()...
def _route_for(method):
    return lambda self, url, **kwargs: self.route(url, methods=(method,), **kwargs)


class WebApp(Server):
    template_loader = cache_control = None
    headers_mode = "parse"
    _index = _prefixes = ()
    _checked = b"Host:x\n\n"

    def __init__(self, pkg, routes=None, serve_static=True):
        super().__init__()
        self.url_map = []
        self.mounts = []
        self.pkg = pkg.split(".")[0] if pkg and pkg != "__main__" else None
        for url, func, *extra in routes or ():
            self.add_url_rule(url, func, **(extra and extra[0] or {}))
        if serve_static:
            self.add_url_rule(re.compile("^/(static/.+)"), self.handle_static)

    # One connection, first byte to last
    @coroutine
    def _handle(self, reader, conn):
        if not isinstance(conn, Stream):
            from .streams import adopt
            conn = adopt(self, conn)
        app, req, result, error = self, None, None, None
        try:
            req = HTTPRequest()
            req._conn = conn
            conn.buf, conn.left = conn.buf or conn.take(0) or b"", 0  # buf: an own _handle()
            while not _parse_head(self, req, conn):
                yield from conn.more()
            if self._prefixes:
                from .routing import find_app
                app = find_app(self, req)
            handler, extra, args = app._find_route(req)
            if "headers" in extra or app._own_fields:
                from .unusual import pass_head
                yield from pass_head(app, req, extra)
            result = yield from app.dispatch(req, conn, handler, args)
        except BaseException as e:
            error = e
        try:
            if error or result is not None or not conn.sent:
                from .answers import finish
                result = yield from finish(app, req, conn, result, error)
            elif app.debug >= 0:
                from .log import log_request
                log_request(app, req, conn)
            if req._length is not None and result is not False:
                from .framing import drain
                yield from drain(req, conn)
        except Exception:
            pass  # no memory, or no client
        finally:
            conn.release() if result is False else conn.close()

    def dispatch(self, req, resp, handler, args):
        result = coroutine(handler)(req, resp, **args)
        return (yield from result) if hasattr(result, "send") else result

    # Handler, options, args
    def _find_route(self, req):
        routes, path = self.url_map, req.path
        if len(routes) > 4 or "%" in path:
            from .routing import candidates
            routes = candidates(self, path)
        for url, func, *extra in routes:
            match = None if isinstance(url, str) else url.match(path)
            if match or url == path:
                extra = extra[0] if extra else {}
                methods = extra.get("methods") or (req.method,)
                if isinstance(methods, str):
                    methods = (methods,)
                if req.method in methods or req.method == "HEAD" and "GET" in methods:
                    req.url_match = match
                    return func, extra, match if isinstance(match, dict) else {}
        from .routing import refuse
        refuse(req, routes)

    def parse_headers(self, reader):
        from .headers import parse_headers
        return parse_headers(reader)

    def handle_exc(self, req, resp, e):
        return
        yield

    def handle_error(self, req, resp, e):
        from .answers import respond
        return respond(resp, (str(e.status), e.status, e.headers))

    def handle_static(self, req, resp):
        from .files import handle_static
        return handle_static(self, req, resp)

    def sendfile(self, writer, fname, content_type=None, headers=None):
        from .files import sendfile
        return sendfile(self, writer, fname, content_type, headers)

    def _load_template(self, name):
        from .templates import load
        return load(self, name)

    def render_template(self, writer, tmpl_name, args=()):
        return writer.awriteiter(self._load_template(tmpl_name)(*args))

    def render_str(self, tmpl_name, args=()):
        return "".join(self._load_template(tmpl_name)(*args))

    def route(self, url, **kwargs):
        def _route(f):
            self.add_url_rule(url, f, **kwargs)
            return f
        return _route

    get, post, put, patch, delete = map(_route_for, ("GET", "POST", "PUT", "PATCH", "DELETE"))

    def add_url_rule(self, url, func, **kwargs):
        if isinstance(url, str) and "<" in url:
            from .typed import Pattern
            url = Pattern(url)
        self.url_map.append((url, func, kwargs))

    def mount(self, url, app):
        from .routing import mount
        mount(self, url, app)


if mark:  # CPython
    mark(globals())
