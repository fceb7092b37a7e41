"""picoweb APP.py: runs a board's app file on CPython, as if it were on the board. picoweb new FOLDER: creates a new app."""
import __future__

import argparse
import ast
import asyncio
import gc
import importlib.machinery
import importlib.util
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
import types

from . import WebApp, _cpython, server
from ._cpython import create_task, delegate, get_event_loop, hand_over, marked, native, sleep_ms, task_cancel, ticks_diff, ticks_ms

# App files of boards

class _Mixer(ast.NodeTransformer):
    """On a board, a function that awaits or yields is a coroutine, with or without "async". CPython refuses an async function that uses
    "yield from" and a plain one that awaits: this turns both into native coroutines, and a lambda that awaits into a generator."""

    kind = None  # of the surrounding function, if that has to be changed
    changed = False

    def visit_FunctionDef(self, node):
        kinds = {type(inner) for inner in _own_nodes(node)}
        wrong = (ast.Yield, ast.YieldFrom) if isinstance(node, ast.AsyncFunctionDef) else (ast.Await, ast.AsyncFor, ast.AsyncWith)
        outer, self.kind = self.kind, type(node) if kinds.intersection(wrong) else None
        self.generic_visit(node)
        if self.kind is ast.FunctionDef:
            node = ast.copy_location(ast.AsyncFunctionDef(**dict(ast.iter_fields(node))), node)
        self.changed = self.changed or self.kind is not None
        self.kind = outer
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_Await(self, node):
        self.generic_visit(node)
        return ast.copy_location(ast.YieldFrom(node.value), node) if self.kind is ast.Lambda else node

    def visit_YieldFrom(self, node):
        self.generic_visit(node)
        return self.awaited(node, delegate) if self.kind not in (None, ast.Lambda) else node

    def visit_Yield(self, node):
        self.generic_visit(node)
        return self.awaited(node, hand_over) if self.kind not in (None, ast.Lambda) else node

    def awaited(self, node, func):
        call = ast.Call(ast.Name("_picoweb_" + func.__name__, ast.Load()), [node.value or ast.Constant(None)], [])
        return ast.copy_location(ast.Await(call), node)


def _own_nodes(function):
    """The nodes in the body of a function, without those of functions defined in it."""
    nodes = list(function.body) if isinstance(function.body, list) else [function.body]
    for node in nodes:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            nodes.extend(ast.iter_child_nodes(node))
    return nodes


def compile_board(source, path):
    """Compiles a board's source, where generators and coroutines are the same thing."""
    tree = compile(source, path, "exec", ast.PyCF_ONLY_AST)
    mixer = _Mixer()
    mixer.visit(tree)
    if mixer.changed:
        for first, statement in enumerate(tree.body):
            if not isinstance(statement, ast.Expr) and getattr(statement, "module", None) != "__future__":
                break
        names = [ast.alias(func.__name__, "_picoweb_" + func.__name__) for func in (delegate, hand_over)]
        tree.body.insert(first, ast.ImportFrom(_cpython.__name__, names, 0))
        ast.fix_missing_locations(tree)
    # A board does not evaluate annotations.
    return marked(compile(tree, path, "exec", __future__.annotations.compiler_flag))


class _BoardLoader(importlib.machinery.SourceFileLoader):
    """Imports a board's module. Cached bytecode would lack the marks, so none is written."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return compile_board(importlib.util.decode_source(self.get_data(path)), path)


class _Alias:
    """Imports a module of this picoweb under the name that it has in the app's folder."""

    def __init__(self, name):
        self.name = name

    def create_module(self, spec):
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self.spec  # it had been replaced by that of the alias


class _Substitute:
    """Imports a module that boards have: the one that pip installed, or else CPython's; names that both lack are added."""

    def __init__(self, name, loader):
        self.name = name
        self.loader = loader

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        if self.loader:
            self.loader.exec_module(module)
        elif self.name in _BOARD_MODULES:
            names = vars(importlib.import_module(_BOARD_MODULES[self.name]))
            vars(module).update((name, value) for name, value in names.items() if not name.startswith("__"))
        _complete(module)


# The names on boards of CPython's modules.
_BOARD_MODULES = {"u" + name: name for name in (
    "binascii", "collections", "errno", "hashlib", "heapq", "io", "json", "os", "random", "re", "select", "socket", "ssl", "struct",
    "time", "zlib")}
_BOARD_MODULES["ulogging"] = "logging"
_TIME = {
    "ticks_add": lambda ticks, delta: ticks + delta,
    "ticks_diff": ticks_diff,
    "ticks_ms": ticks_ms,
    "ticks_us": lambda: int(time.monotonic() * 1000000),
    "sleep_ms": lambda ms: time.sleep(ms / 1000),
    "sleep_us": lambda us: time.sleep(us / 1000000),
}


