# The log: a line for each request, and the tracebacks of errors.
import sys

from .loop import ticks_diff, ticks_ms


def logger(debug):
    for name in "ulogging", "logging":
        try:
            logging = __import__(name)
        except ImportError:
            continue
        logging.basicConfig(level=logging.DEBUG if debug > 0 else logging.INFO)
        return logging.getLogger("picoweb")
    return Logger()


def announce(app, host, port):
    app.log.info("* Running on http%s://%s:%s/" % ("s" if app._options.get("ssl") else "", host, port))


class Logger:

    def info(self, msg, *args):
        sys.stderr.write("picoweb: " + (msg % args if args else msg) + "\n")

    debug = warning = error = critical = exception = info

    # As in ulogging
    def exc(self, e, msg, *args):
        self.info(msg, *args)
        sys.print_exception(e, sys.stderr)


# A logger that fails must not cost the response.
def log(app, req, level, msg, e=None):
    try:
        if app.debug >= (level == "debug"):
            app.log = app.log or logger(app.debug)  # for apps that do not call run()
            msg = "%s %s %s" % (req.method or "?", req.target or req.path, msg)
            getattr(app.log, level, app.log.info)(msg + trace(e) if e else msg)
            if app.debug > 1:
                from micropython import mem_info  # not on CPython
                mem_info()
    except Exception:
        pass


def log_request(app, req, conn):
    log(app, req, "info", "%s, %d ms" % (str(bytes(conn.sent[9:12]), "utf-8"), ticks_diff(ticks_ms(), conn.start or ticks_ms())))


# Loggers of boards take text only.
def trace(e):
    try:
        from uio import StringIO
    except ImportError:
        from io import StringIO
    text = StringIO()
    try:
        sys.print_exception(e, text)
    except Exception:
        pass  # not even printing it works
    return "\n" + text.getvalue()
