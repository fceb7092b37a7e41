"""picoweb, a web pico-framework for Pycopy, MicroPython and CPython. README.rst describes every name."""
import gc
import sys

# The event loop first: Pycopy compiles it, and that takes more memory than all else. What compiling a module leaves would
# scatter the next one over the heap.
from . import _loop
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
    from .response import redirect
    return redirect(writer, location, code)


def start_response(writer, content_type="text/html; charset=utf-8", status="200", headers=None):
    if headers or status != "200" or content_type != "text/html; charset=utf-8":
        from .response import head
        return writer.awrite(head(content_type, status, headers))
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
        return mount(self, url, app)

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
        start(Server(self, True), host, port, *self._listen)
        del start
        loop.run_forever()

    # A coroutine: serves beside the app's other tasks. Its result has close(), and wait_closed(), a coroutine.
    def start_server(self, *args, **kwargs):
        from .beside import start_server
        return start_server(self, *args, **kwargs)

    # Frees the port at once; requests under way get shutdown_timeout seconds.
    def shutdown(self):
        from .closing import shutdown
        return shutdown(self)

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
        from .starting import prepare
        loop = prepare(self, host, port, debug, lazy_init, log, backlog, ssl)
        del prepare  # what starts an app is not to stay in memory while it runs
        try:
            self.serve(loop, host, port)
        except KeyboardInterrupt:
            # Pycopy keeps what there is of a module whose import was cut: the next one would get that.
            for name in list(sys.modules):
                if name.startswith("picoweb.") and name[8:] not in globals():
                    del sys.modules[name]
            from .closing import stop
            try:
                loop.run_until_complete(stop(self))
            except Exception:
                pass  # the event loop itself may have been cut, and be of no use any more
            raise
        loop.close()


if sys.implementation.name == "cpython":
    from ._cpython import adapt
    adapt()
