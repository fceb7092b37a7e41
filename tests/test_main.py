"""`python -m picoweb APP.py`: its options, what it says when something is wrong, and --reload."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

import harness

PYTHONS = [r for r in harness.runtimes()[0] if r.is_cpython]
PYTHONS = PYTHONS[:1] + PYTHONS[1:][-1:]

APP = """
import picoweb
app = picoweb.WebApp(__name__)
@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("one")
app.run(port=1, debug=-1)
"""


@pytest.fixture(params=PYTHONS, ids=str)
def python(request):
    return request.param


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def run(python, *args, cwd):
    """What the command writes to stderr, and its exit status."""
    done = subprocess.run([python.path, "-m", "picoweb", *args], cwd=str(cwd), env=python.environment(), timeout=100,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    return done.stderr, done.returncode


def page(port, path="/"):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5) as f:
        return f.read().decode()


def wait_for(what, condition, timeout=harness.START_TIMEOUT):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError("never: " + what)


@contextlib.contextmanager
def started(python, folder, *args, app="app.py"):
    """A running command, its port, and the file with its output."""
    port = harness.free_port()
    with open(str(folder / "said"), "wb") as out:
        process = subprocess.Popen(
            [python.path, "-m", "picoweb", app, "--port", str(port), *args], cwd=str(folder), env=python.environment(),
            stdout=out, stderr=out, preexec_fn=lambda: harness._child_setup(None), start_new_session=True)
    try:
        yield process, port, folder / "said"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_an_app_runs_in_its_own_folder(python, tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "page.txt", "from the folder")
    write(tmp_path / "sub" / "beside.py", "name = 'page.txt'\n")
    write(tmp_path / "app.py", "raise SystemExit('the wrong one')\n")
    write(tmp_path / "sub" / "app.py", APP.replace("def index", "def text(req, resp):\n    import beside\n"
                                                   "    yield from app.sendfile(resp, beside.name)\n@app.route('/index')\ndef index"))
    for name in os.path.join("sub", "app.py"), str(tmp_path / "sub" / "app.py"):
        with started(python, tmp_path, app=name) as (process, port, said):
            wait_for("the page", lambda: page(port) == "from the folder")


def test_help_names_each_option(python, tmp_path):
    done = subprocess.run([python.path, "-m", "picoweb", "--help"], cwd=str(tmp_path), env=python.environment(),
                          stdout=subprocess.PIPE, encoding="utf-8", timeout=100)
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--host", "--port", "--debug", "--reload", "--help"))


@pytest.mark.parametrize("debug", [["--debug"], ["--debug", "1"], ["--debug=1"]], ids=" ".join)
def test_options_take_the_place_of_the_files_own(python, tmp_path, debug):
    write(tmp_path / "app.py", APP.replace("run(", "run('192.0.2.1', "))
    with started(python, tmp_path, *debug, "--host", "127.0.0.1") as (process, port, said):
        wait_for("the page", lambda: page(port) == "one")
        process.send_signal(signal.SIGINT)
        assert process.wait(harness.TIMEOUT) == 0
        assert "Running on http://127.0.0.1:%d" % port in said.read_text()


@pytest.mark.parametrize("option", ["--debug", "--reload", "--port=1"])
def test_a_missing_file_is_one_line(python, tmp_path, option):
    assert run(python, option, "nothing.py", cwd=tmp_path) == ("picoweb: nothing.py: there is no such file\n", 2)


def test_a_taken_port_is_one_line(python, tmp_path):
    write(tmp_path / "app.py", APP)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        port = s.getsockname()[1]
        said, status = run(python, "app.py", "--port", str(port), cwd=tmp_path)
    assert said == "picoweb: 127.0.0.1:%d: Address already in use\n" % port
    assert status == 1


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "8080.0", "1e3", "0x50", "1_0", "\u0663", "9" * 5000])
def test_a_port_that_cannot_be_is_one_line(python, tmp_path, port):
    write(tmp_path / "app.py", APP)
    assert run(python, "app.py", "--port=" + port, cwd=tmp_path) == ("picoweb: --port %s: a port is a number from 0 to 65535\n" % port, 2)


def test_an_error_in_the_file_has_its_own_frames_only(python, tmp_path):
    write(tmp_path / "app.py", "import picoweb\ndef f():\n    return 1 / 0\nf()\n")
    said, status = run(python, "app.py", cwd=tmp_path)
    frames = [line.strip() for line in said.splitlines() if line.lstrip().startswith("File ")]
    assert frames == ['File "app.py", line 4, in <module>', 'File "app.py", line 3, in f']
    assert said.startswith("Traceback (most recent call last):\n") and said.endswith("ZeroDivisionError: division by zero\n")
    assert status == 1


def test_an_error_below_an_import_names_the_module(python, tmp_path):
    write(tmp_path / "app.py", "import views\n")
    write(tmp_path / "views.py", "import nothing_like_it\n")
    said, status = run(python, "app.py", cwd=tmp_path)
    frames = [line.strip() for line in said.splitlines() if line.lstrip().startswith("File ")]
    assert [f.split('"')[1] for f in frames] == ["app.py", str(tmp_path / "views.py")]
    assert status == 1


def test_an_os_error_of_the_apps_own_is_no_taken_port(python, tmp_path):
    write(tmp_path / "app.py", "import picoweb\nopen('no/such/file')\n")
    said, status = run(python, "app.py", cwd=tmp_path)
    assert said.startswith("Traceback") and "FileNotFoundError" in said
    assert status == 1


def test_a_syntax_error_shows_the_line(python, tmp_path):
    write(tmp_path / "app.py", "import picoweb\ndef f(:\n")
    said, status = run(python, "app.py", cwd=tmp_path)
    assert 'File "app.py", line 2' in said and "def f(:" in said and "SyntaxError" in said
    assert said.count("File ") == 1
    assert status == 1


def test_exit_status_of_the_app_is_kept(python, tmp_path):
    write(tmp_path / "app.py", "import sys\nsys.exit(7)\n")
    assert run(python, "app.py", cwd=tmp_path) == ("", 7)


# Files of boards

# On a board, every function that awaits or yields is a coroutine, with or without "async".
MIXED = """
'''The module's text.'''
from __future__ import print_function
import uasyncio

