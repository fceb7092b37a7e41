# A request, from its first byte to the end of its response.
from ._loop import CancelledError
from ._connection import Connection, HTTPException
from ._head import parse_head
from ._memory import load, relieve


class HTTPRequest:
    # What most requests do not change is a class attribute: it takes no memory.
    method = None
    qs = ""
    url_match = None

    # What many handlers do not ask for: headers, parse_qs(), read_form_data(), get_data(), get_json().
    def __getattr__(self, name):
        return load("request").attribute_of(self, name)


# One connection, from its first byte to its end.
def handle(app, reader, writer):
    if not isinstance(reader, Connection):
        reader = writer = load("beside").adopt(app, reader, writer)
    close = True
    try:
        req = HTTPRequest()
        req.reader = reader
        reader.buf = reader.take(640) or b""
        while not parse_head(app, req, reader):
            yield from reader.more()
        if app._prefixes or app.debug >= 0:
            app = _enter(app, req)
        route = find_route(app, req)
        yield from _pass_head(app, req, route)
        close = yield from _coro(route[1](req, writer))
        if reader.left and close is not False and reader.left > len(reader.buf):
            yield from load("errors").drain(reader)
    except CancelledError:
        raise
    except Exception as e:
        try:
            yield from load("errors").fail(app, req, writer, e)
        except CancelledError:
            raise
        except Exception:
            relieve()  # not even an error page can be sent, as when memory is used up
    except KeyboardInterrupt:
        # What it has cut may be this connection: that it cannot be closed would hide why. stop() tries.
        reader.task = reader = None
        raise
    finally:
        if reader and close is False:
            reader.keep()
        elif reader:
            reader.close()


# Logs the request; returns the app that it is for.
def _enter(app, req):
    if app.debug >= 0:
        load("log").log_request(app, req)
    if app._prefixes:
        app = load("mounts").find_app(app, req)
    return app


# The first route that matches, in the order of the table.
def find_route(app, req):
    routes = app.url_map
    path = req.path
    if len(routes) > 4:
        if not app._shortlist:
            app._shortlist = load("routing").shortlist
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
            return load("routing").check_method(req, routes, route)
        return route
    raise HTTPException(404)


# Gives the fields of the head to whom the route says; returns what the caller is to "yield from".
def _pass_head(app, req, route):
    mode = route[2].get("headers", app.headers_mode) if len(route) > 2 else app.headers_mode
    if mode == "parse" and type(app).parse_headers is parse_headers:
        return ()  # a handler that looks at them has them split
    return load("headers").pass_head(app, req, mode)


# A method of WebApp, here so that an app that overrides it can be told from one that does not.
def parse_headers(self, reader):
    return load("headers").parse_headers(reader)


# What is to be iterated of what a handler, of any form, has returned.
def _coro(res):
    if hasattr(res, "send"):
        return res
    if res is not None:
        raise TypeError("a handler has to be a generator or async def; this one returned %r" % res)
    return ()
