"""The notes app on each storage and each runtime: its pages, its API, a restart, and a kill in the middle of writes."""

import json
import os
import shutil
import threading
import time

import pytest

import harness
from test_examples import EXAMPLES, HTML, error, read_file, wire, with_length

LIBRARIES = os.path.join(harness.DEPS, "lib", "storage")

# What a storage needs from the runtime: a script that fails without it.
NEEDS = {
    "filedb": "pass\n",
    "btree": "import btree\n",
    "btreedb": "import btree\n",
    "uorm": "import sqlite3\nsqlite3.connect(':memory:')\n",
}

# Those that lose at most the current write when the process is killed.
SAFE = ("filedb", "uorm")

JSON = "application/json"


def libraries(runtime, folder):
    """The module path of the storages. The sqlite3 for boards must not hide CPython's own."""
    if not os.path.isdir(LIBRARIES):
        pytest.skip("the storages' libraries are not fetched (tools/fetch.py storage)")
    if not runtime.is_cpython:
        return LIBRARIES
    os.makedirs(folder, exist_ok=True)
    for name in "filedb.py", "uorm.py":
        shutil.copy(os.path.join(LIBRARIES, name), folder)
    return folder


class Notes:
    """The app in its own folder, to be started more than once."""

    def __init__(self, runtime, storage, tmp_path):
        self.runtime = runtime
        self.folder = str(tmp_path / "app")
        self.path = [libraries(runtime, str(tmp_path / "lib"))]
        try:
            harness.run_inside(runtime, NEEDS[storage], path=self.path)
        except harness.Failed as e:
            pytest.skip("%s: %s" % (storage, str(e).strip().splitlines()[-1]))
        ignored = shutil.ignore_patterns("*_tpl.py", "__pycache__")
        shutil.copytree(os.path.join(EXAMPLES, "notes"), os.path.join(self.folder, "notes"), ignore=ignored)
        shutil.copy(os.path.join(EXAMPLES, "example_notes.py"), self.folder)
        source = read_file(EXAMPLES, "notes", "config.py").decode()
        assert '"filedb"\n' in source
        harness.write_files(self.folder, {"notes/config.py": source.replace('"filedb"\n', '"%s"\n' % storage)})

    def serve(self, port=None):
        return harness.Server(self.runtime, "example_notes.py", cwd=self.folder, path=self.path, port=port)


@pytest.fixture(params=sorted(NEEDS))
def notes(request, runtime, tmp_path):
    return Notes(runtime, request.param, tmp_path)


# What a browser sends: UTF-8, not \u escapes.
def to_json(text):
    return json.dumps({"text": text}, ensure_ascii=False)


def add(server, text):
    response = server.post("/api/notes", to_json(text))
    assert response.status == 201, response
    assert response.json()["text"] == text
    return response.json()["id"]


def change(server, id, text):
    return server.request("PUT", "/api/notes/%d" % id, body=to_json(text))


def listed(server):
    response = server.get("/api/notes")
    assert (response.status, response.header("Content-Type")) == (200, JSON), response
    return [(note["id"], note["text"]) for note in response.json()]


def test_api(notes):
    with notes.serve() as server:
        assert listed(server) == []
        assert [add(server, text) for text in ("milk", "żółw 🐢 'quoted' \"twice\" %s", "<b>\n\\")] == [1, 2, 3]
        assert server.get("/api/notes/1").raw == with_length(200, JSON, '{"id": 1, "text": "milk"}')
        assert change(server, 1, "oat milk").json() == {"id": 1, "text": "oat milk"}
        assert server.request("DELETE", "/api/notes/3").raw == wire(204, HTML, "")
        expected = [(1, "oat milk"), (2, "żółw 🐢 'quoted' \"twice\" %s")]
        assert listed(server) == expected
        for name, response, status in (
            ("no such note", server.get("/api/notes/3"), 404), ("too long a number", server.get("/api/notes/" + "9" * 30), 404),
            ("change what is gone", change(server, 3, "x"), 404), ("delete what is gone", server.request("DELETE", "/api/notes/3"), 404),
            ("no number", server.get("/api/notes/x"), 404), ("no text", server.post("/api/notes", "{}"), 422),
            ("empty", change(server, 1, " "), 422), ("no string", server.post("/api/notes", '{"text": 1}'), 422),
            ("no object", server.post("/api/notes", "[1]"), 422), ("no JSON", server.post("/api/notes", "{text}"), 400),
            ("NUL", change(server, 1, "a\0b"), 422), ("too long", change(server, 1, "x" * 2001), 413),
        ):
            assert response.raw == error(status), name
        assert server.request("PATCH", "/api/notes/1").header("Allow") == "GET, PUT, DELETE, HEAD, OPTIONS"
        assert listed(server) == expected
        assert server.stop() == 0


