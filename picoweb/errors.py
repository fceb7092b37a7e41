# What happens when a request is not served as it should be.
import sys

from . import _start
from ._server import CancelledError, HTTPException, sleep_ms
from .response import http_error


# Answers for a handler, or a client, that failed with e.
def fail(app, req, conn, e):
    if conn.gone or not req.method and not conn.buf:
        if app.debug > 0:
            app.log.debug("client gone: %r" % e)
        return
    incomplete = conn.left or conn.since is not None
    if not isinstance(e, HTTPException):
        log_exc(app, req, e)
        yield from _guard(app, req, app.handle_exc, conn, e)
        e = HTTPException(500)
    if not conn.writes:
        yield from _guard(app, req, app.handle_error, conn, e)
    if incomplete:
        yield from drain(conn)


# Runs what an app may have overridden. Its errors must not end more than this connection.
def _guard(app, req, func, conn, e):
    try:
        yield from _start(func, req, conn, e)
    except CancelledError:
        raise
    except Exception as e:
        if not conn.gone:
            log_exc(app, req, e)


def handle_error(app, req, resp, e):
    return http_error(resp, e.status, e.headers)


def log_exc(app, req, e):
    if app.debug < 0:
        return
    try:
        from sys import print_exception
        from io import StringIO
    except ImportError:
        from uio import StringIO
    trace = StringIO()
    sys.print_exception(e, trace)
    app.log.error("%s %s: %r\n%s" % (req.method, getattr(req, "path", ""), e, trace.getvalue()))


# Closing a socket with bytes unread resets the connection, and the client may lose the reply: so what is on its way is read, within limits.
def drain(conn):
    limit = 0 if conn.expect else conn.server.app.max_drain
    for _ in range(20):
        while limit > 0:
            try:
                data = conn.s.read(512)
            except OSError:
                return
            if data is None:
                break
            if not data:
                return
            limit -= len(data)
        if limit <= 0:
            return
        yield from sleep_ms(25)


# The route for req's method, when the one that was found first has methods=.
def check_method(app, req, found):
    allow = []
    for route in app.url_map[found:]:
        match = route[0] == req.path if isinstance(route[0], str) else route[0].match(req.path)
        if not match:
            continue
        methods = route[2].get("methods") if len(route) > 2 else None
        if not methods or req.method in methods or req.method == "HEAD" and "GET" in methods:
            if match is not True:
                req.url_match = match
            return route if len(route) > 2 else (route[0], route[1], {})
        allow.extend(methods)
    if "GET" in allow:
        allow.append("HEAD")
    allow.append("OPTIONS")
    headers = {"Allow": ", ".join(m for i, m in enumerate(allow) if m not in allow[:i])}
    if req.method == "OPTIONS":
        raise HTTPException(204, headers)
    raise HTTPException(405, headers)
