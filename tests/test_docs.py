"""The documentation: README.rst and docs/. Each code block is run, or says why not.

A comment in front of a block says how it is run:
  app: a whole app file, and the requests to send to it
  handlers: a part of an app, joined with the others of the same document; and the requests
  file NAME: a file for the apps that follow in the same document
  lines: code that is just run
  elsewhere: FILE TEST: the test that runs it
  not run: the reason
"""

import ast
import glob
import io
import os
import re
import textwrap

import pytest

import harness

# The oldest and the newest stand for those between them.
FEW_CPYTHONS = True

docutils = pytest.importorskip("docutils.core")
html5 = pytest.importorskip("docutils.writers.html5_polyglot")


def read(name):
    with open(os.path.join(harness.ROOT, name), encoding="utf-8") as f:
        return f.read()


PAGES = ["README.rst"] + sorted(os.path.relpath(path, harness.ROOT) for path in glob.glob(os.path.join(harness.ROOT, "docs", "*.rst")))
OTHERS = ["examples/README.rst", "examples/notes/README.rst", "CHANGELOG.rst"]
TEXTS = {name: read(name) for name in PAGES}

# A comment, if there is one, and the code block after it.
BLOCK = re.compile(r"(?:^ *\.\. (app|handlers|file|lines|elsewhere|not run):(.*)\n((?: +\w.*\n)*)\n)?"
                   r"^( *)\.\. code-block:: (\w+)\n\n((?:\4   .*\n|\n)+)", re.M)


class Snippet:

    def __init__(self, page, match):
        self.page = page
        self.kind, self.argument, requests, _, self.language, code = match.groups()
        self.argument = (self.argument or "").strip()
        self.requests = [line.strip() for line in (requests or "").splitlines()]
        self.code = textwrap.dedent(code).strip() + "\n"


SNIPPETS = [Snippet(page, match) for page in PAGES for match in BLOCK.finditer(TEXTS[page])]


def of_kind(kind):
    return [s for s in SNIPPETS if s.kind == kind]


def numbered(kind):
    found = of_kind(kind)
    return pytest.mark.parametrize("snippet", found, ids=["%s-%d" % (s.page, found.index(s)) for s in found])


# What runs each command: a target of the Makefile, or a test.
COMMANDS = {
    "make run": "make", "make test": "make", "make help": "make", "make mip": "make", "make mpy": "make", "make docs": "make",
    "make run PY=python3 APP=app.py": "make",
    "make install PREFIX=/path/to/board/lib": "test_install.py test_make_install",
    "make FROZEN_MANIFEST=/path/to/picoweb/manifest.py": "test_install.py test_the_manifest_freezes_what_mip_installs",
    "pip install .": "test_install.py test_pip_on_cpython",
    "picoweb new myapp": "test_main.py test_a_new_app",
    "picoweb myapp/main.py --reload": "test_main.py test_a_changed_line_is_on_the_page",
    "picoweb app.py --reload": "test_main.py test_a_changed_line_is_on_the_page",
    "uvicorn app:app": "test_asgi.py test_a_web_app_by_its_name",
    "uvicorn picoweb.asgi:app": "test_asgi.py test_an_app_file_by_its_name",
    "PICOWEB_APP=app.py uvicorn picoweb.asgi:application --workers 2": "test_asgi.py test_the_example_has_the_same_pages",
}
# These need a board on a USB port, or another program.
UNTESTED = re.compile(r"mpremote |curl |openssl |pip install (?:mpremote|unearth|jinja2)$|python -m unearth |tar -xzf utemplate")


def check_named_test(name):
    file, test = name.split()
    assert "def %s(" % test in read("tests/" + file), "there is no " + name


def check(server, request):
    """Send "METHOD PATH [[FIELD: VALUE]] [BODY] => [STATUS] [a part of the response]"."""
    method, path, field, body, expected = re.match(r"(\S+) (\S+)(?: \[(.+?)\])?(?: (.+))?? => (.*)", request).groups()
    response = server.request(method, path, [tuple(field.split(": "))] if field else (), body or "")
    status, text = re.match(r"(?:(\d{3})(?: |$))?(.*)", expected).groups()
    assert response.status == int(status or 200) and text in response.raw.decode(), "%s: %r\n%s" % (request, response, server.log())


def files_before(snippet):
    same = [s for s in SNIPPETS if s.page == snippet.page]
    return {s.argument: s.code for s in same[:same.index(snippet)] if s.kind == "file"}


@pytest.mark.parametrize("page", PAGES)
def test_all_snippets_were_found(page):
    found = [s for s in SNIPPETS if s.page == page]
    assert len(found) == TEXTS[page].count(".. code-block::")
    assert all(s.kind for s in found if s.language != "console"), [s.code for s in found if not s.kind and s.language != "console"]
    assert all(s.requests for s in found if s.kind in ("app", "handlers"))
    assert all(s.argument for s in found if s.kind in ("file", "elsewhere", "not run"))