def test_pages(notes):
    with notes.serve() as server:
        away = wire(303, HTML, "", "Location: /", "Content-Length: 0")
        assert server.post("/", "text=%3Cmilk%3E+%26+%C5%BC%C3%B3%C5%82w").raw == away
        item = '<li data-id="1"><span>&lt;milk&gt; &amp; żółw</span> <a href="/note/1">edit</a> <button>Delete</button></li>\n'
        page = read_file(EXAMPLES, "notes", "templates", "index.tpl").decode().split("\n", 1)[1]
        before, _, rest = page.partition("{% for")
        after = rest.partition("{% endfor %}\n")[2]
        assert server.get("/").raw == wire(200, HTML, before + item + after)
        assert "&lt;milk&gt; &amp; żółw</textarea>" in server.get("/note/1").text
        assert server.post("/note/1", "text=tea").raw == away
        assert listed(server) == [(1, "tea")]
        assert server.post("/note/1", "text=tea&delete=1").raw == away
        assert server.get("/").raw == wire(200, HTML, before + after)
        assert server.get("/note/1").raw == server.post("/note/1", "text=x").raw == error(404)
        assert server.post("/", "text=+").raw == server.post("/", "x=1").raw == server.post("/", "text").raw == error(422)
        for name, mime in ("notes.css", "text/css"), ("notes.js", "text/javascript"):
            assert harness.without_validators(server.get("/static/" + name).raw) == with_length(
                200, mime + "; charset=utf-8", read_file(EXAMPLES, "notes", "static", name))


def test_restart(notes):
    expected = []
    with notes.serve() as server:
        for i in range(30):
            expected.append((add(server, "note %d ż" % i), "note %d ż" % i))
        assert change(server, 7, "changed").status == 200
        assert server.request("DELETE", "/api/notes/3").status == 204
        assert server.stop() == 0
    expected[6] = (7, "changed")
    del expected[2]
    for _ in range(2):
        with notes.serve() as server:
            assert listed(server) == expected
            assert server.get("/api/notes/3").status == 404
            expected.append((add(server, "one more"), "one more"))
            assert expected[-1][0] == expected[-2][0] + 1


class Writer(threading.Thread):
    """Add and change notes until the server is gone. `sure` are the confirmed notes, `open` is the current write."""

    def __init__(self, server, sure):
        super().__init__()
        self.server = server
        self.sure = dict(sure)
        self.open = None

    def wait_for(self, count):
        deadline = time.monotonic() + harness.START_TIMEOUT
        while len(self.sure) < count:
            assert self.is_alive() and time.monotonic() < deadline, "nothing is written"
            time.sleep(0.005)

    def run(self):
        first = add(self.server, "first")
        self.sure[first] = "first"
        try:
            for i in range(100000):
                text = "text %d " % i + "ż" * (i % 700)
                self.open = first if i % 2 else None, text.strip()
                if i % 2:
                    assert change(self.server, first, text).status == 200
                    self.sure[first] = self.open[1]
                else:
                    self.sure[self.server.post("/api/notes", to_json(text)).json()["id"]] = self.open[1]
                    self.open = None
        except (OSError, AssertionError, ValueError):
            # Killed: no answer, or a part of one.
            pass


@pytest.mark.parametrize("storage", SAFE)
def test_kill(runtime, storage, tmp_path):
    notes = Notes(runtime, storage, tmp_path)
    sure = {}
    for round in range(3):
        with notes.serve() as server:
            assert dict(listed(server)) == sure
            writer = Writer(server, sure)
            writer.start()
            writer.wait_for(len(sure) + 10)
            time.sleep(round * 0.013)
            os.kill(server.pid, 9)
            writer.join()
        with notes.serve() as server:
            found = dict(listed(server))
            assert server.stop() == 0
        id, text = writer.open or (None, None)
        for key in set(found) | set(writer.sure):
            allowed = [writer.sure.get(key)]
            if text is not None and key == (id or max(writer.sure) + 1):
                allowed.append(text)
            assert found.get(key) in allowed, "note %d" % key
        sure = found