lock = uasyncio.Lock()

async def native():
    await uasyncio.sleep_ms(1)
    return "n"

def generator():
    text = yield from native()
    yield
    return text + "g"

def awaits():
    return "a" + await native() + await generator()

def awaits_and_yields():
    yield
    yield from ()
    async with lock:
        return await awaits()

async def yields():
    yield from uasyncio.sleep_ms(1)
    yield
    parts = [await native() for i in range(2)]
    return "".join(parts) + (yield from awaits_and_yields())

async def iterates():
    def count():
        yield "1"
        yield "2"
    await native()
    return "".join(count())

in_lambda = lambda: (await yields())

class Page:
    async def method(self):
        return "m" + (yield from native())
    def __enter__(self):
        return __doc__
    def __exit__(self, *args):
        pass
"""
ROWS = [
    ("a plain function that awaits", "awaits()", "anng"),
    ("one that yields too", "awaits_and_yields()", "anng"),
    ("async with yield and a value", "yields()", "nnanng"),
    ("a generator in a coroutine", "iterates()", "12"),
    ("a lambda that awaits", "in_lambda()", "nnanng"),
    ("a method", "Page().method()", "mn"),
]
BOARD = """
import picoweb, mixed, uasyncio
app = picoweb.WebApp(__name__)
sinks = set()

@app.route("/doc")
def doc(req, resp):
    with mixed.Page() as text:
        return text

@app.route("/lambda")
def page(req, resp):
    return await mixed.in_lambda()

@app.route("/yields")
async def page2(req, resp):
    yield from picoweb.start_response(resp)
    await resp.awrite("yields")

# The example for server push of the original.
def push_event(text):
    for resp in list(sinks):
        try:
            await resp.awrite("data: %s\\n\\n" % text)
        except OSError:
            await resp.aclose()
            sinks.remove(resp)

def push_count():
    i = 0
    while True:
        await push_event(str(i))
        i += 1
        await uasyncio.sleep_ms(20)

@app.route("/events")
def events(req, resp):
    yield from picoweb.start_response(resp, "text/event-stream")
    sinks.add(resp)
    return False

