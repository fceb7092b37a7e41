"""Serve an app with an interpreter: python3 tools/run.py INTERPRETER APP [--port PORT]

INTERPRETER is micropython, pycopy, or any interpreter by name or path. It runs in the app's folder. Libraries that the app imports
and the interpreter lacks are fetched first. Where they cannot be fetched, a line says so, and the app starts without them.
"""

import argparse
import ast
import glob
import os
import re
import shutil
import socket
import sys

import fetch
import interpreters
from store import ROOT, Missing, Store, guarded, run, say

HOST = "127.0.0.1"
# Prints which of the modules that it is given an interpreter lacks.
LACKS = """
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError:
        print(name)
"""


def interpreter(name, store):
    """The interpreter that a user means by a name or a path."""
    with store.lock():
        if name == "micropython":
            return fetch.any_micropython(store)
        if name in fetch.GROUPS and name in interpreters.WANTED:
            return fetch.GROUPS[name](store)
    if name in interpreters.WANTED:
        found = interpreters.on_machine(name)
        if not found:
            raise Missing("%s is not on the path (%s)" % (name, interpreters.by_hand(name, "make run PY=" + name)))
        return found
    path = shutil.which(name)
    found = path and interpreters.probe(os.path.abspath(path))
    if not found:
        raise Missing("%s: %s" % (name, "this is no Python" if path else "there is no such program"))
    if found.kind == "other":
        raise Missing("%s is too old, or has no asyncio" % found)
    return found


def imports(paths):
    """The names of what files import, and of what modules beside them that they import import in turn."""
    names, todo = set(), list(paths)
    while todo:
        path = todo.pop()
        for name in _imported(path) - names:
            names.add(name)
            beside = os.path.join(glob.escape(os.path.dirname(path)), name)
            # All files of a package: one may load another by a name that it makes up.
            todo += glob.glob(beside + ".py") + glob.glob(beside + "/*.py") if name != "picoweb" else []
    return names


def _imported(path):
    with open(path, "rb") as f:
        try:
            nodes = list(ast.walk(ast.parse(f.read())))
        except (SyntaxError, ValueError):
            return set()  # the interpreter will say what is wrong with it
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    names += ["utemplate" for node in nodes if isinstance(node, ast.Attribute) and node.attr in ("render_template", "render_str")]
    return {name.partition(".")[0] for name in names}


def libraries(found, app, store):
    """The folders of what an app imports and its interpreter lacks, and of what that imports in turn."""
    known = list(fetch.LIBRARIES[found.kind]) + list(fetch.LIBRARIES["storage"])[:3]
    known = {re.sub("^pycopy-(cpython-)?|==.*", "", requirement): requirement for requirement in known}
    with store.lock():
        folders = [fetch.tree(store, "pycopy")] if found.kind == "pycopy" else []  # with its event loop
        todo = [app]
        try:
            while todo:
                # A file that imports "re" takes "ure" only where there is no "re".
                names = imports(todo)
                names = [name for name in known if name in names and name[1:] not in names]
                environment = dict(os.environ, **interpreters.module_path(found.kind, [os.path.dirname(app)] + folders, store.root))
                lacks = run(found.path, [found.path, "-c", LACKS, *names], env=environment).split() if names else []
                wanted = [known[name] for name in lacks]
                # CPython's modules with u-names import each other.
                wanted += [r for r in fetch.SHIMS if r not in wanted] if set(wanted) & set(fetch.SHIMS) else []
                new = fetch.packages(store, wanted)
                todo = [path for folder in new if folder not in folders for path in glob.glob(glob.escape(folder) + "/*.py")]
                folders += new
        except Missing as e:
            say("going on without it: %s" % e)
    return folders


def check_port(port):
    with socket.socket() as s:
        # The server sets this too: a port on which a closed connection still lingers is free.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, int(port)))
        except (OSError, OverflowError, ValueError) as e:
            reason = getattr(e, "strerror", None) or e
            raise Missing("port %s of %s: %s (choose another: make run PORT=8082)" % (port, HOST, reason))


def command(found, app, port, debug="-", options=()):
    """The command that serves an app file at a port; `options` are the interpreter's own."""
    if found.kind == "cpython":
        return [found.path, *options, "-m", "picoweb", app, "--host", HOST, "--port", str(port)] \
            + ([] if debug == "-" else ["--debug=%s" % debug])
    return [found.path, *options, os.path.join(ROOT, "tools", "serve.py"), HOST, str(port), str(debug), app]


def serve(name, app, port):
    """Become the server."""
    store = Store()
    if not os.path.isfile(app):
        raise Missing("%s: there is no such file" % app)
    check_port(port)
    found = interpreter(name, store)
    path = os.path.abspath(app)
    folders = libraries(found, path, store)
    say("%s at http://%s:%s/ on %s; Ctrl-C stops it" % (app, HOST, port, found))
    environment = dict(os.environ, **interpreters.module_path(found.kind, folders, store.root))
    # The app's own files lie there, and it opens them by relative paths.
    os.chdir(os.path.dirname(path))
    os.execve(found.path, command(found, os.path.basename(path), port), environment)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("interpreter")
    parser.add_argument("app")
    parser.add_argument("--port", default="8081")
    args = parser.parse_args(argv)
    return guarded("run", lambda: serve(args.interpreter, args.app, args.port))


if __name__ == "__main__":
    sys.exit(main())
