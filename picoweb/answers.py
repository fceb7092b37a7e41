# What not every app needs: what handlers return, errors, the log, templates, mounts, clients that another server has accepted.
import gc
import sys

from . import HTTPException, start_response
from .headers import head, head_only, lines
from .server import CancelledError, Server, Stream, coroutine, create_task, current_task, json, ticks_diff, ticks_ms


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


# Ends a request: with a response where the handler has not written one, and a line in the log. Returns False if the handler keeps
# the connection.
def finish(app, req, conn, result, error):
    if error and not conn.late and (isinstance(error, CancelledError) or not isinstance(error, Exception)):
        raise error  # Ctrl-C, say
    if not error:
        try:
            if result is not False and not conn.first:
                yield from respond(conn, result)
            elif result:
                log(app, "error", "%s %s: what it returned came too late: %r" % (req.method, req.path, result))
        except Exception as e:
            error = e
    if error:
        result = None
        yield from fail(app, req, conn, error)
    if conn.first:
        log_request(app, req, conn)
    if result is False:
        conn.release()
        conn.left = sys.maxsize  # what comes is the app's to read
    return result


def log_request(app, req, conn):
    status = str(bytes(conn.first[9:12]), "utf-8")
    log(app, "info", "%s %s %s, %d ms" % (req.method or "?", req.target or req.path, status, ticks_diff(ticks_ms(), conn.start)))
    if app.debug > 1:
        try:
            from micropython import mem_info
            mem_info()
        except ImportError:  # CPython has no such figures
            pass


# Turns what a request failed with into its response.
def fail(app, req, conn, e):
    if conn.gone or not (req.method or conn.buf):
        return log(app, "debug", "client gone: %r" % e)
    if conn.buf.startswith(b"HEAD ") and req.method != "HEAD":
        head_only(conn)
    if conn.late:
        e = HTTPException(408)
    elif isinstance(e, EOFError) or isinstance(e, ValueError) and not req._head:
        e = HTTPException(400)
    elif isinstance(e, RuntimeError) and len(req.path) > 255:  # too long for the stack of a board's regexes
        e = HTTPException(414)
    if not isinstance(e, HTTPException):
        gc.collect()
        log_exc(app, req, e)
        e = (yield from attempt(app, req, app.handle_exc, conn, e)) or HTTPException(500)
    if conn.first:
        return log(app, "debug" if conn.late else "error", "%s %s: too late for %r" % (req.method, req.path, e))
    yield from attempt(app, req, app.handle_error, conn, e)
    if not conn.first:
        yield from respond(conn, ("500", 500))
    if not req._head or e.status == 411:
        from .utils import drain
        yield from drain(app, req, conn)


# Calls what an app may have overridden: what that raises ends no more than this request.
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
            app.log = app.log or logger(app.debug)  # an app may serve by itself
            getattr(app.log, level)(msg)
    except Exception:
        pass


def log_exc(app, req, e):
    if app.debug >= 0:
        try:
            from io import StringIO
        except ImportError:
            from uio import StringIO
        trace = StringIO()
        try:
            sys.print_exception(e, trace)
            log(app, "error", "%s %s: %s" % (req.method, req.path, trace.getvalue()))
        except Exception:
            pass  # it may not even be fit to be printed


def logger(debug):
    try:
        import ulogging as logging
    except ImportError:
        try:
            import logging
        except ImportError:
            return Logger()
    logging.basicConfig(level=logging.DEBUG if debug > 0 else logging.INFO)
    return logging.getLogger("picoweb")


class Logger:

    def info(self, msg, *args):
        sys.stderr.write("picoweb: " + (msg % args if args else msg) + "\n")

    debug = warning = error = critical = exception = info


_NO_ENGINE = "templates need utemplate: copy its folder beside the app, or set app.template_loader (docs: How-to, Templates)"


# Shows that on the page; what it raises is in the log.
def _no_engine(*args):
    yield _NO_ENGINE
    raise ImportError(_NO_ENGINE)


# Any engine will do whose templates are functions that yield their text.
def load_template(app, name):
    if app.template_loader is None:
        try:
            import utemplate.source
        except ImportError:
            if app.debug > 0:
                return _no_engine
            raise ImportError(_NO_ENGINE)
        pkg = app.pkg and hasattr(__import__(app.pkg), "__path__") and app.pkg
        app.template_loader = utemplate.source.Loader(pkg or None, "templates")
    try:
        return app.template_loader.load(name)
    except OSError as e:
        raise OSError(e.args[0], "template %s" % name)


# A connection that the runtime's own server has accepted
def adopt(app, writer):
    if not app._servers:
        create_task(Server(app).sweep())
    s = getattr(writer, "s", None) or writer.ios
    conn = Stream(app._servers[0], s, None, getattr(writer, "polls", s))
    conn.task = current_task()
    return conn


# The longest prefix comes first: it is the closest match.
def mount(app, url, sub):
    sub.url = url
    app.mounts.append(sub)
    app._prefixes = sorted(list(app._prefixes) + [(url.rstrip("/"), sub)], key=lambda m: -len(m[0]))


# Follows the mounts; req.path becomes what is left of it.
def find_app(app, req):
    from .utils import unquote
    req.target = req.target or req.path  # for the log
    for prefix, sub in app._prefixes:
        n = prefix.count("/") + 1
        parts = req.path.split("/", n)
        if unquote("/".join(parts[:n])) == prefix:
            req.path = "/" + "/".join(parts[n:])
            if not sub.inited:
                sub._begin(app.debug, app.log)
            return find_app(sub, req)
    return app
