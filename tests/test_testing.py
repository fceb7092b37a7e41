"""picoweb.testing: the client for an app's own tests, inside each runtime; and the test that `picoweb new` creates."""

import os
import re
import subprocess
import sys
import textwrap

import pytest

import harness

APP = r'''
import picoweb

app = picoweb.WebApp("__main__", serve_static=True)
sub = picoweb.WebApp(None, serve_static=False)
app.mount("/sub", sub)


@app.route("/user/<int:id>", methods="GET")
@sub.route("/user/<int:id>")
def user(req, resp, id):
    return {"id": id, "path": req.path}


@app.route("/echo")
async def echo(req, resp):
    data = await req.get_data() if req.method in ("POST", "PUT", "PATCH") else b""
    fields = [req.headers.get(name, b"").decode() for name in ("Content-Type", "Content-Length", "X-Test", "Host")]
    return [req.method, req.qs, data.decode()] + fields


@app.route("/form", methods="POST")
def form(req, resp):
    yield from req.read_form_data()
    return req.form


@app.route("/json", methods="POST")
async def take_json(req, resp):
    return {"got": await req.get_json()}, 201, [("X-Made", "a"), ("X-Made", "b")]


@app.route("/pieces", methods="POST")
def pieces(req, resp):
    n, buf = 0, bytearray(7)
    yield from picoweb.start_response(resp, "text/plain")
    while True:
        size = yield from req.reader.readinto(buf)
        if not size:
            break
        n += size
        yield from resp.awrite(buf, 0, size)
    yield from resp.awrite("=%d" % n)


@app.route("/login")
def login(req, resp):
    return "in", 200, [("Set-Cookie", "id=1; Path=/; HttpOnly"), ("Set-Cookie", "name=\u017c\u00f3; Max-Age=10"), ("Set-Cookie", "x=y")]


@app.route("/who")
def who(req, resp):
    return req.headers.get("cookie", b"nobody")


@app.route("/logout")
def logout(req, resp):
    return "out", 200, [("Set-Cookie", "id=; Max-Age=0"), ("Set-Cookie", "x=; expires=Thu, 01 Jan 1970 00:00:00 GMT")]


@app.route("/events")
def events(req, resp):
    yield from picoweb.start_response(resp, "text/event-stream")
    yield from resp.awrite("data: 1\n\n")
    kept.append(resp)
    return False


@app.route("/endless")
async def endless(req, resp):
    await picoweb.start_response(resp)
    while True:
        await resp.awrite("x" * 100)


@app.route("/fails")
def fails(req, resp):
    raise ValueError("on purpose")


@app.route("/silent")
async def silent(req, resp):
    await resp.aclose()
    return False


@app.route("/peer")
def peer(req, resp):
    return resp.get_extra_info("peername")[0]


kept = []
'''

SCRIPT = APP + r'''
from picoweb.testing import TestClient

client = TestClient(app, {"X-Test": "t"}, debug=-1)
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def check(what, got, expected):
    if got != expected:
        raise AssertionError("%s: %r, expected %r" % (what, got, expected))


for what, response, status, json in (
    ("get", client.get("/user/7"), 200, {"id": 7, "path": "/user/7"}),
    ("below an app", client.get("/sub/user/7"), 200, {"id": 7, "path": "/user/7"}),
    ("query", client.get("/echo?a=%20&b"), 200, ["GET", "a=%20&b", "", "", "", "t", "localhost"]),
    ("own headers", client.get("/echo", headers={"X-Test": "u", "Host": "h"}), 200, ["GET", "", "", "", "", "u", "h"]),
    ("text", client.post("/echo", data="\u017c"), 200, ["POST", "", "\u017c", "", "2", "t", "localhost"]),
    ("bytes", client.put("/echo", data=b"a\nb"), 200, ["PUT", "", "a\nb", "", "3", "t", "localhost"]),
    ("no body", client.patch("/echo"), 200, ["PATCH", "", "", "", "0", "t", "localhost"]),
    ("delete", client.delete("/echo"), 200, ["DELETE", "", "", "", "", "t", "localhost"]),
    ("a form", client.post("/form", form={"a b": ["1", "\u017c&=+%"], "c": 2}), 200, {"a b": ["1", "\u017c&=+%"], "c": "2"}),
    ("an empty form", client.post("/form", form={}), 200, {}),
    ("a form's type", client.post("/echo", form={"a": "b"}), 200, ["POST", "", "a=b", FORM, "3", "t", "localhost"]),
    ("json", client.post("/json", json={"a": ["\u017c", None]}), 201, {"got": {"a": ["\u017c", None]}}),
    ("json that is false", client.post("/json", json=0), 201, {"got": 0}),
    ("json's type", client.post("/echo", json=[]), 200, ["POST", "", "[]", JSON, "2", "t", "localhost"]),
    ("an encoded path", client.get("/%75ser/%37"), 200, {"id": 7, "path": "/%75ser/%37"}),
):
    check(what, (response.status, response.json), (status, json))

for what, response, status, text in (
    ("no route", client.get("/user/x"), 404, "404"),
    ("no method", client.post("/user/7"), 405, "405"),
    ("no json", client.post("/json", data="x"), 400, "400"),
    ("a body that is too long", client.post("/echo", data="x" * 5000), 413, "413"),
    ("a bad target", client.get("/a b"), 400, "400"),
    ("an exception", client.get("/fails"), 500, "500"),
    ("in pieces", client.post("/pieces", data="x" * 100), 200, "x" * 100 + "=100"),
    ("head", client.request("HEAD", "/user/7"), 200, ""),
    ("options", client.request("OPTIONS", "/user/7"), 204, ""),
    ("no response at all", client.get("/silent"), 0, ""),
    ("the peer", client.get("/peer"), 200, "127.0.0.1"),
    ("a static file", client.get("/static/a.txt"), 200, "a \u017c"),
    ("a part of one", client.get("/static/a.txt", headers={"Range": "bytes=-2"}), 206, "\u017c"),
    ("out of static", client.get("/static/../a.txt"), 403, "403"),
    ("events", client.get("/events"), 200, "data: 1\n\n"),
):
    check(what, (response.status, response.text), (status, text))

response = client.post("/json", json=1)
check("a field", response.headers["content-TYPE"], JSON)
check("twice", (response.headers["X-Made"], response.headers.pairs[:1]), ("a, b", [("Content-Type", JSON)]))
check("no field", (response.headers.get("X-None"), response.headers.get("X-None", 1), "x-none" in response.headers), (None, 1, False))
try:
    response.headers["X-None"]
except KeyError:
    pass
else:
    raise AssertionError("no KeyError")

check("nobody", client.get("/who").text, "nobody")
client.get("/login")
check("cookies", client.cookies, {"id": "1", "name": "\u017c\u00f3", "x": "y"})
check("sent back", sorted(client.get("/who").text.split("; ")), ["id=1", "name=\u017c\u00f3", "x=y"])
check("another client", TestClient(app).get("/who").text, "nobody")
client.get("/logout")
check("deleted", client.get("/who").text, "name=\u017c\u00f3")

response = client.get("/endless", limit=1000)
check("endless", (response.status, 1000 <= len(response.body) <= 1100), (200, True))


# Writing to a client that already has its response raises OSError.
def late(resp):
    try:
        yield from resp.awrite("late")
    except OSError:
        kept[0] = "gone"


from picoweb.loop import coroutine, get_event_loop
get_event_loop().run_until_complete(coroutine(late)(kept[0]))
check("late", kept, ["gone"])
check("no connection is left", client.app._conns, [])
print("passed")
'''


