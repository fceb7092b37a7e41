"""Which interpreters are here: named in the environment, on the path, or fetched; and what each is told about modules.

An interpreter is believed for what it says of itself when it is started, not for its name.
"""

import collections
import glob
import os
import re
import shutil
import subprocess
import sys

from store import DEPS, ROOT, Missing

OLDEST = (1, 22)

# Runs on every Python there is. Pycopy and MicroPython have the same name; only Pycopy lacks plain module names.
PROBE = """
import sys
try:
    import asyncio
    loop = "asyncio"
except ImportError:
    loop = "-"
print(sys.implementation.name, ".".join([str(n) for n in sys.implementation.version[:3]]),
    64 if sys.maxsize > 2147483647 else 32, loop)
"""

# By name: the environment variable that names it by hand, what it must be, and that in words.
_MICROPYTHON = "a MicroPython of version %d.%d or newer with asyncio" % OLDEST
WANTED = {
    "micropython": ("MICROPYTHON", lambda i: i.kind == "micropython", _MICROPYTHON),
    "micropython1.29": ("MICROPYTHON129", lambda i: i.kind == "micropython" and i.version >= (1, 29), "a MicroPython of version 1.29 or newer"),
    "micropython32": ("MICROPYTHON32", lambda i: i.kind == "micropython" and i.bits == 32, "32-bit, " + _MICROPYTHON),
    "pycopy": ("PYCOPY", lambda i: i.kind == "pycopy", "a Pycopy"),
    "pycopy32": ("PYCOPY32", lambda i: i.kind == "pycopy" and i.bits == 32, "a 32-bit Pycopy"),
}


class Interpreter(collections.namedtuple("Interpreter", "path kind version bits")):
    """`kind` is micropython, pycopy, cpython or other; `version` a tuple of numbers."""

    def __str__(self):
        return "%s (%s, %d bits)" % (self.path, ".".join(str(n) for n in self.version), self.bits)


def probe(path):
    """What the program at a path says it is; None where it does not run or is no Python."""
    try:
        done = subprocess.run([path, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30,
                              stdin=subprocess.DEVNULL, env=_bare_environment(), universal_newlines=True)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.match(r"(\w+) ([\d.]+) (\d+) (\S+)$", done.stdout.strip())
    if not said:
        return None
    version = tuple(int(n) for n in said.group(2).split("."))
    return Interpreter(path, _kind(said.group(1), version, said.group(4)), version, int(said.group(3)))


def _bare_environment():
    # A module path that lacks `.frozen` would hide MicroPython's asyncio.
    return {k: v for k, v in os.environ.items() if k not in ("MICROPYPATH", "PYCOPYPATH", "PYTHONPATH")}


def _kind(name, version, loop):
    if name == "micropython":
        if loop == "-":
            return "pycopy" if version >= (3,) else "other"
        return "micropython" if version >= OLDEST else "other"
    return "cpython" if name == "cpython" and version >= (3, 8) else "other"


def find(name, deps=DEPS):
    """The interpreter of a name in WANTED, the machine's before the fetched one, or None."""
    return on_machine(name) or fetched(name, deps)


def on_machine(name):
    """The one that the environment names, else the one on the path, or None; Missing where the named one will not do."""
    variable, suits, words = WANTED[name]
    named = os.environ.get(variable)
    path = shutil.which(named or name)
    found = _suitable(path, suits)
    if named and not found:
        raise Missing("%s=%s: %s" % (variable, named, "this is not " + words if path else "there is no such program"))
    return found


def fetched(name, deps=DEPS):
    return _suitable(os.path.join(deps, name, name), WANTED[name][1])


def _suitable(path, suits):
    found = path and probe(os.path.abspath(path))
    return found if found and suits(found) else None


def by_hand(name, command="make run"):
    """How to name an interpreter by hand."""
    instead = "; or use this Python: make run PY=python3" if name == "micropython" else ""
    return "name one by hand: %s=/path/to/%s %s%s" % (WANTED[name][0], name, command, instead)


def pythons():
    """Every CPython from 3.8 on that is on the path or in pyenv, one for each minor version; the running one counts."""
    found = {sys.version_info[:2]: probe(sys.executable)}
    pyenv = os.environ.get("PYENV_ROOT") or os.path.dirname(os.path.dirname(shutil.which("pyenv") or "")) or os.path.expanduser("~/.pyenv")
    folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin"] + sorted(glob.glob(os.path.join(pyenv, "versions", "3.*", "bin")))
    for path in [path for folder in folders for path in glob.glob(os.path.join(folder, "python3.*"))]:
        minor = re.search(r"(?<!/shims)/python3\.(\d+)$", path)  # pyenv's shims answer only for the version selected just now
        said = probe(path) if minor and (3, int(minor.group(1))) not in found else None
        if said and said.kind == "cpython":  # of version 3.8 or newer
            found[said.version[:2]] = said
    return [found[version] for version in sorted(found)]


def module_path(kind, extra=(), deps=DEPS):
    """The environment variable that makes an interpreter find picoweb and the libraries, as a dict."""
    folders = [*extra, ROOT, os.path.join(deps, "lib", kind)]
    if kind == "micropython":
        # Without `.frozen`, the built-in asyncio is not found.
        return {"MICROPYPATH": ":".join([".frozen"] + folders)}
    if kind == "pycopy":
        # The first entry is overwritten by the script's folder.
        return {"PYCOPYPATH": ":".join([""] + folders)}
    return {"PYTHONPATH": ":".join(folders)}
