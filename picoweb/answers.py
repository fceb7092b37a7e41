# The responses that handlers return, and error pages.
import gc
import sys

from . import HTTPException, start_response
from .headers import head, lines
from .loop import CancelledError, coroutine, json, ticks_diff, ticks_ms


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
    headers = lines(headers or ())
    if str(status) in ("204", "304"):  # these have no body (RFC 9110 section 15)
        body = b""
    else:
        headers += "Content-Length: %d\r\n" % len(body)
    yield from writer.awrite(head(content_type, status, headers))
    yield from writer.awrite(body)


def redirect(writer, location, code, headers):
    headers = lines({"Location": location, "Content-Length": 0}) + lines(headers or ())
    return start_response(writer, status=code, headers=headers)


# Ends a request, with a response if the handler has not written one, and a line in the log. Returns False if the handler keeps
# the connection.
def finish(app, req, conn, result, error):
    if error and not conn.dropped and (isinstance(error, CancelledError) or not isinstance(error, Exception)):
        raise error  # for example Ctrl-C
    if not error:
        try:
            if result is not False and not conn.sent:
                yield from respond(conn, result)
            elif result and result is not True:
                log(app, "error", "%s %s: what it returned came too late: %r" % (req.method, req.path, result))
        except Exception as e:
            error = e
    if error:
        result = None
        error = yield from fail(app, req, conn, error)
    if result is False:
        conn.release()
        conn.left = sys.maxsize  # what arrives now is for the app
    if conn.sent:
        log_request(app, req, conn)
    if error and (not req._head or error.status == 411):
        from .framing import drain
        yield from drain(req, conn)
    return result


def log_request(app, req, conn):
    status = str(bytes(conn.sent[9:12]), "utf-8")
    log(app, "info", "%s %s %s, %d ms" % (req.method or "?", req.target or req.path, status, ticks_diff(ticks_ms(), conn.start)))
    if app.debug > 1:
        try:
            from micropython import mem_info
            mem_info()
        except ImportError:  # not on CPython
            pass


# Answers a request that has failed; returns the HTTPException that was sent, or None.
def fail(app, req, conn, e):
    if conn.gone or not (req.method or conn.buf):
        return log(app, "debug", "client gone: %r" % e)
    if conn.buf.startswith(b"HEAD ") and req.method != "HEAD":
        from .unusual import head_only
        head_only(conn)
    if conn.dropped:
        e = HTTPException(408)
    elif isinstance(e, EOFError) or isinstance(e, ValueError) and not req._head:
        e = HTTPException(400)
    elif isinstance(e, RuntimeError) and len(req.path) > 255:  # too long for the regex stack of a board
        e = HTTPException(414)
    if not isinstance(e, HTTPException):
        gc.collect()
        log_exc(app, req, e)
        e = (yield from attempt(app, req, app.handle_exc, conn, e)) or HTTPException(500)
    if conn.sent:
        return log(app, "debug" if conn.dropped else "error", "%s %s: too late for %r" % (req.method, req.path, e))
    if e.status == 204:  # for OPTIONS; an app's error page must not give it a body (RFC 9110 section 15.3.5)
        from .unusual import head_only
        head_only(conn)
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
            log_exc(app, req, e)


# A logger that fails must not cost the response.
def log(app, level, msg):
    try:
        if app.debug >= (level == "debug"):
            if not app.log:  # for apps that do not call run()
                from .rare import logger
                app.log = logger(app.debug)
            getattr(app.log, level, app.log.info)(msg)
    except Exception:
        pass


# The same, with the traceback of an exception.
def log_exc(app, req, e):
    if app.debug >= 0:
        from .rare import trace
        log(app, "error", "%s %s: %s" % (req.method, req.path, trace(e)))