def test_client(runtime, tmp_path):
    harness.write_files(str(tmp_path), {"static/a.txt": "a \u017c", "a.txt": "secret"})
    assert harness.run_inside(runtime, SCRIPT, cwd=str(tmp_path)).splitlines()[-1] == "passed"


def test_errors_are_logged(runtime):
    source = APP + "from picoweb.testing import TestClient\nassert TestClient(app).get('/fails').status == 500\nraise SystemExit(1)\n"
    with pytest.raises(harness.Failed, match="on purpose"):
        harness.run_inside(runtime, source)


@pytest.fixture(scope="module")
def new_app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    subprocess.run([sys.executable, "-m", "picoweb", "new", str(folder)], cwd=harness.ROOT, check=True, stdout=subprocess.PIPE, timeout=100)
    return folder


def test_the_test_of_a_new_app(runtime, new_app):
    """As the main program, which needs no pytest."""
    harness.run_inside(runtime, str(new_app / "test_main.py"), cwd=str(new_app), path=[str(new_app)])


@pytest.mark.parametrize("what, found, wanted, status", [
    ("as it is", "", "", "2 passed"), ("another page", "My app</h1>", "My home</h1>", "1 failed, 1 passed"),
    ("another answer", '"world"', '"you"', "1 failed, 1 passed"), ("an exception", 'return {"hello"', 'return 1 / 0, {"hello"', "1 failed, 1 passed")])
def test_pytest_runs_it(new_app, tmp_path, what, found, wanted, status):
    for name in "main.py", "test_main.py", "static/index.html":
        text = (new_app / name).read_text()
        harness.write_files(str(tmp_path), {name: text.replace(found, wanted) if found and name != "test_main.py" else text})
    python = [r for r in harness.runtimes()[0] if r.path == sys.executable][0]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=str(tmp_path), env=python.environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=100)
    assert status in done.stdout.splitlines()[-1], done.stdout
    assert ("ZeroDivisionError" in done.stdout) == (what == "an exception")


def test_the_test_in_the_docs(runtime, tmp_path):
    with open(os.path.join(harness.ROOT, "docs", "howto.rst"), encoding="utf-8") as f:
        blocks = f.read().partition("\nTests of your app\n")[2].split(".. code-block:: python\n")[1:3]
    app, test = (textwrap.dedent(re.match(r"(\n|   .*\n)+", block).group()) for block in blocks)
    harness.write_files(str(tmp_path), {"app.py": app, "test_app.py": test})
    harness.run_inside(runtime, str(tmp_path / "test_app.py"), cwd=str(tmp_path), path=[str(tmp_path)])
    harness.write_files(str(tmp_path), {"app.py": app.replace('"on": False', '"on": True')})
    with pytest.raises(harness.Failed, match="AssertionError"):
        harness.run_inside(runtime, str(tmp_path / "test_app.py"), cwd=str(tmp_path), path=[str(tmp_path)])