uasyncio.get_event_loop().create_task(push_count())
app.run(debug=-1)
"""


@pytest.mark.parametrize("call,expected", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_coroutine_as_a_board_has_it(python, tmp_path, call, expected):
    write(tmp_path / "mixed.py", MIXED)
    write(tmp_path / "app.py", "import mixed, sys, uasyncio\nsys.stderr.write(uasyncio.run(mixed.%s))\n" % call)
    assert run(python, "app.py", cwd=tmp_path) == (expected, 0)


def test_an_app_as_a_board_has_it(python, tmp_path):
    write(tmp_path / "mixed.py", MIXED)
    write(tmp_path / "app.py", BOARD)
    with started(python, tmp_path) as (process, port, said):
        wait_for("a page", lambda: page(port, "/lambda") == "nnanng")
        assert page(port, "/yields") == "yields"
        assert page(port, "/doc") == "The module's text."
        with urllib.request.urlopen("http://127.0.0.1:%d/events" % port, timeout=5) as f:
            events = [f.readline() for _ in range(4)]
        assert events[0].startswith(b"data: ") and int(events[2].split()[1]) == int(events[0].split()[1]) + 1
    assert said.read_text() == ""


def test_an_error_after_such_a_change_has_its_line(python, tmp_path):
    write(tmp_path / "app.py", "import uasyncio\ndef f():\n    await uasyncio.sleep(0)\n    return 1 / 0\nuasyncio.run(f())\n")
    said, status = run(python, "app.py", cwd=tmp_path)
    assert 'File "app.py", line 4, in f\n    return 1 / 0\n' in said and 'File "app.py", line 5, in <module>' in said
    assert status == 1


MODULES = """
import asyncio, gc, json, os, sys, time
import micropython, uasyncio, ubinascii, ucollections, uerrno, uhashlib, uheapq, uio, ujson, ulogging, uos, urandom, ure, uselect
import usocket, ussl, ustruct, utime, uzlib
from micropython import const
micropython.mem_info()
micropython.mem_info(1)
print([
    const(1), gc.mem_free() > 0, time.ticks_diff(time.ticks_ms(), utime.ticks_ms()) < 1000, asyncio.sleep_ms is uasyncio.sleep_ms,
    ubinascii.hexlify(uhashlib.sha1(b"a").digest())[:4], ustruct.pack("<H", 1), urandom.getrandbits(1) < 2,
    ucollections.OrderedDict is not None, usocket.SOCK_STREAM > 0, ujson.loads("[1]"), uio.BytesIO(b"a").read(),
    ure.match("a", "a").group(0), uos.getcwd() != "", ulogging.getLogger("a") is not None, ujson.dumps([b"a"]),
    [entry[:2] for entry in uos.ilistdir(".") if entry[0] == "app.py"], os.ilistdir is uos.ilistdir, json.dumps({"a": b"b"})], file=sys.stderr)
"""


@pytest.mark.parametrize("shims", [True, False], ids=["with pip's packages", "without them"])
def test_modules_of_boards(python, tmp_path, shims):
    write(tmp_path / "app.py", MODULES)
    environment = python.environment()
    if not shims:
        environment["PYTHONPATH"] = harness.ROOT
    done = subprocess.run([python.path, "-m", "picoweb", "app.py"], cwd=str(tmp_path), env=environment, timeout=100,
                          stderr=subprocess.PIPE, encoding="utf-8")
    assert done.stderr == "[1, True, True, True, b'86f7', b'\\x01\\x00', True, True, True, [1], b'a', 'a', True, True, '[\"a\"]', [('app.py', 32768)], True, '{\"a\": \"b\"}']\n"
    assert done.returncode == 0


def test_a_module_of_the_apps_own_comes_first(python, tmp_path):
    write(tmp_path / "uhashlib.py", "own = 1\n")
    write(tmp_path / "app.py", "import sys, uhashlib\nsys.stderr.write(str(uhashlib.own))\n")
    assert run(python, "app.py", cwd=tmp_path) == ("1", 0)


def test_picoweb_in_a_package_of_the_apps(python, tmp_path):
    """As on a board, without _cpython.py: the running copy is used instead, and the command's options apply."""
    (tmp_path / "lib" / "picoweb").mkdir(parents=True)
    write(tmp_path / "lib" / "picoweb" / "__init__.py", "from . import nothing_like_it\n")
    write(tmp_path / "app.py", APP.replace("import picoweb\n", "import lib.picoweb as picoweb\nfrom lib.picoweb.utils import parse_qs\n"
                                           "import picoweb.utils as utils\nassert parse_qs is utils.parse_qs\n"))
    with started(python, tmp_path) as (process, port, said):
        wait_for("the page", lambda: page(port) == "one")