@numbered("app")
def test_apps(serve, snippet):
    server = serve(snippet.code, files=files_before(snippet))
    for request in snippet.requests:
        check(server, request)


@pytest.mark.parametrize("page", sorted({s.page for s in of_kind("handlers")}))
def test_handlers(serve, page):
    snippets = [s for s in of_kind("handlers") if s.page == page]
    code = "import picoweb\napp = picoweb.WebApp(__name__)\n" + "\n".join(s.code for s in snippets) + "\napp.run()\n"
    server = serve(code, files=files_before(snippets[-1]))
    for request in sum([s.requests for s in snippets], []):
        check(server, request)


def test_the_tutorial_to_its_end(serve):
    """The parts that a reader adds to the second app."""
    apps = [s for s in of_kind("app") if s.page == "docs/tutorial.rst"]
    parts = [s for s in of_kind("file") if s.page == "docs/tutorial.rst"]
    source, main, run = apps[-1].code.partition("if __name__")
    source = source.replace('% pump["name"]', '% escape(pump["name"])')
    server = serve(source + "\n".join(part.code for part in parts) + "\n" + main + run)
    assert server.get("/settings").text.count('value="Pump"') == 1
    assert server.post("/settings", "name=A%3Cb%3E").status == 303
    assert "<h1>A&lt;b></h1>" in server.get("/").text
    for form in "x=1", "name=", "name=a&name=b", "name=" + 21 * "a":
        assert server.post("/settings", form).status == 400, form
    assert server.get("/api/pump").json() == {"on": False, "name": "A<b>"}


def test_compiled_templates(serve):
    """With the compiled templates only, and without the compiler."""
    snippet, = [s for s in SNIPPETS if "utemplate.compiled.Loader" in s.code]
    server = serve(snippet.code, files={"templates/rooms_tpl.py": "def render(title, rooms):\n    yield 'compiled ' + title\n"})
    assert server.get("/").text == "compiled Home"


@numbered("lines")
def test_lines(runtime, snippet):
    harness.run_inside(runtime, snippet.code)


def test_what_is_run_elsewhere_or_not_at_all():
    for snippet in of_kind("elsewhere"):
        check_named_test(snippet.argument)
    for snippet in of_kind("elsewhere") + of_kind("not run"):
        if snippet.language == "python":
            compile(snippet.code, snippet.page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_commands():
    makefile = read("Makefile")
    lines = [line for s in SNIPPETS if s.language == "console" and s.kind != "not run" for line in s.code.splitlines()]
    for line in lines:
        assert line.startswith("$ "), line
        if UNTESTED.match(line[2:]):
            continue
        assert line[2:] in COMMANDS, line
        where = COMMANDS[line[2:]]
        if where == "make":
            assert re.search("^%s:" % line.split()[2], makefile, re.M), line
        else:
            check_named_test(where)


# In step with the source

def test_the_readme_is_short():
    assert len(TEXTS["README.rst"].splitlines()) <= 130


def test_the_module_is_as_small_as_the_readme_says():
    assert "under 10,240 bytes" in TEXTS["README.rst"]
    assert os.path.getsize(os.path.join(harness.ROOT, "picoweb", "__init__.py")) < 10240


def test_the_readmes_figures_are_those_of_the_costs():
    figures = re.findall(r"^(?:smallest heap|instructions).*?  +(\S.*)$", TEXTS["README.rst"], re.M)
    costs = TEXTS["docs/costs.rst"]
    heap = re.search(r"\* - smallest heap for hello, ``.mpy``\n +- (.+)", costs).group(1)
    instructions = re.search(r"\* - MicroPython [\d.]+: \*\*picoweb\*\*\n +- (.+)", costs).group(1)
    assert figures == [heap, instructions], "docs/costs.rst has them: copy these"


def test_the_limits_are_those_of_the_source():
    import picoweb
    rows = re.findall(r"\* - ``(\w+)``\n +- (\d+)\n", TEXTS["docs/limits.rst"])
    named = {n: getattr(picoweb.WebApp, n) for n in dir(picoweb.WebApp) if n.startswith("max_") or n.endswith("_timeout") or n == "backlog"}
    assert {name: int(value) for name, value in rows} == named


# The names in the reference of classes that have no public name in the stub.
OWNERS = {"_Writer": "resp", "_Reader": "reader", "_Server": "server"}
# Inherited, or only for those who read the code.
UNNAMED = {"__init__", "picoweb.utils.decode", "picoweb.utils.unquote_to_bytes", "parse_head", "ASGI.app", "ASGI.tasks", "ASGI.__call__",
           "picoweb.testing.TestClient.app", "picoweb.testing.TestClient.server"}


def stub_names(path, prefix=""):
    """The names in a stub, each with its function or None."""
    found = {}
    for node in ast.parse(read(path)).body:
        names = [(node, getattr(node, "name", ""))]
        if isinstance(node, ast.AnnAssign):
            names = [(None, node.target.id)]
        elif isinstance(node, ast.ClassDef):
            owner = OWNERS.get(node.name, node.name)
            init = [n for n in node.body if getattr(n, "name", "") == "__init__"]
            names = [(init[0] if init else None, owner)] if owner == node.name else []
            for member in node.body:
                if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign)):
                    name = owner + "." + getattr(member, "name", getattr(getattr(member, "target", None), "id", ""))
                    names.append((None if isinstance(member, ast.AnnAssign) or member.decorator_list else member, name))
        found.update((prefix + name, func) for func, name in names if name)
    return {name: func for name, func in found.items() if not re.match(r"(?:picoweb\.\w+\.)?_", name) and "__" not in name
            and name.replace("picoweb.asgi.", "") not in UNNAMED}


