"""python -m picoweb APP.py: runs a board's app file on CPython, as if it were on the board."""
import argparse
import os
import signal
import subprocess
import sys
import time
import traceback

from . import WebApp, serving
from ._cpython import compile_board, install

_NAMES = ("host", "port", "debug", "lazy_init", "log", "backlog", "ssl")


def execute(path, run):
    """Executes the app file at path (str) as the main program, with run in the place of WebApp.run. Raises what the file
    raises; OSError when it cannot be read."""
    folder = os.path.dirname(os.path.abspath(path))
    install(folder)
    with open(path, encoding="utf-8") as f:
        code = compile_board(f.read(), path)
    main = type(sys)("__main__")
    main.__file__ = path
    sys.modules["__main__"] = main
    sys.path.insert(0, folder)
    sys.argv = [path]
    original = WebApp.run
    WebApp.run = run
    try:
        exec(code, main.__dict__)
    finally:
        WebApp.run = original


def run_file(path, host=None, port=None, debug=None):
    """Runs the app file at path (str) as the main program. host (str), port (int) and debug (int), where given, take the
    place of what it passes to WebApp.run(). Raises what the file raises; OSError when it cannot be read."""
    run = WebApp.run
    chosen = {k: v for k, v in (("host", host), ("port", port), ("debug", debug)) if v is not None}

    def run_here(self, *args, **kwargs):
        return run(self, **dict(dict(zip(_NAMES, args), **kwargs), **chosen))

    execute(path, run_here)


def _is_ours(frame):
    return frame.filename.startswith((os.path.dirname(os.path.abspath(__file__)) + os.sep, "<frozen importlib"))


def format_error(e):
    """The traceback of what an app file raised, as text: its own frames, and not those that lead to it."""
    report = trace = traceback.TracebackException(type(e), e, e.__traceback__)
    while trace:
        trace.stack = traceback.StackSummary.from_list([f for f in trace.stack if not _is_ours(f)])
        trace = trace.__cause__ or trace.__context__
    return "".join(report.format())


def _refused(e):
    """The host and port that could not be listened on, when that is why an app ended."""
    tb = e.__traceback__
    while tb:
        if tb.tb_frame.f_globals is vars(serving) and {"host", "port"} <= set(tb.tb_frame.f_locals):
            return tb.tb_frame.f_locals["host"], tb.tb_frame.f_locals["port"]
        tb = tb.tb_next
    return None


def _say(line):
    print("picoweb: " + line, file=sys.stderr, flush=True)


def serve(args):
    """Runs the app file until it ends; the exit status."""
    try:
        run_file(args.app, args.host, args.port, args.debug)
    except KeyboardInterrupt:
        return 0
    except Exception as e:
        address = _refused(e) if isinstance(e, OSError) else None
        if address:
            _say("%s:%s: %s" % (*address, getattr(e, "strerror", None) or e))
        else:
            sys.stderr.write(format_error(e))
        return 1
    return 0


# --reload

def _is_source(name):
    return name.endswith((".py", ".tpl")) and not name.endswith("_tpl.py")


def snapshot(folder):
    """The times of change of the app's source files, by path. What an app writes while it runs is none of them."""
    times = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [d for d in folders if d[0] != "." and d != "__pycache__"
                      and not os.path.exists(os.path.join(top, d, "pyvenv.cfg"))]
        for name in filter(_is_source, names):
            try:
                times[os.path.join(top, name)] = os.stat(os.path.join(top, name)).st_mtime_ns
            except OSError:
                pass  # it was removed just now
    return times


def _forget_compiled(path):
    """utemplate compiles a template once, and would not see that it has changed."""
    compiled = os.path.join(os.path.dirname(path), os.path.basename(path).replace(".", "_") + ".py")
    if path.endswith(".tpl") and os.path.exists(compiled):
        os.remove(compiled)


def _wait_for_change(folder, seen, child):
    ended = False
    while True:
        time.sleep(0.25)
        now = snapshot(folder)
        changed = sorted(path for path in now.keys() | seen.keys() if now.get(path) != seen.get(path))
        if changed:
            return changed, now
        if not ended and child.poll() is not None:
            ended = True
            _say("the app has ended; it starts again when a file changes")


def reload(args):
    """Runs the app file in a process of its own, and again whenever a source file in its folder changes."""
    command = [sys.executable, "-m", "picoweb"] + [arg for arg in sys.argv[1:] if arg != "--reload"]
    folder = os.path.dirname(os.path.abspath(args.app))
    seen = snapshot(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    while True:
        child = subprocess.Popen(command)
        try:
            changed, seen = _wait_for_change(folder, seen, child)
        except KeyboardInterrupt:
            return child.wait()  # Ctrl-C went to it too
        finally:
            child.kill()
            child.wait()
        _say("%s changed" % os.path.relpath(changed[0], folder))
        for path in changed:
            _forget_compiled(path)


def _port(text):
    """The number of a port, or None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 65535 else None


def _arguments(argv):
    """The command line with "--debug" spelt out: argparse would take the file after it for its number."""
    return ["--debug=1" if arg == "--debug" and not following.lstrip("-").isdigit() else arg
            for arg, following in zip(argv, argv[1:] + [""])]


def main():
    parser = argparse.ArgumentParser(prog="python -m picoweb", description="Run a picoweb app file on CPython.")
    parser.add_argument("app", help="the app file, as it is on the board")
    parser.add_argument("--host", help="address to listen on, in place of the file's own")
    parser.add_argument("--port", help="TCP port, in place of the file's own")
    parser.add_argument("--debug", type=int, choices=(-1, 0, 1, 2),
                        help="-1 silent, 0 requests and errors, 1 (or no number) debug, 2 also memory")
    parser.add_argument("--reload", action="store_true", help="start again when a .py or .tpl file in the app's folder changes")
    args = parser.parse_args(_arguments(sys.argv[1:]))
    if args.port is not None:
        text, args.port = args.port, _port(args.port)
        if args.port is None:
            _say("--port %s: a port is a number from 0 to 65535" % text)
            return 2
    if not os.path.isfile(args.app):
        _say("%s: there is no such file" % args.app)
        return 2
    return reload(args) if args.reload else serve(args)


if __name__ == "__main__":
    sys.exit(main())