LATER = APP.replace("app = picoweb.WebApp(__name__)", """
import asyncio
class App(picoweb.WebApp):
    def serve(self, loop, host, port):
        loop.create_task(asyncio.start_server(self._handle, host, port))
app = App(__name__)
""") + "asyncio.get_event_loop().run_forever()\n"


def test_serve_that_leaves_the_loop_to_the_app(python, tmp_path):
    write(tmp_path / "app.py", LATER)
    with started(python, tmp_path) as (process, port, said):
        wait_for("the page", lambda: page(port) == "one")
        process.send_signal(signal.SIGINT)
        assert process.wait(harness.TIMEOUT) == 0
        assert said.read_text() == ""


def test_run_in_a_running_loop(python, tmp_path):
    """As on a board, whose loop can be run again in a task."""
    write(tmp_path / "app.py", "import asyncio\n" + APP.replace("app.run(", "async def main():\n    app.run(") + "asyncio.run(main())\n")
    with started(python, tmp_path) as (process, port, said):
        for _ in range(3):
            wait_for("the page", lambda: page(port) == "one")
        process.send_signal(signal.SIGINT)
        assert process.wait(harness.TIMEOUT) == 0
        assert said.read_text() == ""


NESTED = """
import uasyncio

async def slow(text):
    await uasyncio.sleep(0.05)
    return text

async def other():
    while True:
        await uasyncio.sleep(0.01)

def plain():
    return loop.run_until_complete(slow("from a loop in a loop"))

async def main():
    await uasyncio.sleep(0.02)
    print(plain(), file=sys.stderr)
    loop.create_task(stop())
    loop.run_forever()
    return "and back"

async def stop():
    await uasyncio.sleep(0.05)
    loop.stop()

import sys
loop = uasyncio.get_event_loop()
loop.create_task(other())
sys.stderr.write(loop.run_until_complete(main()))
"""


def test_a_loop_in_a_loop(python, tmp_path):
    """A board's event loop may be run by what it runs."""
    write(tmp_path / "app.py", NESTED)
    assert run(python, "app.py", cwd=tmp_path) == ("from a loop in a loop\nand back", 0)


# Without "python -m picoweb": handlers, and the functions that they wrap, delegate to native coroutines.
PLAIN = """
import asyncio, functools, sys, threading, urllib.request
import picoweb
app = picoweb.WebApp(__name__)

def generator():
    def page(req, resp):
        yield from asyncio.sleep(0)
        yield from picoweb.start_response(resp)
        yield from resp.awrite("page")
    return page

def delegates(f):
    def page(req, resp):
        yield from f(req, resp)
    return page

def returns(f):
    return lambda req, resp: f(req, resp)

def awaits(f):
    @functools.wraps(f)
    async def page(req, resp):
        await f(req, resp)
    return page

class Page:
    def __call__(self, req, resp):
        yield from asyncio.sleep(0)
        return "page"
    def method(self, req, resp):
        yield from asyncio.sleep(0)
        return "page"
    @classmethod
    def of_class(cls, req, resp):
        yield from asyncio.sleep(0)
        return "page"
    @staticmethod
    def static(req, resp):
        yield from asyncio.sleep(0)
        return "page"

pages = [generator(), delegates(generator()), returns(generator()), awaits(generator()), delegates(returns(awaits(generator()))),
         functools.partial(generator()), functools.partial(functools.partial(generator())), lambda req, resp: "page", Page(),
         Page().method, Page.of_class, Page().of_class, Page.static]
for i, handler in enumerate(pages):
    app.add_url_rule("/%d" % i, handler)

def client():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        for i in range(len(pages)):
            print(i, opener.open("http://127.0.0.1:PORT/%d" % i, timeout=10).read().decode())
    finally:
        app.shutdown()

threading.Timer(0.3, client).start()
app.run(port=PORT, debug=-1)
"""


def test_handlers_of_a_plain_script(python):
    out = harness.run_inside(python, PLAIN.replace("PORT", str(harness.free_port())))
    assert out == "".join("%d page\n" % i for i in range(13))


