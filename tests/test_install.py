"""In an empty folder, with the packages just built: each runtime's own installer installs picoweb, and a page is served."""

import contextlib
import http.client
import http.server
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib

import pytest

import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tools"))

import fetch  # noqa: E402
import mip  # noqa: E402
import mpy  # noqa: E402
import sdist  # noqa: E402
from store import DEPS, Store  # noqa: E402

RUNTIMES = harness.runtimes()[0]
PYCOPY = [r for r in RUNTIMES if r.is_pycopy]
MICROPYTHON = [r for r in RUNTIMES if r.is_micropython]
CPYTHON = [r for r in RUNTIMES if r.is_cpython]
CPYTHON = CPYTHON[:1] + CPYTHON[1:][-1:]

NO_BOARD_NEEDS = {"_cpython.py", "__main__.py", "asgi.py"}
BOARD = {n for n in os.listdir(os.path.join(harness.ROOT, "picoweb")) if n.endswith(".py")} - NO_BOARD_NEEDS

HELLO = """
import picoweb
app = picoweb.WebApp(__name__)
@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello, Żółw!")
app.run(port=%d, debug=-1)
"""


class Installed(harness.Runtime):
    """A runtime that has what an installer put into a folder, and nothing else."""

    def __init__(self, runtime, folder, path=None, options=()):
        self.__dict__.update(runtime.__dict__, folder=str(folder), extra=list(options))
        self.path = path or runtime.path

    def environment(self, path=()):
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MICROPY", "PYCOPY"))}
        if self.is_micropython:
            return dict(bare, MICROPYPATH=".frozen:" + self.folder)
        if self.is_pycopy:
            return dict(bare, PYCOPYPATH=":" + self.folder)
        return bare

    def serve_command(self, app, port, debug="-", heapsize=None):
        return [self.path, *self.extra, app]


def check_hello(runtime):
    port = harness.free_port()
    with harness.Server(runtime, HELLO % port, port=port) as server:
        assert server.get("/").text == "Hello, Żółw!"


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=110, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def modules(folder):
    return {name for name in os.listdir(str(folder)) if not name.startswith("__pycache__")}


# What is built

def copy_source(folder):
    """A copy of the source tree, in which a build may leave files."""
    for name in ("setup.py", "pyproject.toml", "README.rst", "LICENSE"):
        shutil.copy(os.path.join(harness.ROOT, name), str(folder))
    for name in ("picoweb", "tools"):
        shutil.copytree(os.path.join(harness.ROOT, name), str(folder / name), ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return copy_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def archive(source, tmp_path_factory):
    """The path of upip's archive."""
    folder = tmp_path_factory.mktemp("sdist")
    run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(folder)], cwd=str(source))
    path, = folder.iterdir()
    return path


@pytest.fixture(scope="session")
def wheel(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation",
         "-w", str(folder), "."], cwd=str(source))
    path, = folder.iterdir()
    return path


@pytest.fixture(scope="session")
def shims():
    """A folder with wheels of what setup.py requires, fetched once."""
    def build(new):
        os.mkdir(new)
        run([sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "-w", new, *fetch.SHIMS])
    store = Store()
    with store.lock():
        return store.provide("wheels", list(fetch.SHIMS), build)


def test_the_archive_is_in_upips_form(archive):
    assert archive.name == "picoweb-2.0.0.tar.gz"
    with tarfile.open(str(archive)) as tar:
        assert all(member.isfile() for member in tar)
        files = {member.name: tar.extractfile(member).read() for member in tar}
    requires = "picoweb-2.0.0/picoweb.egg-info/requires.txt"
    assert set(files) == {"picoweb-2.0.0/picoweb/" + n for n in BOARD} | {"picoweb-2.0.0/PKG-INFO", requires}
    assert files["picoweb-2.0.0/PKG-INFO"].startswith(b"Metadata-Version: 1.0\nName: picoweb\nVersion: 2.0.0\n")
    assert files[requires] == b"pycopy-uasyncio\npycopy-pkg_resources\n"
    assert files["picoweb-2.0.0/picoweb/__init__.py"] == sdist.read(os.path.join(harness.ROOT, "picoweb", "__init__.py"))


def farthest_match(data):
    """Whether a window of 4 KB is enough: zlib keeps no more than that if it decompresses a little at a time."""
    inflate = zlib.decompressobj(sdist.WINDOW_4K)
    out = inflate.decompress(data, 1)
    while inflate.unconsumed_tail:
        out += inflate.decompress(inflate.unconsumed_tail, 1)
    return out


def test_the_archive_needs_a_window_of_4_kb_only(archive):
    data = archive.read_bytes()
    assert farthest_match(data) == zlib.decompress(data, 31)


def test_a_larger_window_would_be_noticed():
    far = os.urandom(6000)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with pytest.raises(zlib.error):
        farthest_match(packer.compress(far + far) + packer.flush())


def test_the_same_source_gives_the_same_archive(source, archive, tmp_path):
    run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(tmp_path)], cwd=str(source))
    assert (tmp_path / archive.name).read_bytes() == archive.read_bytes()