STUBS = stub_names("picoweb/__init__.pyi")
for _path in glob.glob(os.path.join(harness.ROOT, "picoweb", "[!_]*.pyi")):
    _name = os.path.basename(_path)
    STUBS.update(stub_names("picoweb/" + _name, "picoweb.%s." % _name[:-len(".pyi")]))
STUBS = {name: func for name, func in STUBS.items() if name.split(".")[0] not in ("_Coroutine", "_Pattern", "_Logger")}
ENTRIES = dict(re.findall(r"^ *(?:\.\. py:(?:function|method|class|exception|data|attribute):: |(?=WebApp\.\w+\())([\w.]+)(.*)$", TEXTS["docs/api.rst"], re.M))
# The class attributes have their own page.
LIMITS = set(re.findall(r"\* - ``(\w+)``", TEXTS["docs/limits.rst"]))


def test_each_name_has_one_entry():
    names = {name for name in STUBS if name.rpartition(".")[2] not in LIMITS}
    assert names == set(ENTRIES)
    lines = re.findall(r"^ *\.\. py:(?!module|currentmodule)\w+:: ([\w.]+)", TEXTS["docs/api.rst"], re.M)
    assert len(lines) == len(set(lines))


def arguments(func):
    """The names of a function's arguments, with their defaults where these are written out."""
    args = func.args
    positional = [a.arg for a in args.posonlyargs + args.args if a.arg != "self"]
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
    pairs = list(zip(positional, defaults)) + list(zip([a.arg for a in args.kwonlyargs], args.kw_defaults))
    return {name: ast.dump(value) for name, value in pairs if value and getattr(value, "value", None) is not ...}, [name for name, _ in pairs]


@pytest.mark.parametrize("name", [name for name in STUBS if STUBS[name] and name in ENTRIES])
def test_signatures_are_those_of_the_stubs(name):
    stub_defaults, stub_args = arguments(STUBS[name])
    defaults, args = arguments(ast.parse("def f%s: pass" % ENTRIES[name]).body[0])
    assert args == stub_args
    assert {n: v for n, v in defaults.items() if n in stub_defaults} == stub_defaults


def test_each_example_has_a_line():
    lines = dict(re.findall(r"^\* `([\w./]+) <\1>`__: (.+)", read("examples/README.rst"), re.M))
    names = {os.path.basename(path) for path in glob.glob(os.path.join(harness.ROOT, "examples", "*.py"))}
    assert set(lines) == names - {"app1.py", "app2.py"}


# Rendering and links

@pytest.mark.parametrize("name", ["README.rst"] + OTHERS)
def test_it_renders_without_a_word(name):
    warnings = io.StringIO()
    # As PyPI does: no includes, no raw HTML.
    settings = {"warning_stream": warnings, "report_level": 1, "raw_enabled": False, "file_insertion_enabled": False,
                "syntax_highlight": "none"}
    docutils.publish_string(read(name), writer=html5.Writer(), settings_overrides=settings)
    assert warnings.getvalue() == ""


def test_the_readme_as_an_index_has_it(tmp_path):
    """Without pictures and links into the source, it still renders."""
    source = read("setup.py")
    start = source.index("def description")
    scope = {"re": re}
    exec(source[start:source.index("\n\n\n", start)], scope)
    warnings = io.StringIO()
    html = docutils.publish_string(scope["description"](TEXTS["README.rst"]), writer=html5.Writer(), settings_overrides={
        "warning_stream": warnings, "report_level": 1, "syntax_highlight": "none", "output_encoding": "unicode"})
    assert warnings.getvalue() == "" and "<img" not in html and 'href="docs' not in html


