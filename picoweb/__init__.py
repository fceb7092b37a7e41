"""picoweb, a web pico-framework for Pycopy, MicroPython and CPython. README.rst describes every name."""
import sys

from ._head import parse_head
from ._connection import CancelledError, Connection, HTTPException

# Bytes that sendstream() copies at a time.
SEND_BUFSZ = 128


# What many apps never call is in modules that the first call imports: here, it would take memory from all.

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


# What is to be iterated of what a handler, of any form, has returned.
def _coro(res):
    if hasattr(res, "send"):
        return res
    if res is not None:
        raise TypeError("a handler has to be a generator or async def; this one returned %r" % res)
    return ()


class HTTPRequest:
    # What most requests do not change is a class attribute: it takes no memory.
    method = None
    qs = ""
    url_match = None

    # What many handlers do not ask for: headers, parse_qs(), read_form_data(), get_data(), get_json().
    def __getattr__(self, name):
        from .request import attribute_of
        return attribute_of(self, name)


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
    backlog = 255

    debug = -1
    log = None
    inited = False
    template_loader = None
    headers_mode = "parse"
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
            from .beside import adopt
            reader = writer = adopt(self, reader, writer)
        req = HTTPRequest()
        req.reader = reader
        app = self
        close = True
        try:
            reader.buf = reader.s.read(640) or b""
            while not parse_head(self, req, reader):
                yield from reader.more()
            if self.debug >= 0:
                from .log import log_request
                log_request(self, req)
            if self._prefixes:
                from .mounts import find_app
                app = find_app(self, req)
            route = app._find_route(req)
            yield from app._pass_head(req, route)
            close = yield from _coro(route[1](req, writer))
            if reader.left > len(reader.buf):
                from .errors import drain
                yield from drain(reader)
        except CancelledError:
            raise
        except Exception as e:
            yield from app._fail(req, writer, e)
        finally:
            if close is False:
                reader.keep()
            else:
                reader.close()

    # Gives the fields of the head to whom the route says; returns what the caller is to "yield from".
    def _pass_head(self, req, route):
        mode = route[2].get("headers", self.headers_mode) if len(route) > 2 else self.headers_mode
        if mode == "parse" and type(self).parse_headers is WebApp.parse_headers:
            return ()  # a handler that looks at them has them split
        from .headers import pass_head
        return pass_head(self, req, mode)

    # The first route that matches, in the order of the table.
    def _find_route(self, req):
        routes = self.url_map
        path = req.path
        if len(routes) > 4:
            from .routing import shortlist
            routes = shortlist(self, path)
        for route in routes:
            if route[0] != path:
                if isinstance(route[0], str):
                    continue
                try:
                    match = route[0].match(path)
                except RuntimeError:  # too long for the stack of MicroPython's regexes
                    raise HTTPException(414)
                if not match:
                    continue
                req.url_match = match
            if len(route) > 2 and "methods" in route[2]:
                from .routing import check_method
                return check_method(req, routes, route)
            return route
        raise HTTPException(404)

    def _fail(self, req, resp, e):
        try:
            from .errors import fail
            yield from fail(self, req, resp, e)
        except CancelledError:
            raise
        except Exception:
            # Not even an error page can be sent, as when memory is used up.
            resp.server.scarce = True

    # A coroutine: reads the fields and the blank line after them; its result becomes req.headers.
    def parse_headers(self, reader):
        from .headers import parse_headers
        return parse_headers(reader)

    # A coroutine, for when a handler raised e. req may be incomplete, and a part of the response may have been written.
    def handle_exc(self, req, resp, e):
        return
        yield

    # A coroutine: writes every error page. e.status is an int, e.headers are for start_response().
    def handle_error(self, req, resp, e):
        return http_error(resp, e.status, e.headers)

    def handle_static(self, req, resp):
        from .files import handle_static
        return handle_static(self, req, resp)

    def sendfile(self, *args, **kwargs):
        from .files import sendfile
        return sendfile(self, *args, **kwargs)

    def render_template(self, *args, **kwargs):
        from .files import render_template
        return render_template(self, *args, **kwargs)

    def render_str(self, *args, **kwargs):
        from .files import render_str
        return render_str(self, *args, **kwargs)

    def mount(self, url, app):
        from .mounts import mount
        mount(self, url, app)

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

    # Serves until shutdown().
    def serve(self, loop, host, port):
        from .serving import start
        start(self, host, port, *self._listen, stop=True)
        loop.run_forever()

    # A coroutine: serves beside the app's other tasks. Its result has close(), and wait_closed(), a coroutine.
    def start_server(self, *args, **kwargs):
        from .beside import start_server
        return start_server(self, *args, **kwargs)

    # Frees the port at once; requests under way get shutdown_timeout seconds.
    def shutdown(self):
        from .closing import shutdown
        shutdown(self)

    def run(self, *args, **kwargs):
        from .serving import run
        run(self, *args, **kwargs)


if sys.implementation.name == "cpython":
    from ._cpython import adapt
    adapt()