def test_the_wheel_has_what_a_pc_needs(wheel):
    with zipfile.ZipFile(str(wheel)) as z:
        names = {n.partition("/")[2] for n in z.namelist() if n.startswith("picoweb/")}
        metadata = z.read("picoweb-2.0.0.dist-info/METADATA").decode()
    assert names >= BOARD | NO_BOARD_NEEDS | {"py.typed", "__init__.pyi"}
    assert set(re.findall("^Requires-Dist: ([a-z-]+)", metadata, re.M)) == {s.partition("==")[0] for s in fetch.SHIMS} - {"pycopy-cpython-pycopy"}
    # An index shows only the text: pictures, and links into the source, would be broken.
    text = metadata.partition("\n\n")[2]
    assert "picoweb is a web framework" in text and ".. image::" not in text
    assert not re.findall(r"<(?!https?:)[^>]+>`__", text)
    assert "Requires-Python: >=3.8" in metadata and "Description-Content-Type: text/x-rst" in metadata


def test_package_json_lists_what_a_board_needs():
    package = mpy.package()
    assert package["version"] == re.search('version="(.+?)"', (sdist.read(os.path.join(harness.ROOT, "setup.py")).decode())).group(1)
    assert package["urls"] == [["picoweb/" + name] * 2 for name in sorted(BOARD)]


def test_the_manifest_freezes_what_mip_installs(monkeypatch):
    frozen = []
    monkeypatch.chdir(harness.ROOT)  # where a manifest is executed
    with open("manifest.py") as f:
        exec(f.read(), {"package": lambda name, files: frozen.extend([[name + "/" + n] * 2 for n in files])})
    assert sorted(frozen) == mpy.package()["urls"]


# A local package index, as far as upip needs one

REQUIRES = {"pycopy-uasyncio": "pycopy-uasyncio.core\n"}


def dependency_archives():
    """Archives of the modules that were fetched, by package name."""
    found = {}
    for requirement in fetch.LIBRARIES["pycopy"]:
        name, _, version = requirement.partition("==")
        folder = os.path.join(DEPS, "packages", requirement)
        files = {os.path.relpath(os.path.join(top, n), folder): sdist.read(os.path.join(top, n))
                 for top, _, names in os.walk(folder) for n in names if n.endswith(".py")}
        files["%s.egg-info/requires.txt" % name] = REQUIRES.get(name, "").encode()
        found[name] = ("%s-%s.tar.gz" % (name, version), sdist.compress(sdist.archive(name + "-" + version, files)))
    return found


@contextlib.contextmanager
def index(*archives):
    """A package index on this machine, with the given archives and their dependencies; its port."""
    pages, files = {}, {}
    rows = list(dependency_archives().items()) + [(a.name.rsplit("-", 1)[0], (a.name, a.read_bytes())) for a in archives]
    for name, (file, data) in rows:
        files["/files/" + file] = data
        pages["/simple/%s/" % re.sub("[-_.]+", "-", name)] = '<a href="https://index/files/%s#sha256=0">' % file

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages[self.path].encode() if self.path in pages else files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass

    with serving(Handler) as port:
        yield port


@contextlib.contextmanager
def serving(handler):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


# upip knows one index, over TLS: this redirects its sockets to a local port. Everything else is upip's own code.
UPIP = """
import sys
import upip
import usocket

class Socket:
    SOCK_STREAM = usocket.SOCK_STREAM
    socket = usocket.socket

    def getaddrinfo(host, port, *args):
        return usocket.getaddrinfo("127.0.0.1", int(sys.argv[1]), 0, usocket.SOCK_STREAM)

class Plain:
    def wrap_socket(self, s, server_hostname=None):
        return s

upip.usocket = Socket
upip.ssl_ctx = Plain()
upip.install(sys.argv[3:], sys.argv[2])
print("window", upip.gzdict_sz - 16)
"""


def upip_install(runtime, port, folder, *names, heap="1M"):
    script = folder / "upip_here.py"
    script.write_text(UPIP)
    return run([runtime.path, "-X", "heapsize=" + heap, str(script), str(port), str(folder / "lib"), *names], cwd=str(folder))


def each(runtimes, what):
    if not runtimes:
        return pytest.mark.skip(reason="no %s is here" % what)
    return pytest.mark.parametrize("board", runtimes, ids=str)


@each(PYCOPY, "Pycopy")
@pytest.mark.parametrize("heap,window", [("1M", 15), ("60000", 12)])
def test_upip_on_pycopy(board, heap, window, archive, tmp_path):
    with index(archive) as port:
        said = upip_install(board, port, tmp_path, "picoweb", heap=heap)
    assert "window %d" % window in said
    assert modules(tmp_path / "lib" / "picoweb") == BOARD
    assert modules(tmp_path / "lib") == {"picoweb", "uasyncio", "pkg_resources.py"}
    check_hello(Installed(board, tmp_path / "lib"))


