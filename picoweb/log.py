# The log of requests and errors, and the logger of an app that brings none.
import sys


class Logger:

    def info(self, msg, *args):
        sys.stderr.write("picoweb: " + (msg % args if args else msg) + "\n")

    debug = warning = error = critical = exception = info


# A logger that fails, as when it writes to a flash that is full, must not cost the reply.
def tell(method, *args):
    try:
        method(*args)
    except Exception:
        pass


def log_request(app, req):
    tell(app.log.info, "%s %r", req.method, req.path)
    if app.debug > 1:
        try:
            from micropython import mem_info
        except ImportError:  # CPython has no such figures
            return
        mem_info()


def log_exc(app, req, e):
    try:
        from io import StringIO
    except ImportError:
        from uio import StringIO
    trace = StringIO()
    try:
        sys.print_exception(e, trace)
        app.log.error("%s %s: %r\n%s" % (req.method, getattr(req, "path", ""), e, trace.getvalue()))
    except Exception:
        pass  # neither must what cannot be printed
