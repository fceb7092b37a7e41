# For the apps that need it: logging, templates, mounts.
import sys


# An exception as sys.print_exception() prints it
def trace(e):
    try:
        from io import StringIO
    except ImportError:
        from uio import StringIO
    text = StringIO()
    try:
        sys.print_exception(e, text)
    except Exception:
        pass  # not even printing it works
    return text.getvalue()


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

    # As in ulogging
    def exc(self, e, msg, *args):
        self.info(msg, *args)
        sys.stderr.write(trace(e))


_NO_ENGINE = "templates need utemplate: copy its folder beside the app, or set app.template_loader (docs: How-to, Templates)"


# Shows the error on the page; the exception is in the log.
def _no_engine(*args):
    yield _NO_ENGINE
    raise ImportError(_NO_ENGINE)


# Works with any engine whose templates are functions that yield text.
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


# The longest prefix first: it is the closest match.
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
