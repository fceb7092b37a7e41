"""README.rst: each snippet is run, and each command is one that a test runs. A snippet that says not how is an error.

A comment in front of a snippet says it: `app` is a whole app file, `handlers` belong to one, `quote` is a part of a file of the
repository; the requests below them are sent. `lines` are just run. `elsewhere` names the test that runs it.
"""

import io
import os
import re
import textwrap

import pytest

import harness

docutils = pytest.importorskip("docutils.core")
html5 = pytest.importorskip("docutils.writers.html5_polyglot")


def read(name):
    with open(os.path.join(harness.ROOT, name), encoding="utf-8") as f:
        return f.read()


README = read("README.rst")

# A comment, if there is one, and the code block after it.
BLOCK = re.compile(r"(?:^ *\.\. (\w+):(.*)\n((?: +\w.*\n)*)\n)?"
                   r"^( *)\.\. code-block:: (\w+)\n\n((?:\4   .*\n|\n)+)", re.M)


class Snippet:

    def __init__(self, match):
        self.kind, self.argument, requests, _, self.language, code = match.groups()
        self.argument = (self.argument or "").strip()
        self.requests = [line.strip() for line in (requests or "").splitlines()]
        self.code = textwrap.dedent(code).strip() + "\n"


SNIPPETS = [Snippet(match) for match in BLOCK.finditer(README)]


def of_kind(kind):
    return [s for s in SNIPPETS if s.kind == kind]


# What runs each command: a target of the Makefile, or a test.
COMMANDS = {
    "make run": "make", "make test": "make", "make help": "make", "make mip": "make", "make mpy": "make",
    "make install PREFIX=/path/to/board/lib": "test_install.py test_make_install",
    "make FROZEN_MANIFEST=/path/to/picoweb/manifest.py": "test_install.py test_the_manifest_freezes_what_mip_installs",
    "pip install .": "test_install.py test_pip_on_cpython",
    "python -m picoweb app.py --reload": "test_main.py test_a_changed_line_is_on_the_page",
    "PICOWEB_APP=app.py uvicorn picoweb.asgi:application --workers 2": "test_asgi.py test_the_example_has_the_same_pages",
}


def check_named_test(name):
    file, test = name.split()
    assert "def %s(" % test in read("tests/" + file), "there is no " + name


def check(server, request):
    """Send "METHOD PATH [BODY] => [STATUS] [a part of the page]"."""
    left, _, expected = request.partition(" => ")
    method, path, body = (left.split(" ", 2) + [""])[:3]
    response = server.request(method, path, (), body)
    status, text = re.match(r"(?:(\d{3})(?: |$))?(.*)", expected).groups()
    assert response.status == int(status or 200) and text in response.text, "%s: %r" % (request, response)


def test_all_snippets_were_found():
    assert len(SNIPPETS) == README.count(".. code-block::")
    assert {s.language for s in SNIPPETS} == {"python", "console"}
    assert all(s.kind in ("app", "handlers", "quote", "lines", "elsewhere") for s in SNIPPETS if s.language == "python")
    assert all(s.requests for s in SNIPPETS if s.kind in ("app", "handlers", "quote"))


@pytest.mark.parametrize("number", range(len(of_kind("app"))))
def test_apps(serve, number):
    snippet = of_kind("app")[number]
    server = serve(snippet.code)
    for request in snippet.requests:
        check(server, request)


def test_handlers(serve):
    snippets = of_kind("handlers")
    code = "import picoweb\napp = picoweb.WebApp(__name__)\n" + "\n".join(s.code for s in snippets) + "\napp.run()\n"
    server = serve(code)
    for request in sum([s.requests for s in snippets], []):
        check(server, request)


@pytest.mark.parametrize("number", range(len(of_kind("quote"))))
def test_quotes(serve, number):
    snippet = of_kind("quote")[number]
    assert snippet.code in read(snippet.argument)
    server = serve(snippet.argument)
    for request in snippet.requests:
        check(server, request)


@pytest.mark.parametrize("number", range(len(of_kind("lines"))))
def test_lines(runtime, number):
    harness.run_inside(runtime, of_kind("lines")[number].code)


def test_what_is_run_elsewhere():
    for snippet in of_kind("elsewhere"):
        check_named_test(snippet.argument)
        compile(snippet.code, "README.rst", "exec")


def test_commands():
    makefile = read("Makefile")
    lines = [line for s in SNIPPETS if s.language == "console" for line in s.code.splitlines()]
    for line in lines:
        assert line.startswith("$ ") and line[2:] in COMMANDS, line
        where = COMMANDS[line[2:]]
        if where == "make":
            assert re.search("^%s:" % line.split()[2], makefile, re.M), line
        else:
            check_named_test(where)


def test_the_limits_are_those_of_the_source():
    import picoweb
    table = README[README.index(".. limits:"):README.index("Costs\n-----")]
    rows = re.findall(r"\* - ``(\w+)``\n +- (\d+)\n", table)
    named = {n: v for n, v in vars(picoweb.WebApp).items() if n.startswith("max_") or n.endswith("_timeout") or n == "backlog"}
    assert {name: int(value) for name, value in rows} == named


def test_each_name_of_the_api_has_an_entry():
    import picoweb
    api = README[README.index("API\n---"):README.index("Costs\n-----")]
    names = {n for n in vars(picoweb.WebApp) if not n.startswith("_")}
    names |= {"SEND_BUFSZ", "HTTPException", "start_response", "jsonify", "http_error", "redirect", "sendstream", "get_mime_type"}
    names |= {"method", "path", "qs", "headers", "url_match", "form", "reader", "parse_qs", "read_form_data", "get_data", "get_json"}
    assert [n for n in sorted(names) if not re.search(r"``(?:[a-z]+\.)?%s\b" % n, api)] == []


@pytest.mark.parametrize("name", ["README.rst", "CHANGELOG.rst"])
def test_it_renders_without_a_word(name):
    warnings = io.StringIO()
    # As PyPI does: no includes, no raw HTML.
    settings = {"warning_stream": warnings, "report_level": 1, "raw_enabled": False, "file_insertion_enabled": False,
                "syntax_highlight": "none"}
    docutils.publish_string(read(name), writer=html5.Writer(), settings_overrides=settings)
    assert warnings.getvalue() == ""


def test_links_lead_to_files():
    for target in re.findall(r"<([^>:]+)>`__", README) + re.findall(r"^\.\. image:: (\S+)", README, re.M):
        assert os.path.exists(os.path.join(harness.ROOT, target)), target
