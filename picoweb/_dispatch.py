# A request, from its first byte to the end of its response.
from ._loop import CancelledError
from ._connection import Connection, HTTPException
from ._head import parse_head


class HTTPRequest:
    # What most requests do not change is a class attribute: it takes no memory.
    method = None
    qs = ""
    url_match = None

    # What many handlers do not ask for: headers, parse_qs(), read_form_data(), get_data(), get_json().
    def __getattr__(self, name):
        from .request import attribute_of
        return attribute_of(self, name)


# One connection, from its first byte to its end.
def handle(app, reader, writer):
    if not isinstance(reader, Connection):
        from .beside import adopt
        reader = writer = adopt(app, reader, writer)
    req = HTTPRequest()
    req.reader = reader
    close = True
    try:
        reader.buf = reader.take(640) or b""
        while not parse_head(app, req, reader):
            yield from reader.more()
        if app.debug >= 0:
            from .log import log_request
            log_request(app, req)
        if app._prefixes:
            from .mounts import find_app
            app = find_app(app, req)
        route = find_route(app, req)
        yield from _pass_head(app, req, route)
        close = yield from _coro(route[1](req, writer))
        if reader.left > len(reader.buf):
            from .errors import drain
            yield from drain(reader)
    except CancelledError:
        raise
    except Exception as e:
        yield from _fail(app, req, writer, e)
    except KeyboardInterrupt:
        # What it has cut may be this connection: that it cannot be closed would hide why. stop() tries.
        reader.task = reader = None
        raise
    finally:
        if reader and close is False:
            reader.keep()
        elif reader:
            reader.close()


# The first route that matches, in the order of the table.
def find_route(app, req):
    routes = app.url_map
    path = req.path
    if len(routes) > 4:
        if not app._shortlist:
            from .routing import shortlist
            app._shortlist = shortlist
        routes = app._shortlist(app, path)
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


# Gives the fields of the head to whom the route says; returns what the caller is to "yield from".
def _pass_head(app, req, route):
    mode = route[2].get("headers", app.headers_mode) if len(route) > 2 else app.headers_mode
    if mode == "parse" and type(app).parse_headers is parse_headers:
        return ()  # a handler that looks at them has them split
    from .headers import pass_head
    return pass_head(app, req, mode)


# A method of WebApp, here so that an app that overrides it can be told from one that does not.
def parse_headers(self, reader):
    from .headers import parse_headers
    return parse_headers(reader)


# What is to be iterated of what a handler, of any form, has returned.
def _coro(res):
    if hasattr(res, "send"):
        return res
    if res is not None:
        raise TypeError("a handler has to be a generator or async def; this one returned %r" % res)
    return ()


def _fail(app, req, conn, e):
    try:
        from .errors import fail
        yield from fail(app, req, conn, e)
    except CancelledError:
        raise
    except Exception:
        # Not even an error page can be sent, as when memory is used up.
        conn.server.scarce = True
