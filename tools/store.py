"""One folder of fetched things, each of them whole, and used again.

A part is a file or a folder inside the store. It is built in a temporary folder next to it and renamed into place; its
stamp, what was asked for, is written last. So a part without a stamp is no part, and a build that is interrupted leaves
nothing but a temporary folder, which the next run removes.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEPS = os.path.join(ROOT, ".deps")


class Missing(Exception):
    """Something needed is not here and cannot be had; the text is the one line that says so."""


def say(line):
    print(line, file=sys.stderr, flush=True)


def run(what, command, **options):
    """The output of a command; when it fails, Missing with the last line of what it said."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              encoding="utf-8", errors="replace", **options)
    except OSError as e:
        raise Missing("%s: cannot run %s: %s" % (what, command[0], e.strerror))
    if done.returncode:
        raise Missing("%s: %s" % (what, _reason(done.stderr or done.stdout, done.returncode)))
    return done.stdout


def _reason(text, status):
    """The line that says why a command failed, as far as apt, pip and npm can be read."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # pip only warns of what went wrong, and then concludes that there is no such package.
    broken = [line for line in lines if "connection broken by" in line]
    if broken:
        cause = re.search(r"\[(?:Errno|SSL)[^'\")]*|timed out", broken[-1])
        return "no connection to the package index" + (": " + cause.group() if cause else "")
    # Advice and warnings may come after the errors.
    marked = [line for line in lines if line.startswith(("E: ", "ERROR: ", "npm error "))]
    return (marked[:1] or lines[-1:] or ["exit status %d" % status])[0]


class Store:
    """The parts under one folder. Used by one process at a time: see `lock`."""

    def __init__(self, root=DEPS):
        self.root = os.path.abspath(root)

    def path(self, *names):
        return os.path.join(self.root, *names)

    @contextlib.contextmanager
    def lock(self):
        """Keep other fetches out, and start from an empty temporary folder."""
        os.makedirs(self.root, exist_ok=True)
        with open(self.path("lock"), "w") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("waiting for another fetch to end")
                fcntl.flock(f, fcntl.LOCK_EX)
            shutil.rmtree(self.path("tmp"), ignore_errors=True)
            yield self

    def provide(self, name, key, build):
        """The path of a part. `build(path)` makes it, unless it is here and was made for the same `key`."""
        stamp = self.path("stamps", name.replace("/", "+"))
        if _read(stamp) != json.dumps(key) or not os.path.lexists(self.path(name)):
            with self.scratch() as folder:
                new = os.path.join(folder, "new")
                build(new)
                _replace(new, self.path(name), stamp)
                with open(new, "w") as f:
                    json.dump(key, f)
                os.rename(new, stamp)
        return self.path(name)

    @contextlib.contextmanager
    def scratch(self):
        """A temporary folder on the store's file system, gone afterwards whatever happens."""
        os.makedirs(self.path("tmp"), exist_ok=True)
        folder = tempfile.mkdtemp(dir=self.path("tmp"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                os.rmdir(self.path("tmp"))


def _read(path):
    with contextlib.suppress(OSError), open(path) as f:
        return f.read()


def _replace(new, path, stamp):
    """Put a new part in the place of an old one, which is no part from here on."""
    for place in stamp, path:
        os.makedirs(os.path.dirname(place), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(stamp)
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, new + ".old")
    os.rename(new, path)
