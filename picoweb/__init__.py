"""picoweb, a web pico-framework for MicroPython, Pycopy and CPython. docs/api.rst describes every name."""
from .server import Server, Stream, coroutine, get_event_loop, json, parse_qs, re, run_forever, stop
import sys

SEND_BUFSZ = 256
_HTML = "text/html; charset=utf-8"


# Raised below a handler, it becomes the response.
class HTTPException(Exception):

    def __init__(self, status, headers=None, why=""):
        super().__init__(status, why)
        self.status = status
        self.headers = headers


class HTTPRequest:
    url_match = _length = _target = None
    method = path = qs = ""
    _head = b""

    def __getattr__(self, name):
        from .headers import attribute
        return attribute(self, name)

    def parse_qs(self):
        self.form = parse_qs(self.qs)
        return ()

    def read_form_data(self):
        from .reader import read_form
        return read_form(self)

    def get_data(self):
        from .reader import read_body
        return bytes((yield from read_body(self)))

    def get_json(self):
        from .reader import read_json
        return read_json(self)


# Whether the head is there. A ValueError is the client's: 400.
def _parse_head(app, req, conn):
    head = conn.buf.lstrip(b"\r\n")  # RFC 9112 section 2.2
    if not head and len(conn.buf) > 4:
        raise ValueError
    conn.buf = head
    find = head.find
    start = find(b"\n") + 1
    if (start or len(head)) > app.max_request_line:
        raise HTTPException(414)
    if not start:
        return False
    if not req.method:
        _parse_line(req, head[:start])
    while True:
        end = find(b"\n", start)
        if end - start < 2:
            break
        colon = find(b":", start, end)
        size = colon - start
        if size <= 0 or head[start] <= 32 or head[colon - 1] <= 32:
            raise ValueError
        # Content-Length, Transfer-Encoding, Expect
        if (size == 14 and head[start] | 32 == 99 or size == 17 and head[start] | 32 == 116
                or size == 6 and head[start] | 32 == 101):
            from .reader import frame
            frame(req, head[start:colon].lower(), head[colon + 1:end].strip(b" \t\r"))
        start = end + 1
    if (end if end > 0 else len(head) - 1) >= app.max_head:
        raise HTTPException(431)
    if end > start and head[start] != 13:
        raise ValueError
    if end > 0:
        if req._length == -1:
            raise HTTPException(501)
        req._head = head[:end + 1]
        conn.buf = head[end + 1:]
        conn.since = None
    return end > 0


def _parse_line(req, line):
    method, target, version = line.split(b" ")
    if version.strip() not in (b"HTTP/1.1", b"HTTP/1.0") or min(target) <= 32:
        raise ValueError
    if method == b"GET" and target[0] == 47 and b"?" not in target:
        req.method = "GET"
        req.path = target.decode()
    else:
        from .reader import parse_target
        parse_target(req, method, target)


def __getattr__(name):
    if name != "utils":
        raise AttributeError(name)
    parse_qs("")
    return globals()[name]


def start_response(writer, content_type=_HTML, status="200", headers=None):
    if content_type is _HTML and status == "200" and not headers:
        return writer.awrite(b"HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")
    from .utils import head
    return writer.awrite(head(content_type, status, headers))


def jsonify(writer, obj, status="200", headers=None):
    yield from start_response(writer, "application/json", status, headers)
    yield from writer.awrite(json.dumps(obj))


def http_error(writer, status, headers=None):
    yield from start_response(writer, _HTML, status, headers)
    yield from writer.awrite(str(status))


def redirect(*args, **kwargs):
    from .answers import redirect
    return redirect(*args, **kwargs)


# Copies a binary file through one buffer.
def sendstream(writer, f):
    f = getattr(f, "buffer", f)  # CPython's, opened as text
    buf = bytearray(SEND_BUFSZ)
    n = f.readinto(buf)
    while n:
        yield from writer.awrite(buf, 0, n)
        n = f.readinto(buf)


def get_mime_type(fname):
    from .files import mime_type
    return mime_type(fname)


_NO_ENGINE = "templates need utemplate: copy its folder beside the app, or set app.template_loader (docs: How-to, Templates)"


# Shows that on the page; what it raises is in the log.
def _no_engine(*args):
    yield _NO_ENGINE
    raise ImportError(_NO_ENGINE)


# A route whose path has parameters gets a pattern for it.
def _compiled(route):
    if not isinstance(route[0], str) or "<" not in route[0]:
        return route
    from .routing import Pattern
    return (Pattern(route[0]),) + tuple(route[1:])