def _ilistdir(path="."):
    for entry in os.scandir(path):
        yield entry.name, 0x4000 if entry.is_dir() else 0x8000, entry.inode(), entry.stat(follow_symlinks=False).st_size


# Names that the modules of boards have in addition.
_BOARD_NAMES = {
    "asyncio": {
        "sleep_ms": sleep_ms,
        "wait_for_ms": lambda aw, ms: asyncio.wait_for(native(aw), ms / 1000),
    },
    "gc": {"mem_alloc": lambda: 1000000, "mem_free": lambda: 1000000},
    "micropython": {
        "alloc_emergency_exception_buf": lambda size: None,
        "const": lambda value: value,
        "mem_info": lambda verbose=None: None,
        "native": lambda func: func,
        "opt_level": lambda level=None: 0,
        "viper": lambda func: func,
    },
    "json": {"dumps": _cpython.json.dumps},
    "os": {"ilistdir": _ilistdir},
    "time": _TIME,
    "ujson": {"dumps": _cpython.json.dumps},
    "uos": {"ilistdir": _ilistdir},
    "utime": _TIME,
}


def _complete(module):
    vars(module).update(_BOARD_NAMES.get(module.__name__, {}))


class _BoardFinder:
    """Finds the modules below the app's folder, and those that only boards have."""

    folder = None

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname.startswith(__package__ + "."):
            return None
        if "/" in fullname and os.path.isdir(fullname):  # on a board, any folder is a package: WebApp("/lib")
            spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [os.path.abspath(fullname)]
            return spec
        parent, _, name = fullname.rpartition(".")
        picoweb = sys.modules.get(__package__) if parent else None
        if picoweb and sys.modules.get(parent) is picoweb:
            return importlib.util.spec_from_loader(fullname, _Alias(__package__ + "." + name))
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and cls.is_in_folder(spec):
            if picoweb and name == __package__.rpartition(".")[2] and spec.submodule_search_locations:
                spec.loader = _Alias(__package__)
            else:
                spec.loader = _BoardLoader(fullname, spec.origin)
            return spec
        if fullname in _BOARD_MODULES or fullname == "micropython":
            return importlib.util.spec_from_loader(fullname, _Substitute(fullname, spec and spec.loader), origin=spec and spec.origin)
        return None

    @classmethod
    def is_in_folder(cls, spec):
        """Whether it is part of the app. CPython's own modules may be below the app's folder too, if that is a home folder."""
        if not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return False
        path = os.path.abspath(spec.origin)
        folders = path[len(cls.folder):].split(os.sep)
        return (path.startswith(cls.folder) and not {"site-packages", "dist-packages"}.intersection(folders)
                and not path.startswith(os.path.join(os.path.dirname(os.__file__), "")))


def _uasyncio():
    """The event loop module of Pycopy and old MicroPython, based on CPython's."""
    module = types.ModuleType("uasyncio")
    for name in asyncio.__all__:
        setattr(module, name, getattr(asyncio, name))
    module.__dict__.update(
        _BOARD_NAMES["asyncio"], get_event_loop=get_event_loop, create_task=create_task, ensure_future=create_task, cancel=task_cancel,
        run=lambda coro: get_event_loop().run_until_complete(coro), wait_for=lambda aw, timeout: asyncio.wait_for(native(aw), timeout),
        core=module)
    return module


def _exc(self, e, msg, *args):
    self.error(msg, *args, exc_info=e)


def install(folder):
    """Makes the modules in the app's folder behave as on a board, with the modules and names that boards have."""
    sys.modules.setdefault("uasyncio", _uasyncio())
    sys.modules.setdefault("uasyncio.core", sys.modules["uasyncio"])
    _BoardFinder.folder = os.path.join(os.path.abspath(folder), "")
    if _BoardFinder not in sys.meta_path:
        sys.meta_path.insert(0, _BoardFinder)
    for module in asyncio, gc, json, os, time:
        _complete(module)
    logging.Logger.exc = _exc  # as ulogging has it
    get_event_loop()  # also asyncio's from now on


# Running one

_NAMES = ("host", "port", "debug", "lazy_init", "log", "backlog", "ssl")


def execute(path, run):
    """Executes the app file at path (str) as the main program, with run in place of WebApp.run. Raises what the file
    raises, or OSError if it cannot be read."""
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
    """Runs the app file at path (str) as the main program, in its own folder. If given, host (str), port (int) and debug (int)
    override what it passes to WebApp.run(). Raises what the file raises, or OSError if it cannot be read."""
    folder, path = os.path.split(os.path.abspath(path))
    os.chdir(folder)  # the paths of its files and templates are relative
    run = WebApp.run
    chosen = {k: v for k, v in (("host", host), ("port", port), ("debug", debug)) if v is not None}

    def run_here(self, *args, **kwargs):
        return run(self, **dict(dict(zip(_NAMES, args), **kwargs), **chosen))

    execute(path, run_here)


