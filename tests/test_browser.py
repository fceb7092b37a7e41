"""The pages in a real browser: Debian's Chromium without a window, driven by Playwright, served by MicroPython.

`make test-browser` installs Playwright; a browser is what the machine has, or CHROMIUM=/path/to/chromium names.
"""

import math
import json
import os
import random
import shutil
import struct

import pytest

import harness
from test_examples import EXAMPLES
from test_notes import Notes, listed

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test-browser")

FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync").split()


@pytest.fixture(scope="module")
def browser():
    named = os.environ.get("CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on the path: apt install chromium, or CHROMIUM=/path/to/chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.set_default_timeout(1000 * harness.TIMEOUT)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def micropython(request):
    for runtime in request.config.runtimes:
        if runtime.is_micropython and runtime.has_sockets:
            return runtime
    pytest.skip("no MicroPython here")


def texts(page):
    return page.locator("#notes li span").all_inner_texts()


def add(page, text):
    page.fill("#add input", text)
    page.click("#add button")
    page.locator("#notes li span", has_text=text).wait_for()


def test_notes(micropython, page, tmp_path):
    notes = Notes(micropython, "filedb", tmp_path)
    port = harness.free_port()
    with notes.serve(port) as server:
        page.goto("http://127.0.0.1:%d/" % port)
        assert page.title() == "Notes" and texts(page) == []
        for text in "milk", "żółw 🐢", "<b>bread</b>":
            add(page, text)
        # As the script made them, and as the template does.
        assert texts(page) == ["milk", "żółw 🐢", "<b>bread</b>"]
        page.reload()
        assert texts(page) == ["milk", "żółw 🐢", "<b>bread</b>"]
        page.locator("#notes li", has_text="milk").get_by_text("edit").click()
        assert page.input_value("textarea") == "milk"
        page.fill("textarea", "oat milk\ntwo bottles")
        page.get_by_role("button", name="Save").click()
        page.locator("#notes li span", has_text="oat milk").wait_for()
        page.locator("#notes li", has_text="żółw").get_by_role("button").click()
        page.locator("#notes li", has_text="żółw").wait_for(state="detached")
        expected = [(1, "oat milk\r\ntwo bottles"), (3, "<b>bread</b>")]
        assert listed(server) == expected
        assert server.stop() == 0
    with notes.serve(port) as server:
        page.reload()
        assert texts(page) == ["oat milk\ntwo bottles", "<b>bread</b>"]
        add(page, "after the restart")
        assert listed(server) == expected + [(4, "after the restart")]


def test_edit_page_deletes(micropython, page, tmp_path):
    with Notes(micropython, "filedb", tmp_path).serve() as server:
        page.goto("http://127.0.0.1:%d/" % server.port)
        add(page, "one")
        page.get_by_text("edit").click()
        page.get_by_role("button", name="Delete").click()
        page.wait_for_url("**/")
        assert texts(page) == [] and listed(server) == []


def test_events(micropython, page):
    with harness.Server(micropython, "example_eventsource_push.py", cwd=EXAMPLES) as server:
        page.goto("http://127.0.0.1:%d/" % server.port)
        page.locator("#log li").nth(2).wait_for()
        lines = page.locator("#log li").all_inner_texts()[:3]
        numbers = [int(line.partition("№")[2].split()[0]) for line in lines]
        assert numbers == list(range(numbers[0], numbers[0] + 3)), lines
        page.goto("about:blank")
        assert server.get("/").status == 200


def wav(seconds):
    """A tone of 8-bit mono samples at 8 kHz."""
    samples = bytes(int(128 + 100 * math.sin(i * math.pi / 20)) for i in range(8000 * seconds))
    return (b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
            + b"data" + struct.pack("<I", len(samples)) + samples)


PLAYER = """
import picoweb
app = picoweb.WebApp(None)
@app.route("/")
def index(req, resp):
    return '<!DOCTYPE html><title>Player</title><%s preload="metadata" src="/static/tone.wav"></%s>'
app.run(debug=0)
"""


@pytest.mark.parametrize("element", ["audio", "video"])
def test_a_player_seeks(micropython, page, element):
    """The file is ten minutes long: the browser asks for a part near its end without having loaded everything before it."""
    ranges = []
    page.on("response", lambda response: ranges.append((response.status, response.headers.get("content-range", ""))))
    with harness.Server(micropython, PLAYER % (element, element), files={"static/tone.wav": wav(600)}) as server:
        page.goto("http://127.0.0.1:%d/" % server.port)
        page.wait_for_function("document.querySelector('%s').readyState > 0" % element)
        assert page.evaluate("document.querySelector('%s').duration" % element) == 600
        page.evaluate("document.querySelector('%s').currentTime = 590" % element)
        page.wait_for_function("!document.querySelector('%s').seeking" % element)
        assert page.evaluate("document.querySelector('%s').currentTime" % element) == 590
        assert page.evaluate("document.querySelector('%s').error" % element) is None
        starts = [int(field.split()[1].partition("-")[0]) for status, field in ranges if status == 206]
        assert starts[0] == 0 and max(starts) > 8000 * 500, ranges
        page.goto("about:blank")
        assert server.get("/").status == 200


def test_a_page_is_loaded_again_without_its_files(micropython, page):
    """With its tag, the browser asks whether the file has changed."""
    app = PLAYER.replace("<%s preload=\"metadata\" src=\"/static/tone.wav\"></%s>", "<link rel=stylesheet href=/static/a.css>")
    with harness.Server(micropython, app, files={"static/a.css": "body { color: rgb(1, 2, 3) }"}) as server:
        color = "getComputedStyle(document.body).color"
        page.goto("http://127.0.0.1:%d/" % server.port)
        assert page.evaluate(color) == "rgb(1, 2, 3)"
        page.reload()
        assert page.evaluate(color) == "rgb(1, 2, 3)"
        assert "GET /static/a.css 304" in server.log()
        harness.write_files(server.folder, {"static/a.css": "body { color: rgb(255, 255, 0) }"})
        page.reload()
        assert page.evaluate(color) == "rgb(255, 255, 0)"


def test_relays(micropython, browser, page):
    """Each client sees what the others do."""
    with harness.Server(micropython, "example_relay.py", cwd=EXAMPLES) as server:
        other = browser.new_page()
        for client in page, other:
            client.goto("http://127.0.0.1:%d/" % server.port)
            client.get_by_text("Relay 3: off").wait_for()
        page.get_by_text("Relay 1: off").click()
        page.get_by_text("Relay 1: on").wait_for()
        other.get_by_text("Relay 1: on").wait_for()
        other.get_by_text("Relay 1: on").click()
        page.get_by_text("Relay 1: off").wait_for()
        other.close()


@pytest.fixture
def small_micropython(request, micropython):
    """A 32-bit one, if it is here: it needs half of the heap."""
    return min([r for r in request.config.runtimes if r.is_micropython and r.has_sockets], key=lambda r: r.bits)


def test_upload(small_micropython, page, tmp_path):
    """A file of a megabyte through the form of a page, with a heap of 64 KB: it arrives as it was."""
    data = random.Random(1).randbytes(1000000)
    path = tmp_path / 'a "quoted" \u017c\u00f3\u0142w.bin'
    path.write_bytes(data)
    with open(os.path.join(EXAMPLES, "example_upload.py")) as f:
        source = "import gc\ngc.threshold(1024)\n" + f.read()  # docs/board.rst says so
    with harness.Server(small_micropython, source, heapsize=small_micropython.bits * 2048) as server:
        page.goto("http://127.0.0.1:%d/" % server.port)
        page.set_input_files("input", str(path))
        page.click("button")
        page.locator("body", has_text="1000000").wait_for()
        assert json.loads(page.inner_text("body")) == {"name": path.name, "size": 1000000}
        saved = os.path.join(server.folder, "upload.bin")
        with open(saved, "rb") as f:
            assert f.read() == data
        assert not os.path.exists(saved + ".tmp")
        # Without a file, the form is refused, and the file stays.
        page.goto("http://127.0.0.1:%d/" % server.port)
        page.click("button")
        page.locator("body", has_text="400").wait_for()
        assert os.path.getsize(saved) == 1000000


def test_cors_and_a_session(micropython, page):
    """A page of another site may call the API of one app; the session of another lasts."""
    port = harness.free_port()
    with open(os.path.join(EXAMPLES, "example_cors.py")) as f:
        source = f.read().replace(":3000", ":%d" % port)
    with harness.Server(micropython, source) as server, harness.Server(
            micropython, "example_session.py", cwd=EXAMPLES) as other, harness.Server(micropython, source, port=port) as site:
        for text in "1", "2", "3":
            page.goto("http://127.0.0.1:%d/" % other.port)
            assert page.inner_text("body") == "Visit number " + text
        call = """fetch('http://127.0.0.1:%d/api/led', {method: 'PUT', body: 'true', headers: {'Content-Type': 'application/json'}})
            .then(r => r.text(), e => 'refused')""" % server.port
        assert page.evaluate(call) == "refused"
        page.goto("http://localhost:%d/api/led" % site.port)
        assert json.loads(page.evaluate(call)) == {"on": True}


@pytest.mark.parametrize("example", ("example_eventsource.py", "example_websocket.py"))
def test_a_chart_that_moves(micropython, page, example):
    """Also after a restart of the server."""
    port = harness.free_port()
    points = 'document.querySelector("polyline").points.length'
    with harness.Server(micropython, example, cwd=EXAMPLES, port=port) as server:
        page.goto("http://127.0.0.1:%d/" % port)
        page.wait_for_function(points + " > 3")
        assert server.stop() == 0
    before = page.evaluate(points)
    with harness.Server(micropython, example, cwd=EXAMPLES, port=port):
        page.wait_for_function("%s > %d" % (points, before + 2))
