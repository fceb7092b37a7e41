"""The type stubs: they match the module, and help authors of apps."""

import glob
import os
import shutil
import subprocess
import sys

import pytest

import harness

pytest.importorskip("mypy")

PACKAGE = os.path.join(harness.ROOT, "picoweb")

# picoweb/utils.py has more than its public functions, and is loaded when it is first used.
ALLOWED = [r"picoweb\.utils\.(?!unquote_plus|parse_qs)\w+", r"picoweb\.utils"]

USE = """
import asyncio
import picoweb

app = picoweb.WebApp(__name__, [("/", lambda req, resp: picoweb.jsonify(resp, {}))])

@app.route("/a", methods=("GET",))
async def a(req: picoweb.HTTPRequest, resp):
    data: bytes = await req.get_data()
    await picoweb.start_response(resp, status=201, headers=[("Set-Cookie", "a"), ("Set-Cookie", "b")])
    await resp.awrite(data)

@app.route("/b")
def b(req: picoweb.HTTPRequest, resp):
    yield from req.read_form_data()
    value: bytes = req.headers[b"Host"]
    yield from app.sendfile(resp, "a.txt", headers={"X-Host": value})

@app.route("/c", methods="POST", headers="skip")
def c(req: picoweb.HTTPRequest, resp):
    if req.qs:
        raise picoweb.HTTPException(400, {"X-Why": "query"}, "no query is taken")
    if req.url_match:
        return picoweb.redirect(resp, "/a", 303, [("Set-Cookie", "a")])
    return {"name": picoweb.parse_qs(req.qs)}, 201

class App(picoweb.WebApp):

    def dispatch(self, req, resp, handler, args):
        try:
            return (yield from super().dispatch(req, resp, handler, args))
        except KeyError:
            raise picoweb.HTTPException(404, why="no such key")

    def handle_error(self, req, resp, e):
        yield from picoweb.jsonify(resp, {"status": e.status}, e.status, e.headers)

    def serve(self, loop, host, port):
        loop.create_task(asyncio.start_server(self._handle, host, port))

async def main() -> None:
    server = await app.start_server(port=80, backlog=5)
    server.close()
    await server.wait_closed()

app.max_body = 100
"""

MISUSES = [
    ("a status is no list", "picoweb.HTTPException([])\n", "arg-type"),
    ("bytes are no text", "x: str = picoweb.get_mime_type(b'')\n", "arg-type"),
    ("no such name", "picoweb.request\n", "attr-defined"),
    ("no such mode", "picoweb.WebApp(None).headers_mode = 'later'\n", "assignment"),
    ("a method is no number", "picoweb.WebApp(None).route('/', methods=1)\n", "arg-type"),
    ("a limit is a number", "picoweb.WebApp(None).max_body = '8K'\n", "assignment"),
]


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    """A folder with only the stubs: mypy would also read the modules beside them, which are for boards."""
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "picoweb").mkdir()
    for path in glob.glob(PACKAGE + "/*.pyi"):
        shutil.copy(path, str(folder / "picoweb"))
    return folder


def mypy(stubs, *args):
    environment = dict(os.environ, MYPYPATH=str(stubs), PYTHONPATH=harness.ROOT, MYPY_CACHE_DIR=str(stubs / "cache"))
    done = subprocess.run([sys.executable, "-m", *args], cwd=str(stubs), env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", timeout=110)
    return done.returncode, done.stdout


def test_the_stubs_are_those_of_the_module(stubs):
    names = {os.path.splitext(os.path.basename(path))[0] for path in glob.glob(PACKAGE + "/*.py")}
    internal = ["picoweb.%s" % name for name in names if not os.path.exists(os.path.join(PACKAGE, name + ".pyi"))]
    (stubs / "allowed").write_text("\n".join(ALLOWED + internal))
    status, said = mypy(stubs, "mypy.stubtest", "picoweb", "--concise", "--allowlist", "allowed", "--ignore-unused-allowlist")
    assert status == 0, said


def test_an_app_passes(stubs):
    (stubs / "use.py").write_text(USE)
    status, said = mypy(stubs, "mypy", "--strict-optional", "--check-untyped-defs", "use.py")
    assert status == 0, said


@pytest.mark.parametrize("line,code", [row[1:] for row in MISUSES], ids=[row[0] for row in MISUSES])
def test_a_misuse_is_found(stubs, line, code):
    (stubs / "misuse.py").write_text("import picoweb\n" + line)
    status, said = mypy(stubs, "mypy", "misuse.py")
    assert status == 1 and "[%s]" % code in said
