"""picoweb, a web pico-framework for Pycopy, MicroPython and CPython. README.rst describes every name."""
import gc
import sys

from ._server import CancelledError, Connection, HTTPException, Server, get_event_loop, task_create

# Bytes that sendstream() copies at a time.
SEND_BUFSZ = 128

# The fields that frame a body (expect, content-length, transfer-encoding): the length of the name, and its first letter.
_FRAMING = {6: 101, 14: 99, 17: 116}


# What many apps never call lives in modules that are imported by the first call.

def get_mime_type(fname):
    from .files import get_mime_type
    return get_mime_type(fname)


def sendstream(writer, f):
    from .files import sendstream
    return sendstream(writer, f)


def jsonify(writer, obj):
    from .response import jsonify
    return jsonify(writer, obj)


def http_error(writer, status, headers=None):
    from .response import http_error
    return http_error(writer, status, headers)


def redirect(writer, location, code=302):
    return start_response(writer, status=code, headers=(("Location", location), ("Content-Length", "0")))


def start_response(writer, content_type="text/html; charset=utf-8", status="200", headers=None):
    if headers or status != "200" or content_type != "text/html; charset=utf-8":
        from .response import head
        return writer.awrite(head(content_type, status, headers))
    # Most pages need no formatting, nor the code for it.
    return writer.awrite(b"HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")


# Calls a handler of any form, and returns what its caller is to "yield from".
def _start(handler, *args):
    res = handler(*args)
    if hasattr(res, "send"):
        return res
    if res is not None:
        raise TypeError("%r returned %r: it has to be a generator or async def" % (handler, res))
    return ()


class HTTPRequest:
    # What most requests do not change is a class attribute: those of an instance take memory.
    method = None
    qs = ""
    url_match = None

    def read_form_data(self):
        from .request import read_form_data
        return read_form_data(self)
    def parse_qs(self):
        from .request import parse_qs
        return parse_qs(self)
    def get_data(self):
        from .request import get_data
        return get_data(self)
    def get_json(self):
        from .request import get_json
        return get_json(self)

    # Most handlers do not look at the header fields, so these are split when one does.
    def __getattr__(self, name):
        if name != "headers":
            raise AttributeError(name)
        from .request import parse_head
        self.headers = parse_head(self)
        return self.headers