class WebApp:
    max_connections = 16
    max_request_line = 2048
    max_head = 4096
    max_body = 4096
    max_drain = 65536
    read_timeout = write_timeout = 10
    shutdown_timeout = 5
    backlog = 1023 if sys.platform == "linux" else 16

    debug = -1
    log = template_loader = cache_control = None
    inited = False
    headers_mode = "parse"
    _prefixes = _index = ()
    _plain = False

    def __init__(self, pkg, routes=None, serve_static=True):
        self.url_map = [_compiled(route) for route in routes or ()]
        self.mounts = []
        self._servers = []
        pkg = pkg and pkg.split(".", 1)[0]
        module = sys.modules.get(pkg)
        # A plain module, __main__ among them, has its files in the current folder.
        self.pkg = None if pkg == "__main__" or module and not hasattr(module, "__path__") else pkg
        if serve_static:
            self.url_map.append((re.compile("^/(static/.+)"), self.handle_static))

    # A connection, from its first byte to its end.
    @coroutine
    def _handle(self, reader, writer):
        conn = reader
        if not isinstance(conn, Stream):
            from .reader import adopt
            conn = adopt(self, reader, writer)
        req = HTTPRequest()
        req._conn = conn
        app, result, error = self, None, None
        try:
            conn.buf = conn.s.read(640) or b""
            while not _parse_head(self, req, conn):
                yield from conn.more()
            if not self._plain:
                from .routing import find_app
                app = find_app(self, req)
            handler, extra = app._find_route(req)
            if not app._plain or extra and "headers" in extra:
                from .headers import pass_head
                yield from pass_head(app, req, extra)
            args = req.url_match if isinstance(req.url_match, dict) else {}
            result = yield from app.dispatch(req, conn, handler, args)
        except BaseException as e:
            error = e
        try:
            if error or result is not None or not conn.first or app.debug >= 0:
                from .answers import finish
                result = yield from finish(app, req, conn, result, error)
            if req._length is not None and result is not False:
                from .reader import drain
                yield from drain(app, req, conn)
        except Exception:
            pass  # no memory, or no client
        finally:
            if result is not False:
                conn.close()

    def dispatch(self, req, resp, handler, args):
        result = coroutine(handler)(req, resp, **args)
        if hasattr(result, "send"):
            result = yield from result
        return result

    def _find_route(self, req):
        routes, path = self.url_map, req.path
        if len(routes) > 4 or "%" in path:
            from .routing import candidates
            routes = candidates(self, path)
        for route in routes:
            match = None
            if route[0] != path:
                match = not isinstance(route[0], str) and route[0].match(path)
                if not match:
                    continue
            req.url_match = match
            extra = route[2] if len(route) > 2 else None
            if not extra:
                return route[1], extra
            methods = extra.get("methods", req.method)
            if isinstance(methods, str):
                methods = (methods,)
            if req.method in methods or req.method == "HEAD" and "GET" in methods:
                return route[1], extra
        from .routing import refuse
        refuse(req, routes)

    def parse_headers(self, reader):
        from .headers import read_fields
        return read_fields(reader)

    # A coroutine. The response may have begun.
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
        from .files import mime_type, open_file
        f = open_file(self.pkg, fname)
        try:
            yield from start_response(writer, content_type or mime_type(fname), "200", headers)
            yield from sendstream(writer, f)
        finally:
            f.close()

    # Any engine will do whose templates are functions that yield their text.
    def _load_template(self, name):
        if self.template_loader is None:
            try:
                import utemplate.source
            except ImportError:
                if self.debug > 0:
                    return _no_engine
                raise ImportError(_NO_ENGINE)
            self.template_loader = utemplate.source.Loader(self.pkg, "templates")
        try:
            return self.template_loader.load(name)
        except OSError as e:
            raise OSError(e.args[0], "template %s" % name)

    def render_template(self, writer, tmpl_name, args=()):
        return writer.awriteiter(self._load_template(tmpl_name)(*args))

    def render_str(self, tmpl_name, args=()):
        return "".join(self._load_template(tmpl_name)(*args))

    def route(self, url, **kwargs):
        def _route(f):
            self.add_url_rule(url, f, **kwargs)
            return f
        return _route

    def add_url_rule(self, url, func, **kwargs):
        self.url_map.append(_compiled((url, func, kwargs)))

    def get(self, url, **kwargs):
        return self.route(url, methods="GET", **kwargs)

    def post(self, url, **kwargs):
        return self.route(url, methods="POST", **kwargs)

    def put(self, url, **kwargs):
        return self.route(url, methods="PUT", **kwargs)

    def patch(self, url, **kwargs):
        return self.route(url, methods="PATCH", **kwargs)

    def delete(self, url, **kwargs):
        return self.route(url, methods="DELETE", **kwargs)

    def mount(self, url, app):
        from .routing import mount
        mount(self, url, app)

    def init(self):
        self.inited = True

    def _begin(self, debug=False, log=None, lazy_init=False):
        if log is None and debug >= 0:
            from .answers import logger
            log = logger(debug)
        self.debug, self.log = int(debug), log
        self.init()
        self.inited = True
        self._plain = not self._prefixes and self.headers_mode == "parse" and type(self).parse_headers is WebApp.parse_headers
        if self.mounts and not lazy_init:
            from .routing import begin
            begin(self)

    def serve(self, loop, host, port):
        run_forever(loop, Server(self, loop).listen(host, port, *self._listen))

    def start_server(self, host="127.0.0.1", port=8081, backlog=None, ssl=None, **options):
        self._begin(**options)
        return Server(self).listen(host, port, backlog, ssl)
        yield

    def shutdown(self):
        for server in self._servers:
            server.close()

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
        self._begin(debug, log, lazy_init)
        if debug >= 0:
            self.log.info("* Running on http://%s:%s/" % (host, port))
        self._listen = backlog, ssl
        loop = get_event_loop()
        try:
            self.serve(loop, host, port)
        except KeyboardInterrupt:
            loop.run_until_complete(stop(self))
            raise
        loop.close()


if sys.implementation.name == "cpython":
    from ._cpython import mark
    mark(globals())
