# Starting an app.
import gc

from ._loop import get_event_loop
from ._memory import load


def begin(app, debug, log, lazy_init=False):
    if log is None and debug >= 0:
        log = load("log").Logger()
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
