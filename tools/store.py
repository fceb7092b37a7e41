"""One folder of fetched things, each of them whole, and used again; and what all tools share.

A part is a folder inside the store. It is built under a temporary name, stamped with what it was made from, and renamed into
place. So a part that is there is whole, and what an interrupted build leaves behind is removed by the next run.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEPS = os.path.join(ROOT, ".deps")
STAMP = ".stamp"


class Missing(Exception):
    """Something needed is not here and cannot be fetched; the text is one line that says so."""


def say(line):
    print(line, file=sys.stderr, flush=True)


def guarded(name, action):
    """Run a tool's main part: one line and exit status 2 for what is missing, no traceback when it is interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        action()
    except Missing as e:
        say("%s: %s" % (name, e))
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def run(what, command, **options):
    """The output of a command; if it fails, Missing with the line that says why."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              encoding="utf-8", errors="replace", **options)
    except OSError as e:
        raise Missing("%s: cannot run %s: %s" % (what, command[0], e.strerror))
    if done.returncode:
        raise Missing("%s: %s" % (what, _reason(done.stderr or done.stdout, done.returncode)))
    return done.stdout


def _reason(text, status):
    """The line in which apt, pip or npm says why it failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # pip reports a failed connection as a warning, and then claims that there is no such package.
    broken = re.findall(r"connection broken by.*", text)
    if broken:
        cause = re.search(r"\[(?:Errno|SSL)[^'\")]*|timed out", broken[-1])
        return "no connection to the package index" + (": " + cause.group() if cause else "")
    # Advice and warnings may come after the errors.
    marked = [line for line in lines if line.startswith(("E: ", "ERROR: ", "npm error "))]
    return (marked[:1] or lines[-1:] or ["exit status %d" % status])[0]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


class Store:
    """The parts under one folder."""

    def __init__(self, root=DEPS):
        self.root = os.path.abspath(root)

    def path(self, *names):
        return os.path.join(self.root, *names)

    @contextlib.contextmanager
    def lock(self):
        """Keep other processes out, and leave no temporary files behind."""
        os.makedirs(self.root, exist_ok=True)
        with open(self.path("lock"), "w") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("waiting for another fetch to end")
                fcntl.flock(f, fcntl.LOCK_EX)
            shutil.rmtree(self.path("tmp"), ignore_errors=True)
            try:
                yield self
            finally:
                shutil.rmtree(self.path("tmp"), ignore_errors=True)

    def provide(self, name, key, build):
        """The path of a part. `build(path)` makes it, unless it is here and was made for the same `key`."""
        path = self.path(name)
        if _stamp(path) != json.dumps(key):
            os.makedirs(self.path("tmp"), exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.path("tmp")) as folder:
                new = os.path.join(folder, "new")
                build(new)
                write(os.path.join(new, STAMP), json.dumps(key))
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    os.rename(path, os.path.join(folder, "old"))
                os.rename(new, path)
        return path


def _stamp(path):
    with contextlib.suppress(OSError):
        return read(os.path.join(path, STAMP))
