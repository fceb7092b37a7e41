"""picoweb, a web pico-framework for Pycopy, MicroPython and CPython. README.rst describes every name."""
import gc
import sys

# The event loop first: Pycopy compiles it, and that takes more memory than all else. What compiling a module leaves would
# scatter the next one over the heap.
from ._memory import load, relieve
from ._loop import run_forever
gc.collect()
from ._connection import HTTPException
gc.collect()
from ._server import Server
gc.collect()
from ._dispatch import HTTPRequest, handle, parse_headers
gc.collect()

# Bytes that sendstream() copies at a time.
SEND_BUFSZ = 256


# What many apps never call is in modules that the first call imports: here, it would take memory from all.

def get_mime_type(fname):
    return load("mime").get_mime_type(fname)


def sendstream(writer, f):
    return load("files").sendstream(writer, f)


def jsonify(writer, obj):
    return load("response").jsonify(writer, obj)


def http_error(writer, status, headers=None):
    return load("response").http_error(writer, status, headers)


def redirect(writer, location, code=302):
    return load("response").redirect(writer, location, code)


def start_response(writer, content_type="text/html; charset=utf-8", status="200", headers=None):
    if headers or status != "200" or content_type != "text/html; charset=utf-8":
        return writer.awrite(load("response").head(content_type, status, headers))
    # Most pages need no formatting, nor the code for it.
    return writer.awrite(b"HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n")


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
    backlog = 1023 if sys.platform in ("linux", "darwin", "win32") else 16  # on a board, each takes memory

    debug = -1
    log = None
    inited = False
    template_loader = None
    headers_mode = "parse"
    _prefixes = ()
    _shortlist = None
    _index = ((), 0, None, None)

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

    # A coroutine: one connection. For an app whose serve() accepts them by itself.
    _handle = handle

    # A coroutine: reads the fields and the blank line after them; its result becomes req.headers.
    parse_headers = parse_headers

    # A coroutine, for when a handler raised e. req may be incomplete, and a part of the response may have been written.
    def handle_exc(self, req, resp, e):
        return
        yield

    # A coroutine: writes every error page. e.status is an int, e.headers are for start_response().
    def handle_error(self, req, resp, e):
        return http_error(resp, e.status, e.headers)

    def handle_static(self, req, resp):
        return load("files").handle_static(self, req, resp)

    def sendfile(self, *args, **kwargs):
        return load("files").sendfile(self, *args, **kwargs)

    def render_template(self, *args, **kwargs):
        return load("templates").render_template(self, *args, **kwargs)

    def render_str(self, *args, **kwargs):
        return load("templates").render_str(self, *args, **kwargs)

    def mount(self, url, app):
        return load("mounts").mount(self, url, app)

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
        run_forever(loop, load("serving").start(Server(self, True), host, port, *self._listen))

    # A coroutine: serves beside the app's other tasks. Its result has close(), and wait_closed(), a coroutine.
    def start_server(self, *args, **kwargs):
        return load("beside").start_server(self, *args, **kwargs)

    # Frees the port at once; requests under way get shutdown_timeout seconds.
    def shutdown(self):
        return load("closing").shutdown(self)

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
        loop = load("starting").prepare(self, host, port, debug, lazy_init, log, backlog, ssl)
        try:
            self.serve(loop, host, port)
        except KeyboardInterrupt:
            relieve()  # Pycopy keeps what there is of a module whose import was cut: the next one would get that
            try:
                loop.run_until_complete(load("closing").stop(self))
            except Exception:
                pass  # the event loop itself may have been cut, and be of no use any more
            raise
        loop.close()


if sys.implementation.name == "cpython":
    from ._cpython import adapt
    adapt()