class WebApp:
    # Limits, in bytes or seconds, for a board with 36 KB of heap. README.rst gives the reason of each.
    max_connections = 16
    max_request_line = 2048
    max_head = 4096
    max_body = 8192
    max_drain = 16384
    read_timeout = 10
    write_timeout = 10
    shutdown_timeout = 5
    backlog = 100

    debug = -1
    log = None
    inited = False
    template_loader = None
    headers_mode = "parse"
    _indexed = 0
    _prefixes = ()

    def __init__(self, pkg, routes=None, serve_static=True):
        self.url_map = list(routes or ())
        self.mounts = []
        self._servers = []
        self.pkg = pkg.split(".", 1)[0] if pkg and pkg != "__main__" else None
        if serve_static:
            try:
                import re
            except ImportError:
                import ure as re
            self.url_map.append((re.compile("^/(static/.+)"), self.handle_static))

    # One connection, from its first byte to its end.
    def _handle(self, reader, writer):
        if not isinstance(reader, Connection):
            from .request import adopt
            reader = writer = adopt(self, reader, writer)
        req = HTTPRequest()
        app = self
        close = True
        try:
            head = yield from self._read_head(req, reader)
            if self.debug >= 0:
                self.log.info("%s %r", req.method, req.path)
            app = self._find_app(req)
            route = app._find_route(req)
            yield from app._pass_head(req, head, route[2].get("headers", app.headers_mode))
            close = yield from _start(route[1], req, writer)
            if reader.left:
                from .errors import drain
                yield from drain(reader)
        except CancelledError:
            raise
        except Exception as e:
            yield from app._fail(req, writer, e)
        finally:
            if close is False:
                reader.server.release(reader)
            else:
                reader.close()

    # Reads up to the blank line. Looks at each line where it stands: to split a head makes objects by the dozen.
    def _read_head(self, req, conn):
        req.reader = conn
        head = b""
        start = 0
        limit = self.max_request_line
        while True:
            end = head.find(b"\n", start)
            if end < 0:
                if len(head) > limit:
                    raise HTTPException(431 if req.method else 414)
                data = yield from conn.receive(1024)
                if not data:
                    raise HTTPException(400)
                conn.buf = head = head + data
            elif end - start < 2 and head[start] in b"\r\n":
                if req.method:
                    break
                head = head[end + 1:]  # RFC 9112 section 2.2: a blank line may come before a request
            else:
                if req.method:
                    colon = head.find(b":", start, end)
                    if colon <= start or head[start] <= 32 or head[colon - 1] <= 32:
                        raise HTTPException(400)
                    if _FRAMING.get(colon - start) == head[start] | 32:
                        from .request import frame
                        frame(conn, head[start:colon], head[colon + 1:end])
                else:
                    if end > limit:
                        raise HTTPException(414)
                    self._parse_request_line(req, head[:end])
                    limit = self.max_head
                start = end + 1
        conn.since = None
        conn.buf = head[end + 1:]
        if end > limit:
            raise HTTPException(431)
        if conn.length == -1:
            raise HTTPException(501)
        if req.method == "HEAD":
            conn.tail = b""
        return head

    def _parse_request_line(self, req, line):
        words = line.rstrip().split(b" ")
        if len(words) != 3 or not words[0] or words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise HTTPException(400)
        path = words[1]
        try:
            if path[:1] != b"/" or b"%" in path or b"?" in path:
                from .request import parse_target
                parse_target(req, path)
            else:
                req.path = path.decode()
            req.method = words[0].decode()
        except UnicodeError:
            raise HTTPException(400)

    # Follows the mounts to the app that the path belongs to.
    def _find_app(self, req):
        app = self
        while True:
            for prefix, sub in app._prefixes:
                rest = req.path[len(prefix):]
                if req.path.startswith(prefix) and (not rest or rest[0] == "/"):
                    req.path = rest or "/"
                    app = sub
                    break
            else:
                break
        if not app.inited:
            app._begin(self.debug, self.log)
        return app

    # The first route that matches, in the order of the table; an index of the exact ones spares the walk through it.
    def _find_route(self, req):
        if self._indexed != len(self.url_map):
            self._index()
        found = self._exact.get(req.path)
        for i in self._patterns:
            if found is not None and found < i:
                break
            match = self.url_map[i][0].match(req.path)
            if match:
                req.url_match = match
                found = i
                break
        if found is None:
            raise HTTPException(404)
        route = self.url_map[found]
        if len(route) < 3:
            return route[0], route[1], {}
        if "methods" in route[2]:
            from .errors import check_method
            return check_method(self, req, found)
        return route

    def _index(self):
        self._exact = {}
        self._patterns = []
        for i, route in enumerate(self.url_map):
            if not isinstance(route[0], str):
                self._patterns.append(i)
            elif route[0] not in self._exact:
                self._exact[route[0]] = i
        self._indexed = len(self.url_map)

    # Hands the fields of the head to whom the route says; returns what the caller is to "yield from".
    def _pass_head(self, req, head, mode):
        if mode == "parse" and type(self).parse_headers is WebApp.parse_headers:
            req._head = head
        elif mode != "skip":
            from .request import pass_head
            return pass_head(self, req, head, mode)
        return ()

    def _fail(self, req, resp, e):
        try:
            from .errors import fail
            yield from fail(self, req, resp, e)
        except CancelledError:
            raise
        except Exception:
            # Not even an error page can be sent, as when memory is used up.
            gc.collect()

    # A coroutine: reads the fields and the blank line after them; its result becomes req.headers.
    def parse_headers(self, reader):
        from .request import parse_headers
        return parse_headers(self, reader)

    # A coroutine, for when a handler raised e. req may be incomplete, and a part of the response may have been written.
    def handle_exc(self, req, resp, e):
        return
        yield

    # A coroutine: writes every error page. e.status is an int, e.headers are for start_response().
    def handle_error(self, req, resp, e):
        from .errors import handle_error
        return handle_error(self, req, resp, e)

    def handle_static(self, req, resp):
        from .files import handle_static
        return handle_static(self, req, resp)
    def sendfile(self, writer, fname, content_type=None, headers=None):
        from .files import sendfile
        return sendfile(self, writer, fname, content_type, headers)
    def render_template(self, writer, tmpl_name, args=()):
        from .files import render_template
        return render_template(self, writer, tmpl_name, args)
    def render_str(self, tmpl_name, args=()):
        from .files import render_str
        return render_str(self, tmpl_name, args)
    def mount(self, url, app):
        from .serving import mount
        return mount(self, url, app)
    def start_server(self, *args, **kwargs):
        from .serving import start_server
        return start_server(self, *args, **kwargs)
    def shutdown(self):
        from .serving import shutdown
        return shutdown(self)

    def route(self, url, **kwargs):
        def _route(f):
            self.add_url_rule(url, f, **kwargs)
            return f
        return _route

    def add_url_rule(self, url, func, **kwargs):
        self.url_map.append((url, func, kwargs))

    # Called before the app serves its first request: a place to open a database, say.
    def init(self):
        self.inited = True

    def _begin(self, debug, log, lazy_init=False):
        if log is None and debug >= 0:
            from .log import Logger
            log = Logger()
        self.debug = debug
        self.log = log
        self.init()
        self.inited = True
        for app in self.mounts:
            if not (lazy_init or app.inited):
                app._begin(debug, log)

    # Serves until shutdown().
    def serve(self, loop, host, port):
        server = Server(self)
        server.listen(host, port, *self._listen)
        task_create(self._serve(server, loop))
        loop.run_forever()

    def _serve(self, server, loop=None):
        self._servers.append(server)
        try:
            yield from server.serve()
        finally:
            self._servers.remove(server)
            if loop:
                loop.stop()

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
        gc.collect()
        self._begin(int(debug), log, lazy_init)
        self._listen = (backlog or self.backlog, ssl)
        loop = get_event_loop()
        if debug > 0:
            self.log.info("* Running on http://%s:%s/", host, port)
        try:
            self.serve(loop, host, port)
        except KeyboardInterrupt:
            if self._servers:
                from .serving import stop
                task_create(stop(self))
                loop.run_forever()
            raise
        loop.close()


if sys.implementation.name == "cpython":
    from ._cpython import adapt
    adapt()