def _is_ours(frame):
    return frame.filename.startswith((os.path.dirname(os.path.abspath(__file__)) + os.sep, "<frozen importlib"))


def format_error(e):
    """The traceback of an exception in an app file, as text, without the frames that lead to the file."""
    report = trace = traceback.TracebackException(type(e), e, e.__traceback__)
    while trace:
        trace.stack = traceback.StackSummary.from_list([f for f in trace.stack if not _is_ours(f)])
        trace = trace.__cause__ or trace.__context__
    return "".join(report.format())


def _refused(e):
    """The host and port on which an app could not listen, if that is why it ended."""
    tb = e.__traceback__
    while tb:
        if tb.tb_frame.f_globals is vars(server) and {"host", "port"} <= set(tb.tb_frame.f_locals):
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
    """The modification times of the app's source files, by path. Files that an app writes while it runs are not included."""
    times = {}
    for top, folders, names in os.walk(folder):
        folders[:] = [d for d in folders if d[0] != "." and d != "__pycache__"
                      and not os.path.exists(os.path.join(top, d, "pyvenv.cfg"))]
        for name in filter(_is_source, names):
            try:
                times[os.path.join(top, name)] = os.stat(os.path.join(top, name)).st_mtime_ns
            except OSError:
                pass  # it has just been removed
    return times


def _forget_compiled(path):
    """utemplate compiles a template once, and would not notice a change."""
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
    """Runs the app file in a separate process, and restarts it whenever a source file in its folder changes."""
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


# picoweb new

NEW_APP = {
    "main.py": """\
import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
async def index(req, resp):
    await app.sendfile(resp, "static/index.html")


@app.route("/items")
async def items(req, resp):
    await picoweb.start_response(resp)
    await app.render_template(resp, "items.tpl", ("Items", ["one", "two", "three"]))


@app.route("/api/hello", methods="GET")
async def hello(req, resp):
    return {"hello": "world"}


if __name__ == "__main__":
    app.run(debug=True)
""",
    "test_main.py": """\
# Run it with pytest; or, on a board too, as the main program.
from main import app
from picoweb.testing import TestClient

client = TestClient(app)


def test_index():
    page = client.get("/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>My app</h1>" in page.text


def test_hello():
    assert client.get("/api/hello").json == {"hello": "world"}
    assert client.post("/api/hello", json={}).status == 405


if __name__ == "__main__":
    test_index()
    test_hello()
""",
    "static/index.html": """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>My app</title>
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<h1>My app</h1>
<p><a href="/items">A page from a template</a>, and <a href="/api/hello">data</a></p>
</body>
</html>
""",
    "templates/items.tpl": """\
{% args title, items %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{title}}</title>
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<h1>{{title}}</h1>
<ul>
{% for item in items %}
<li>{{item}}</li>
{% endfor %}
</ul>
</body>
</html>
""",
    "static/style.css": """\
body { font-family: sans-serif; margin: 2em }
""",
}


def new(argv):
    """Creates a new app; returns the exit status. Existing files are never overwritten."""
    parser = argparse.ArgumentParser(prog="picoweb new", description="Create a new app.")
    parser.add_argument("folder", help="the folder to make; it must be empty if it exists")
    folder = parser.parse_args(argv).folder
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder):
            _say("%s: the folder is not empty" % folder)
            return 2
        for name, text in NEW_APP.items():
            path = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "x", encoding="utf-8") as f:
                f.write(text)
    except OSError as e:
        _say("%s: %s" % (folder, e.strerror))
        return 1
    print("Run it with: picoweb %s --reload" % os.path.join(folder, "main.py"))
    print("Test it with: cd %s && pytest" % folder)
    if not importlib.util.find_spec("utemplate"):
        print("Its page /items is a template, which needs utemplate in that folder: see Templates in picoweb's documentation.")
    return 0


def _port(text):
    """The number of a port, or None if the text is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 65535 else None


def _arguments(argv):
    """The command line with "--debug" expanded: argparse would take the file name after it for its number."""
    return ["--debug=1" if arg == "--debug" and not following.lstrip("-").isdigit() else arg
            for arg, following in zip(argv, argv[1:] + [""])]


def main():
    if sys.argv[1:2] == ["new"]:
        return new(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="picoweb", description="Run a picoweb app file on CPython.",
                                     epilog="picoweb new FOLDER creates a new app.")
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