def test_json_as_boards_have_it(python):
    """UTF-8, and bytes are text; other values are an error."""
    out = harness.run_inside(python, """
from picoweb.loop import json
print(ascii(json.dumps(["\u017b", b"a", bytearray(b"b")])), json.loads("[1]"))
for value in object(), b"\\xff":
    try:
        json.dumps(value)
    except (TypeError, ValueError) as e:
        print(type(e).__name__)
""")
    assert out == "'[\"\\u017b\", \"a\", \"b\"]' [1]\nTypeError\nUnicodeDecodeError\n"


# picoweb new

def test_a_new_app(python, tmp_path):
    done = subprocess.run([python.path, "-m", "picoweb", "new", "sub/myapp"], cwd=str(tmp_path), env=python.environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=100)
    assert (done.returncode, done.stdout) == (0, "Run it with: picoweb %s --reload\nTest it with: cd sub/myapp && pytest\n"
                                              % os.path.join("sub", "myapp", "main.py"))
    folder = tmp_path / "sub" / "myapp"
    (folder / "main.py").rename(folder / "app.py")
    with started(python, folder) as (process, port, said):
        wait_for("the page", lambda: "My app" in page(port))
        assert "<li>three</li>" in page(port, "/items")
        assert page(port, "/api/hello") == '{"hello": "world"}'
        assert "font-family" in page(port, "/static/style.css")


@pytest.mark.parametrize("there", ["main.py", "x"])
def test_a_new_app_overwrites_nothing(python, tmp_path, there):
    write(tmp_path / there, "mine")
    assert run(python, "new", ".", cwd=tmp_path) == ("picoweb: .: the folder is not empty\n", 2)
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_a_new_app_in_the_place_of_a_file(python, tmp_path):
    write(tmp_path / "file", "mine")
    said, status = run(python, "new", "file", cwd=tmp_path)
    assert (said, status) == ("picoweb: file: File exists\n", 1)


def test_a_new_app_without_utemplate_says_so(python, tmp_path):
    environment = dict(python.environment(), PYTHONPATH=harness.ROOT)
    done = subprocess.run([python.path, "-m", "picoweb", "new", "myapp"], cwd=str(tmp_path), env=environment, timeout=100,
                          stdout=subprocess.PIPE, encoding="utf-8")
    assert done.returncode == 0 and "needs utemplate" in done.stdout


# --reload

def test_a_changed_line_is_on_the_page(python, tmp_path):
    app = write(tmp_path / "app.py", APP)
    with started(python, tmp_path, "--reload") as (process, port, said):
        wait_for("the first page", lambda: page(port) == "one")
        write(app, APP.replace("one", "two"))
        wait_for("the changed page", lambda: page(port) == "two")
        assert "picoweb: app.py changed\n" in said.read_text()


def test_a_broken_change_is_shown_and_the_next_one_runs(python, tmp_path):
    app = write(tmp_path / "app.py", APP)
    with started(python, tmp_path, "--reload") as (process, port, said):
        wait_for("the first page", lambda: page(port) == "one")
        write(app, APP + "x = (\n")
        wait_for("the error", lambda: "SyntaxError" in said.read_text() and "starts again" in said.read_text())
        write(app, APP.replace("one", "three"))
        wait_for("the repaired page", lambda: page(port) == "three")


def test_a_changed_template_is_compiled_again(python, tmp_path):
    write(tmp_path / "app.py", APP.replace('resp.awrite("one")', 'app.render_template(resp, "a.tpl")'))
    (tmp_path / "templates").mkdir()
    template = write(tmp_path / "templates" / "a.tpl", "red\n")
    with started(python, tmp_path, "--reload") as (process, port, said):
        wait_for("the first page", lambda: page(port) == "red\n")
        write(template, "green\n")
        wait_for("the changed page", lambda: page(port) == "green\n")


def test_files_that_an_app_writes_do_not_restart_it(python, tmp_path):
    write(tmp_path / "app.py", APP)
    with started(python, tmp_path, "--reload") as (process, port, said):
        wait_for("the page", lambda: page(port) == "one")
        write(tmp_path / "notes.db", "data")
        write(tmp_path / "a_tpl.py", "data")
        time.sleep(1)
        assert "changed" not in said.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_with_the_reloader(python, tmp_path, number):
    write(tmp_path / "app.py", APP)
    with started(python, tmp_path, "--reload") as (process, port, said):
        wait_for("the page", lambda: page(port) == "one")
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        assert process.wait(harness.TIMEOUT) == (0 if number == signal.SIGINT else 128 + number)
        assert not harness._listening(port)
        assert "Traceback" not in said.read_text()
