"""The pages in a real browser: Debian's Chromium without a window, driven by Playwright, served by MicroPython.

`make test-browser` installs Playwright; a browser is what the machine has, or CHROMIUM=/path/to/chromium names.
"""

import os
import shutil

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
    page.set_default_timeout(10000)
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
        page.wait_for_function("%s > %d" % (points, before + 2), timeout=20000)
