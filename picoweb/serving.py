# Starting an app.
import gc
import sys

import picoweb
from ._loop import get_event_loop, task_create

try:
    import socket
except ImportError:
    import usocket as socket


# Opens a listening socket and has a task serve it.
def start(server, host, port, backlog=None, ssl=None):
    server.ssl = ssl
    server.s = listen(host, port, backlog or server.app.backlog)
    server.app._servers.append(server)
    task_create(server.serve())
    unload()
    return server


# What starts an app is not needed while it runs; a next start loads it again.
def unload():
    # A board's dict keeps the value of a key that is deleted until its place is taken.
    picoweb.serving = sys.modules["picoweb.serving"] = None
    del picoweb.serving, sys.modules["picoweb.serving"]


def listen(host, port, backlog):
    ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    s = socket.socket(ai[0], ai[1], ai[2])
    try:
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(ai[-1])
        if sys.platform == "linux":
            # SO_SNDBUF, which clients inherit: else, the megabytes that the system takes for those who never read would look like progress.
            s.setsockopt(socket.SOL_SOCKET, 7, 32768)
        s.listen(backlog)
    except OSError:
        s.close()
        raise
    return s


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


# What run() does before it serves; returns the event loop.
def prepare(app, host, port, debug, lazy_init, log, backlog, ssl):
    gc.collect()
    begin(app, int(debug), log, lazy_init)
    app._listen = (backlog, ssl)
    if debug > 0:
        app.log.info("* Running on http://%s:%s/", host, port)
    return get_event_loop()