APP_SETUP = """
from setuptools import setup
from sdist import sdist
setup(name="shop", version="1.0", packages=["shop"], cmdclass={"sdist": sdist}, install_requires=["picoweb", "utemplate"],
      package_data={"shop": ["static/*", "templates/*"]})
"""

APP = """
import picoweb
app = picoweb.WebApp(__name__)
@app.route("/")
def index(req, resp):
    yield from app.sendfile(resp, "static/index.html")
def main(port):
    app.run(port=port, debug=-1)
"""


@each(PYCOPY, "Pycopy")
def test_an_app_with_its_files_in_a_module(board, archive, tmp_path):
    """tools/sdist.py packs apps too: the files in package_data become R.py."""
    harness.write_files(str(tmp_path / "src"), {
        "setup.py": APP_SETUP, "shop/__init__.py": APP, "shop/static/index.html": "Żółw", "shop/static/a.css": "a {}",
        "sdist.py": sdist.read(os.path.join(harness.ROOT, "tools", "sdist.py"))})
    run([sys.executable, "setup.py", "-q", "sdist"], cwd=str(tmp_path / "src"))
    with index(archive, tmp_path / "src" / "dist" / "shop-1.0.tar.gz") as port:
        upip_install(board, port, tmp_path, "shop")
    assert modules(tmp_path / "lib" / "shop") == {"__init__.py", "R.py"}
    port = harness.free_port()
    app = "import shop\nshop.main(%d)\n" % port
    with harness.Server(Installed(board, tmp_path / "lib"), app, port=port) as server:
        assert server.get("/").text == "Żółw"
        assert server.get("/static/a.css").text == "a {}"
        assert server.get("/static/b.css").status == 404


class QuietMip(mip.Handler):
    def __init__(self, *args):
        super().__init__(*args, directory=harness.ROOT)

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("path, status", [
    ("/package.json", 200), ("/picoweb/server.py", 200), ("/", 404), ("/setup.py", 404), ("/.git/config", 404), ("/picoweb/", 404),
    ("/picoweb/asgi.py", 404), ("/picoweb/../setup.py", 404),
])
def test_make_mip_serves_what_a_board_needs(path, status):
    with serving(QuietMip) as port, contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as client:
        client.request("GET", path)
        assert client.getresponse().status == status


@each(MICROPYTHON, "MicroPython")
def test_mip_on_micropython(board, tmp_path):
    with serving(QuietMip) as port:
        said = run([board.path, "-c", "import mip; mip.install('http://127.0.0.1:%d/package.json', target='lib')" % port],
                   cwd=str(tmp_path), env=dict(os.environ, MICROPYPATH=".frozen"))
    assert "Done" in said
    assert modules(tmp_path / "lib" / "picoweb") == BOARD
    check_hello(Installed(board, tmp_path / "lib"))


@each(CPYTHON, "CPython")
def test_pip_on_cpython(board, wheel, shims, tmp_path):
    run([board.path, "-m", "venv", "venv"], cwd=str(tmp_path))
    python = str(tmp_path / "venv" / "bin" / "python")
    run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--find-links", shims, str(wheel)],
        cwd=str(tmp_path), env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")})
    check_hello(Installed(board, tmp_path, python))
    check_hello(Installed(board, tmp_path, python, ["-m", "picoweb"]))
    run([python, "-c", "import micropython, uerrno, uio, ujson, ulogging, uos, ure, utime"], cwd=str(tmp_path))
    command = str(tmp_path / "venv" / "bin" / "picoweb")
    assert "Run it with" in run([command, "new", "myapp"], cwd=str(tmp_path))
    check_hello(Installed(board, tmp_path, command))
    check_no_engine(Installed(board, tmp_path, python, ["-m", "picoweb"]))


PAGE = """
import picoweb
app = picoweb.WebApp(__name__)
@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("A page: ")
    yield from app.render_template(resp, "page.tpl")
app.run(port=%d, debug=%d)
"""


def check_no_engine(runtime):
    """The log says what to do if utemplate is missing."""
    for debug in 0, 1:
        port = harness.free_port()
        with harness.Server(runtime, PAGE % (port, debug), port=port) as server:
            for _ in range(2):
                assert server.get("/").text == "A page: "
            assert server.log().count("ImportError: templates need utemplate") == 2


@each(MICROPYTHON, "MicroPython")
def test_a_missing_template_engine(board, tmp_path):
    run(["make", "install", "PREFIX=%s" % (tmp_path / "lib")], cwd=harness.ROOT)
    check_no_engine(Installed(board, tmp_path / "lib"))


@each(MICROPYTHON + PYCOPY, "interpreter of a board")
def test_make_install(board, tmp_path):
    run(["make", "install", "PREFIX=%s" % (tmp_path / "lib")], cwd=harness.ROOT)
    assert modules(tmp_path / "lib" / "picoweb") == BOARD
    libraries = os.path.join(DEPS, "lib", board.kind)
    check_hello(Installed(board, "%s:%s" % (tmp_path / "lib", libraries)))
