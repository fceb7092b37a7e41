"""The servers to measure, and their pages. Each app is written as in the documentation of its framework."""

import collections
import json
import os
import shutil

from store import DEPS, ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(HERE, "apps")
FILE_SIZE = 102400

# What a browser sends: 13 fields, 600 bytes.
FIELDS = (
    ("Host", "127.0.0.1:8081"),
    ("Connection", "keep-alive"),
    ("Cache-Control", "max-age=0"),
    ("sec-ch-ua", '"Chromium";v="120", "Not?A_Brand";v="8"'),
    ("sec-ch-ua-mobile", "?0"),
    ("Upgrade-Insecure-Requests", "1"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Accept-Language", "en-US,en;q=0.9"),
)


class Page:
    """A request, and `check`, a function that tells from the body whether the response is right. `argument` is passed to the app."""

    def __init__(self, name, app, check, path="/", argument="", content_type=None, body=b"", longer=1, weight=1):
        self.name = name
        # Slow pages are measured for longer: few responses end within a second, and unfinished ones are not counted.
        self.longer = longer
        # How many requests for a small page cost as much as one for this page: instructions are counted over fewer requests accordingly.
        self.weight = weight
        self.app = app
        self.check = check
        self.path = path
        self.argument = argument
        self.body = body
        self.method = "POST" if body else "GET"
        self.fields = dict(FIELDS)
        if body:
            self.fields.update({"Content-Type": content_type, "Content-Length": str(len(body))})

    @property
    def request(self):
        lines = ["%s %s HTTP/1.1" % (self.method, self.path)] + ["%s: %s" % field for field in self.fields.items()]
        return "\r\n".join(lines + ["", ""]).encode() + self.body

    def right(self, response):
        """Whether a response is right."""
        head, gap, body = response.partition(b"\r\n\r\n")
        return bool(gap) and head.split(b" ", 2)[1:2] == [b"200"] and self.check(body)


def _is_hello(body):
    return body == b"Hello"


def _is_form(body):
    return body == b"Jo & Jim, New York"


ORDER = {"name": "pump", "values": [1, 2, 3, 4, 5, 6, 7, 8], "tags": {"unit": "l/s", "on": True}}


def _is_order(body):
    try:
        return json.loads(body) == dict(ORDER, sum=36)
    except ValueError:
        return False


PAGES = (
    Page("hello", "hello", _is_hello),
    Page("1 route", "routes", _is_hello, "/page000", "1"),
    Page("10 routes", "routes", _is_hello, "/page009", "10"),
    Page("100 routes", "routes", _is_hello, "/page099", "100"),
    Page("100 KB file", "static", lambda body: len(body) == FILE_SIZE, "/static/file.bin", longer=4, weight=20),
    Page("template of 50 rows", "template", lambda body: body.count(b"<tr><td>") == 50 and b"name 49" in body),
    Page("form", "form", _is_form, content_type="application/x-www-form-urlencoded",
         body=b"name=Jo+%26+Jim&city=New+York&street=Main+Street+5&note=ring+twice"),
    Page("JSON", "echo", _is_order, content_type="application/json", body=json.dumps(ORDER).encode()),
)

# name: in the table; kind: of interpreter; apps: their folder; root: the module path that the framework is on, relative to
# the store, or None for the repository; files: those of the framework that the pages need, or None for the board's files.
Contender = collections.namedtuple("Contender", "name kind apps root files")

CEILING = "ceiling"
OURS = "picoweb"

CONTENDERS = (
    Contender(CEILING, "micropython", "ceiling", None, ()),
    Contender("line by line", "micropython", "lines", None, ()),
    Contender(OURS, "micropython", "picoweb", None, None),
    Contender("microdot 2", "micropython", "microdot", "lib/peers", ("microdot/__init__.py", "microdot/microdot.py")),
    Contender("phew", "micropython", "phew", "lib/phew",
              ("phew/__init__.py", "phew/logging.py", "phew/server.py", "phew/template.py")),
    Contender("uaioweb", "micropython", "uaioweb", "lib/uaioweb", ("uaioweb/__init__.py",)),
    Contender(CEILING, "pycopy", "ceiling", None, ()),
    Contender("line by line", "pycopy", "lines", None, ()),
    Contender(OURS, "pycopy", "picoweb", None, None),
    Contender("picoweb 1.8.2", "pycopy", "picoweb182", "lib/picoweb-1.8.2", ("picoweb/__init__.py", "picoweb/utils.py")),
)


def root(contender):
    """The folder that a contender's files are relative to."""
    return os.path.join(DEPS, contender.root) if contender.root else ROOT


def has(contender, page):
    return os.path.exists(_app(contender, page))


def _app(contender, page):
    return os.path.join(APPS, contender.apps, page.app + ".py")


def prepare(contender, page, folder):
    """Put a page's app into a folder as app.py, with what it serves; the Python files there."""
    shutil.copy(_app(contender, page), os.path.join(folder, "app.py"))
    shutil.copytree(os.path.join(HERE, "templates"), os.path.join(folder, "templates"))
    os.mkdir(os.path.join(folder, "static"))
    with open(os.path.join(folder, "static", "file.bin"), "wb") as f:
        f.write(bytes(range(256)) * (FILE_SIZE // 256))
    helpers = set(os.listdir(os.path.join(APPS, contender.apps))) - {p.app + ".py" for p in PAGES} - {"__pycache__"}
    for name in helpers:
        shutil.copy(os.path.join(APPS, contender.apps, name), folder)
    return ["app.py"] + sorted(helpers)
