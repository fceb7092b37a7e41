# Run an app file on a board's interpreter at an address of the caller's choice: serve.py HOST PORT DEBUG APP [ARG...]
# DEBUG is a number, or "-" to keep the app's own. The app file runs as it would run by itself, as __main__; it needs no
# hook for this. (CPython has `python -m picoweb` for that.) Plain enough for MicroPython and Pycopy.

import sys
import picoweb

HOST, PORT, DEBUG, APP = sys.argv[1:5]
NAMES = ("host", "port", "debug", "lazy_init", "log", "backlog", "ssl")

_run = picoweb.WebApp.run


def run(app, *args, **kwargs):
    given = dict(zip(NAMES, args))
    given.update(kwargs)
    given.update({"host": HOST, "port": int(PORT)})
    if DEBUG != "-":
        given["debug"] = int(DEBUG)
    return _run(app, **given)


picoweb.WebApp.run = run
try:
    run_file = execfile
except NameError:
    # Pycopy has none; where there is one, it spares the heap the source text.
    def run_file(path, names):
        with open(path) as f:
            exec(f.read(), names)

# As if the interpreter had been started on the app file: its folder comes first, and its arguments are its own.
sys.path[0] = APP[:APP.rfind("/")] if "/" in APP else ""
sys.argv[:] = sys.argv[4:]
try:
    run_file(APP, {"__name__": "__main__", "__file__": APP})
except KeyboardInterrupt:
    pass
