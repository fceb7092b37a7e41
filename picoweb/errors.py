# What happens when a request is not served as it should be.
from . import http_error
from ._dispatch import _coro
from ._loop import CancelledError, sleep_ms, ticks_ms
from ._connection import HTTPException
from ._memory import load, relieve


# Answers for a handler, or a client, that failed with e.
def fail(app, req, conn, e):
    if conn.gone or not (req.method or conn.buf or isinstance(e, MemoryError)):
        if app.debug > 0:
            load("log").tell(app.log.debug, "client gone: %r" % e)
        return
    if not req.method and conn.buf.startswith(b"HEAD "):
        conn.tail = b""
    unsure = conn.since is not None or conn.length == -1
    if not isinstance(e, HTTPException):
        if isinstance(e, MemoryError):
            relieve()
        _log(app, req, e)
        yield from _guard(app, req, app.handle_exc, conn, e)
        e = HTTPException(500)
    if not conn.writes and (yield from _guard(app, req, app.handle_error, conn, e)):
        yield from _guard(app, req, _plain_page, conn, e)
    # Without a whole head and a length, nobody knows how much is on its way.
    yield from drain(conn, unsure or e.status == 411)


# For when the app's own page fails.
def _plain_page(req, conn, e):
    return http_error(conn, 500)


# Runs what an app may have overridden. Its errors must not end more than this connection; true: the client has got nothing.
def _guard(app, req, func, conn, e):
    try:
        yield from _coro(func(req, conn, e))
    except CancelledError:
        raise
    except Exception as e:
        if isinstance(e, MemoryError):
            relieve()
        if not conn.gone:
            _log(app, req, e)
            return not conn.writes


def _log(app, req, e):
    if app.debug >= 0:
        load("log").log_exc(app, req, e)


# Closing a socket with bytes unread resets the connection, and the client may lose the reply: so what is on its way is read, within limits.
def drain(conn, unsure=False):
    limit = conn.server.app.max_drain
    if not unsure:
        limit = min(limit, conn.left - len(conn.buf))
    conn.since = ticks_ms()
    conn.writing = False  # it is waited for, and may have to give way
    for _ in range(20):
        while limit > 0:
            try:
                data = conn.s.read(min(limit, 512))
            except OSError:
                return
            if data is None:
                break
            if not data:
                return
            limit -= len(data)
        # Who waits for "100 Continue" sends no more; who does not has sent some already.
        if limit <= 0 or conn.late or conn.expect and not unsure:
            return
        yield from sleep_ms(25)
