# Starting an app.
import gc
import sys

import picoweb
from ._connection import get_event_loop, task_create
from ._server import Server

try:
    import socket
except ImportError:
    import usocket as socket


# Opens a listening socket and has a task serve it. With stop, the event loop ends when that does.
def start(app, host, port, backlog=None, ssl=None, stop=False):
    server = Server(app)
    server.ssl = ssl
    server.s = listen(host, port, backlog or app.backlog)
    app._servers.append(server)
    task_create(_serve(app, server, stop))
    unload()
    return server


# What starts an app is not needed while it runs; a next start loads it again.
def unload():
    sys.modules.pop("picoweb.serving", None)
    if hasattr(picoweb, "serving"):
        del picoweb.serving


def listen(host, port, backlog):
    ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    s = socket.socket(ai[0], ai[1], ai[2])
    try:
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(ai[-1])
        s.listen(backlog)
    except OSError:
        s.close()
        raise
    return s


# Where a Ctrl-C ends it, or has ended the loop, run() does the rest.
def _serve(app, server, stop):
    try:
        yield from server.serve()
    except KeyboardInterrupt:
        stop = None
        raise
    finally:
        if stop is not None and server in app._servers:
            app._servers.remove(server)
            if stop:
                get_event_loop().stop()


def begin(app, debug, log, lazy_init=False):
    if log is None and debug >= 0:
        from .log import Logger
        log = Logger()
    app.debug = debug
    app.log = log
    app.init()
    app.inited = True
    for sub in app.mounts:
        if not (lazy_init or sub.inited):
            begin(sub, debug, log)


def run(app, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
    gc.collect()
    begin(app, int(debug), log, lazy_init)
    app._listen = (backlog, ssl)
    loop = get_event_loop()
    if debug > 0:
        app.log.info("* Running on http://%s:%s/", host, port)
    try:
        app.serve(loop, host, port)
    except KeyboardInterrupt:
        if app._servers:
            from .closing import stop
            loop.run_until_complete(stop(app))
        raise
    loop.close()