def headings(text):
    """The anchors of a page's headings."""
    titles = re.findall(r"^(\S.*)\n([=\-~])\2{2,}$", text, re.M)
    return {re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") for title, _ in titles}


@pytest.mark.parametrize("name", ["README.rst"] + OTHERS)
def test_links_lead_to_files_and_sections(name):
    text = read(name)
    for target in re.findall(r"<([^>:]+)>`__", text) + re.findall(r"^\.\. image:: (\S+)", text, re.M):
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(name), path))
        assert os.path.exists(os.path.join(harness.ROOT, path)), target
        assert not anchor or anchor in headings(read(path)), target


# The site, as far as it can be checked without Sphinx

SITE = [page for page in PAGES if page.startswith("docs/")]


def test_the_index_has_each_page():
    names = re.findall(r"^   (\w+)$", TEXTS["docs/index.rst"], re.M)
    assert sorted("docs/%s.rst" % name for name in names) == sorted(set(SITE) - {"docs/index.rst"})


@pytest.mark.parametrize("page", SITE)
def test_references_lead_somewhere(page):
    labels = {label for name in SITE for label in re.findall(r"^\.\. _([^:]+):$", TEXTS[name], re.M)}
    for label in re.findall(r":ref:`(?:[^`<]+<)?([^`>]+)>?`", TEXTS[page]):
        assert label in labels, label
    for name in re.findall(r":doc:`([^`]+)`", TEXTS[page]):
        assert "docs/%s.rst" % name in SITE, name
    for path, options in re.findall(r"(?:^\.\. (?:literalinclude|image):: |:download:`[^`<]+<)([^\s>]+)((?:\n   .*)*)", TEXTS[page], re.M):
        path = os.path.normpath(os.path.join("docs", path))
        assert os.path.exists(os.path.join(harness.ROOT, path)), path
        for name in re.findall(":pyobject: (\\w+)", options):
            assert re.search(r"^(?:async )?(?:def|class) %s\b" % name, read(path), re.M), name


# A newcomer's questions: the links to click, and the words that have to be there.
QUESTIONS = [
    ("How do I read a cookie?", ["docs/howto.rst#cookies"], "Cookie"),
    ("How do I serve over TLS?", ["docs/howto.rst#https"], "ssl="),
    ("How do I take an upload?", ["docs/howto.rst#uploads"], "multipart"),
    ("How do I cache static files?", ["docs/howto.rst#static-files-and-caching"], "Cache-Control"),
    ("How do I run it beside my sensor loop?", ["docs/howto.rst#your-own-tasks"], "start_server"),
    ("How do I put it on a Pico W?", ["docs/board.rst"], "Pico W"),
    ("How do I connect the board to Wi-Fi?", ["docs/board.rst"], "network.WLAN"),
    ("Does it run on an ESP8266?", ["docs/board.rst"], "ESP8266"),
    ("How much memory does it need?", ["docs/costs.rst"], "smallest heap"),
    ("How do I read a form?", ["docs/howto.rst#forms"], "read_form_data"),
    ("How do I read and send JSON?", ["docs/howto.rst#json"], "get_json"),
    ("How do I use templates on a PC?", ["docs/howto.rst#templates"], "utemplate"),
    ("How do I push events to a page?", ["docs/howto.rst#server-sent-events"], "EventSource"),
    ("How do I open a WebSocket?", ["docs/howto.rst#websocket"], "@websocket"),
    ("How do I protect a page with a password?", ["docs/howto.rst#authentication"], "WWW-Authenticate"),
    ("How do I allow requests of another site?", ["docs/howto.rst#cors"], "Access-Control-Allow-Origin"),
    ("How do I make a captive portal?", ["docs/howto.rst#captive-portal"], "redirect"),
    ("How do I change the 404 page?", ["docs/howto.rst#error-pages"], "handle_error"),
    ("How many clients can it serve at once?", ["docs/limits.rst"], "max_connections"),
    ("How do I test my app?", ["docs/howto.rst#tests-of-your-app"], "TestClient"),
    ("How do I get a number from the path?", ["docs/howto.rst#routes"], "<int:id>"),
    ("How do I move an app from Flask?", ["docs/migrating.rst"], "From Flask"),
]


@pytest.mark.parametrize("question, path, word", QUESTIONS, ids=[row[0] for row in QUESTIONS])
def test_two_clicks_lead_to_the_answer(question, path, word):
    page = "README.rst"
    assert len(path) <= 2
    for target in path:
        assert "<%s>`__" % target in TEXTS[page], target
        page, _, anchor = target.partition("#")
    text = TEXTS[page]
    if anchor:
        parts = re.split(r"^(?=\S.*\n-{3,}$)", text, flags=re.M)
        text = [part for part in parts if re.sub(r"[^a-z0-9]+", "-", part.splitlines()[0].lower()).strip("-") == anchor][0]
    assert word in text
