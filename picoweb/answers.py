# How a request ends if its handler has not written a response: with the one that it returned, or with an error page.
import gc
import sys

from . import HTTPException, start_response
from .loop import CancelledError, coroutine, json


# Writes what a handler has returned: a body, or (body, status), or (body, status, headers).
def respond(writer, result):
    body, status, headers = (result + (None,))[:3] if isinstance(result, tuple) and 1 < len(result) < 4 else (result, 200, None)
    content_type = "text/html; charset=utf-8"
    if isinstance(body, (dict, list)):
        body, content_type = json.dumps(body), "application/json"
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes):
        raise TypeError("a handler has to write a response or to return one, not %r (is an await or yield from missing?)" % (result,))
    length = "Content-Length: %d\r\n" % len(body)
    if headers or not isinstance(status, int) or status in (204, 304):
        from .headers import lines
        headers = lines(headers or ())
        if str(status)[:3] in ("204", "304") or "\ncontent-length:" in "\n" + headers.lower():
            length = ""  # without a body, which start_response() drops (RFC 9110 section 15), or the handler's own
        yield from start_response(writer, content_type, status, headers + length)
    else:
        yield from writer.awrite("HTTP/1.0 %d NA\r\nContent-Type: %s\r\n%s\r\n" % (status, content_type, length))
    yield from writer.awrite(body)


def redirect(writer, location, code, headers):
    from .headers import lines
    return start_response(writer, status=code, headers=lines({"Location": location, "Content-Length": 0}) + lines(headers or ()))


# Returns False if the handler keeps the connection.
def finish(app, req, conn, result, error):
    cancelled = error if type(error) is CancelledError and not conn.dropped else None  # Pycopy's TimeoutError is a subclass
    if error and not isinstance(error, (Exception, CancelledError)) or cancelled and not (conn.raw and req._head):
        raise error  # Ctrl-C; another task has closed the connection; asyncio.run() has ended before there is a request
    if result is False:
        conn.release()
        conn.left = sys.maxsize  # what arrives now is for the app
    elif conn.sent and not error:
        if result and result is not True:
            log(app, req, "error", "has sent a response already: too late to return %r" % (result,))
    elif not error:
        try:
            yield from respond(conn, result)
        except Exception as e:
            error = e
    if error:
        error = yield from fail(app, req, conn, error)
    if conn.sent and app.debug >= 0:
        from .log import log_request
        log_request(app, req, conn)
    if error and (not req._head or error.status == 411):
        from .framing import drain
        yield from drain(req, conn)
    if cancelled:  # not by picoweb
        raise cancelled
    return result


# Answers a request that has failed; returns the HTTPException that was sent, or None.
def fail(app, req, conn, e):
    if conn.gone or not (req.method or conn.buf):
        return log(app, req, "debug", "client gone: %r" % (e if isinstance(e, OSError) else EOFError()))
    if conn.dropped:
        e = HTTPException(408)
    elif isinstance(e, ValueError) and not req._head or isinstance(e, EOFError) and (not req._head or e.args == (conn,)):
        e = HTTPException(400)
    elif isinstance(e, RuntimeError) and len(req.path) > 255:  # too long for the regex stack of a board
        e = HTTPException(414)
    if not isinstance(e, HTTPException):
        gc.collect()
        log(app, req, "error", "failed:", e)
        e = (yield from attempt(app, req, app.handle_exc, conn, e)) or HTTPException(500)
    if conn.sent:
        return log(app, req, "debug" if conn.dropped else "error", "has sent a response already: too late for %r" % e)
    yield from attempt(app, req, app.handle_error, conn, e)
    if not conn.sent:
        yield from respond(conn, ("500", 500))
    return e


# Calls a hook that an app may override: if it raises, only this request ends.
def attempt(app, req, func, conn, e):
    try:
        result = coroutine(func)(req, conn, e)
        if hasattr(result, "send"):
            yield from result
    except HTTPException as e:
        return e
    except Exception as e:
        if not conn.gone:
            log(app, req, "error", "failed:", e)


def log(app, *args):
    if app.debug >= 0:
        from .log import log
        log(app, *args)
