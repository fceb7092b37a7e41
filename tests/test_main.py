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
def started(python, folder, *args):
    """A running command, its port, and the file that gets all it says."""
    port = harness.free_port()
    with open(str(folder / "said"), "wb") as out:
        process = subprocess.Popen(
            [python.path, "-m", "picoweb", "app.py", "--port", str(port), *args], cwd=str(folder), env=python.environment(),
            stdout=out, stderr=out, preexec_fn=lambda: harness._child_setup(None), start_new_session=True)
    try:
        yield process, port, folder / "said"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
