"""The type stubs: the same as the module, and of use to who writes an app."""

import glob
import os
import shutil
import subprocess
import sys

import pytest

import harness

pytest.importorskip("mypy")

PACKAGE = os.path.join(harness.ROOT, "picoweb")

# HTTPRequest makes these when they are asked for, or before a handler sees it: no class attribute tells.
MADE_LATE = ["picoweb.HTTPRequest.%s" % name for name in ("get_data", "get_json", "method", "parse_qs", "read_form_data")]

USE = """
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

async def main() -> None:
    server = await app.start_server(port=80, backlog=5)
    server.close()
    await server.wait_closed()

app.max_body = 100
"""

MISUSES = [
    ("a status is no list", "picoweb.HTTPException([])\n", "arg-type"),
    ("bytes are no text", "x: str = picoweb.get_mime_type(b'')\n", "arg-type"),
    ("no such name", "picoweb.abort(404)\n", "attr-defined"),
    ("a limit is a number", "picoweb.WebApp(None).max_body = '8K'\n", "assignment"),
]


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    """A folder with the stubs alone: mypy would read the boards' modules beside them, which are not for it."""
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
    (stubs / "allowed").write_text("\n".join(MADE_LATE + internal))
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
