"""Serve an app with an interpreter: python3 tools/run.py INTERPRETER APP [--port PORT]

INTERPRETER is micropython, micropython32, pycopy, or any interpreter by name or path. What it needs and the machine
lacks is fetched first; many an app does without the libraries, so their absence is one line and not the end.
"""

import argparse
import os
import shutil
import socket
import sys

import fetch
import interpreters
from store import ROOT, Missing, Store, say

HOST = "127.0.0.1"


def interpreter(name, store):
    """The interpreter that a user means by a name, a path or a group of fetch.py."""
    if name in fetch.GROUPS and name in interpreters.WANTED:
        return fetch.provide([name], store)[name]
    if name in interpreters.WANTED:
        found = interpreters.find(name, store.root)
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


def libraries(kind, store):
    """Fetch the module path of a kind of interpreter; Pycopy has no event loop without it."""
    try:
        with store.lock():
            fetch.tree(store, "lib/" + kind)
    except Missing as e:
        if kind == "pycopy":
            raise
        say("going on without utemplate and the like: %s" % e)


def check_port(port):
    with socket.socket() as s:
        # The server sets this too: a port that a closed connection still lingers on is free.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, port))
        except (OSError, OverflowError) as e:
            reason = getattr(e, "strerror", None) or e
            raise Missing("port %d of %s: %s (choose another: make run PORT=8082)" % (port, HOST, reason))


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
    found = interpreter(name, store)
    check_port(port)
    libraries(found.kind, store)
    say("%s at http://%s:%d/ on %s; Ctrl-C stops it" % (app, HOST, port, found))
    environment = dict(os.environ, **interpreters.module_path(found.kind, deps=store.root))
    os.execve(found.path, command(found, app, port), environment)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("interpreter")
    parser.add_argument("app")
    parser.add_argument("--port", type=int, default=8081)
    args = parser.parse_args(argv)
    return fetch.guarded("run", lambda: serve(args.interpreter, args.app, args.port))


if __name__ == "__main__":
    sys.exit(main())
