"""python -m picoweb APP.py: runs a board's app file on CPython, as if it were on the board."""
import argparse
import os
import sys

from . import WebApp
from ._cpython import compile_board, install


def run_file(path, host=None, port=None, debug=None):
    """Runs the app file at path (str) as the main program. host (str), port (int) and debug (int), where given, take the
    place of what it passes to WebApp.run(). Raises what the file raises; OSError when it cannot be read."""
    run = WebApp.run

    def run_here(self, *args, **kwargs):
        given = dict(zip(("host", "port", "debug", "lazy_init", "log"), args), **kwargs)
        given.update((k, v) for k, v in (("host", host), ("port", port), ("debug", debug)) if v is not None)
        return run(self, **given)

    folder = os.path.dirname(os.path.abspath(path))
    install(folder)
    with open(path, encoding="utf-8") as f:
        code = compile_board(f.read(), path)
    main = type(sys)("__main__")
    main.__file__ = path
    sys.modules["__main__"] = main
    sys.path.insert(0, folder)
    sys.argv = [path]
    WebApp.run = run_here
    try:
        exec(code, main.__dict__)
    finally:
        WebApp.run = run


def main():
    parser = argparse.ArgumentParser(prog="python -m picoweb", description="Run a picoweb app file on CPython.")
    parser.add_argument("app", help="the app file, as it is on the board")
    parser.add_argument("--host", help="address to listen on, in place of the file's own")
    parser.add_argument("--port", type=int, help="TCP port, in place of the file's own")
    parser.add_argument("--debug", type=int, choices=(-1, 0, 1, 2), help="-1 silent, 0 requests and errors, 1 debug, 2 also memory")
    args = parser.parse_args()
    try:
        run_file(args.app, args.host, args.port, args.debug)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
