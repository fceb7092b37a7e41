"""Routes, methods, and apps below apps."""

import os
import random
import re
import urllib.parse

import pytest

import harness
from vectors import error

APP = os.path.join(harness.HERE, "apps", "routes.py")


@pytest.fixture(scope="module")
def server(runtime):
    with harness.Server(runtime, APP) as server:
        yield server
        assert server.stop() == 0


def page(text, method="GET"):
    return b"HTTP/1.0 200 NA\r\nContent-Type: text/plain\r\n\r\n" + (b"" if method == "HEAD" else text.encode())


def get(server, path, method="GET", version="HTTP/1.0"):
    return server.raw(harness.request_bytes(method, path, version=version))


ROUTES = [
    ("/", "index GET / "),
    ("/exact", "exact GET /exact "),
    ("/exact?a", "exact GET /exact "),
    ("/ex%61ct", "exact GET /ex%61ct "),
    ("/%65%78act?a=%62", "exact GET /%65%78act "),
    ("/ex%2561ct", None),
    ("/ex%zzct", None),
    ("/%C5%BC%C3%B3%C5%82w", "utf-8 GET /%C5%BC%C3%B3%C5%82w "),
    ("/%c5%bc%C3%B3%c5%82w", "utf-8 GET /%c5%bc%C3%B3%c5%82w "),
    ("/\u017c\u00f3\u0142w", "utf-8 GET /\u017c\u00f3\u0142w "),
    ("/%C5%BC%C3%B3%C5w", None),
    ("/a%20b", "encoded GET /a%20b "),
    ("/%61%20b", None),
    ("http://host/exact", "exact GET /exact "),
    ("/exac", None),
    ("/exactly", None),
    ("/exact/", None),
    ("/Exact", None),
    ("/item/12", "item GET /item/12 12"),
    ("/item/1x", None),
    ("/item/%31", None),
    ("/prefix/a%2Fb%20c+%zz", "prefix GET /prefix/a%2Fb%20c+%zz /a%2Fb%20c+%zz"),
    ("/prefix", "prefix GET /prefix "),
    ("/prefix/exact", "prefix GET /prefix/exact /exact"),
    ("/a/prefix", None),
    ("/before/exact", "before GET /before/exact "),
    ("/before/other", "after GET /before/other other"),
    ("/any.x", "object GET /any.x suffix"),
    ("/any.xx", None),
    ("/three", "three GET /three "),
    ("/none", "none GET /none "),
    ("/rule", "rule GET /rule "),

    ("/app", "app GET / "),
    ("/app/", "app GET / "),
    ("/app?x", "app GET / "),
    ("/app/page", "app-page GET /page "),
    ("/app%2Fpage", None),
    ("/%61pp/page", "app-page GET /page "),
    ("/app/%70age", "app-page GET /%70age "),
    ("/app/page%2F", None),
    ("/app%65", None),
    ("/app/%6conger/page", "longer-page GET /page "),
    ("/%6futer/%69nner/p%61ge", "inner-page GET /p%61ge "),
    ("/caf%C3%A9", "cafe GET / "),
    ("/caf%c3%a9/page", "cafe-page GET /page "),
    ("/caf\u00e9/page", "cafe-page GET /page "),
    ("/app/missing", None),
    ("/apple", None),
    ("/app.page", None),
    ("/x/app", None),
    ("/app/longer", "longer GET / "),
    ("/app/longer/page", "longer-page GET /page "),
    ("/app/long", None),
    ("/slash", "slash GET / "),
    ("/slash/", "slash GET / "),
    ("/slash/page", "slash-page GET /page "),
    ("/slashes", None),
    ("/one", "twice GET / "),
    ("/two/", "twice GET / "),
    ("/one/page", "twice-page GET /page "),
    ("/two/page", "twice-page GET /page "),
    ("/outer", "outer GET / "),
    ("/outer/inner", "inner GET / "),
    ("/outer/inner/page", "inner-page GET /page "),
    ("/outer/inners", None),
    ("/inner", None),

    ("/hundred/0", "hundred GET /0 "),
    ("/hundred/11", "hundred GET /11 "),
    ("/hundred/49", "hundred GET /49 "),
    ("/hundred/55", "hundred GET /55 "),
    ("/hundred/70", "pattern GET /70 70"),
    ("/hundred/99", "hundred GET /99 "),
    ("/hundred/55x", "pattern GET /55x 55x"),
    ("/hundred/100", None),
    ("/hundred/%31%31", "hundred GET /%31%31 "),
    ("/hundred/%37%30", "hundred GET /%37%30 "),
    ("/hundred/5%355", "pattern GET /5%355 5%355"),
]


@pytest.mark.parametrize("path, text", ROUTES, ids=[row[0] for row in ROUTES])
def test_route(server, path, text):
    assert get(server, path) == (page(text) if text else error(404))


def test_every_route_of_a_hundred(server):
    for i in range(100):
        if not 70 <= i < 80:
            assert get(server, "/hundred/%d" % i) == page("hundred GET /%d " % i)


def test_the_list_of_the_caller_is_not_changed(server):
    assert server.get("/routes").json()[0] == 0


def test_route_replaced_while_serving(server):
    if get(server, "/renamed") != error(404):
        assert get(server, "/replaced") == page("old GET /replaced ") and get(server, "/renamed") == page("old GET /renamed ")
        get(server, "/replace")
    assert get(server, "/replaced") == page("new GET /replaced ") and get(server, "/renamed-new") == page("new GET /renamed-new ")
    assert get(server, "/renamed") == error(404)


def test_route_added_while_serving(server):
    if get(server, "/added") == error(404):
        get(server, "/add")
    assert get(server, "/added") == page("added GET /added ")
    assert get(server, "/late/") == page("late GET / ")


# Methods

def not_allowed(allow, status=405):
    return error(status).replace(b"\r\n\r\n", b"\r\nAllow: %s\r\n\r\n" % allow.encode())


def options(allow):
    return ("HTTP/1.0 204 NA\r\nContent-Type: text/html; charset=utf-8\r\nAllow: %s\r\n\r\n" % allow).encode()


METHODS = [
    ("/GET", "GET", page("get GET /GET ")),
    ("/GET", "HEAD", page("", "HEAD")),
    ("/GET", "POST", not_allowed("GET, HEAD, OPTIONS")),
    ("/GET", "get", not_allowed("GET, HEAD, OPTIONS")),
    ("/GET", "OPTIONS", options("GET, HEAD, OPTIONS")),
    ("/POST", "POST", page("post POST /POST ")),
    ("/POST", "GET", not_allowed("POST, OPTIONS")),
    ("/POST", "HEAD", not_allowed("POST, OPTIONS").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"),
    ("/POST", "OPTIONS", options("POST, OPTIONS")),
    ("/both", "GET", page("both GET /both ")),
    ("/both", "POST", page("both POST /both ")),
    ("/both", "HEAD", page("", "HEAD")),
    ("/both", "PUT", not_allowed("GET, POST, HEAD, OPTIONS")),
    ("/apart", "GET", page("apart-get GET /apart ")),
    ("/apart", "PUT", page("apart-put PUT /apart ")),
    ("/apart", "HEAD", page("", "HEAD")),
    ("/apart", "POST", not_allowed("GET, PUT, HEAD, OPTIONS")),
    ("/apart", "OPTIONS", options("GET, PUT, HEAD, OPTIONS")),
    ("/rest", "GET", page("rest-get GET /rest ")),
    ("/rest", "POST", page("rest-all POST /rest ")),
    ("/re/x", "GET", page("re-get GET /re/x x")),
    ("/re/x", "DELETE", page("re-delete DELETE /re/x x")),
    ("/re/x", "POST", not_allowed("GET, DELETE, HEAD, OPTIONS")),
    ("/options", "OPTIONS", page("options OPTIONS /options ")),
    ("/options", "POST", not_allowed("GET, OPTIONS, HEAD")),
    ("/head", "HEAD", page("", "HEAD")),
    ("/head", "GET", not_allowed("HEAD, OPTIONS")),
    ("/exact", "OPTIONS", page("exact OPTIONS /exact ")),
    ("/exact", "PATCH", page("exact PATCH /exact ")),
    ("/exact", "HEAD", page("", "HEAD")),
    ("/%47ET", "GET", page("get GET /%47ET ")),
    ("/G%45T", "POST", not_allowed("GET, HEAD, OPTIONS")),
    ("/string", "GET", not_allowed("POST, OPTIONS")),
    ("/string", "POST", page("string POST /string ")),
    ("/string", "OST", not_allowed("POST, OPTIONS")),
    ("/string", "OPTIONS", options("POST, OPTIONS")),
    ("/string-get", "HEAD", page("", "HEAD")),
    ("/string-get", "ET", not_allowed("GET, HEAD, OPTIONS")),
    ("/missing", "POST", error(404)),
    ("/missing", "OPTIONS", error(404)),
    ("/app/get", "POST", not_allowed("GET, HEAD, OPTIONS")),
    ("/hundred/m", "GET", page("m-get GET /m ")),
    ("/hundred/m", "PUT", page("m-put PUT /m ")),
    ("/hundred/m", "POST", not_allowed("GET, PUT, HEAD, OPTIONS")),
]


@pytest.mark.parametrize("path, method, reply", METHODS, ids=["%s %s" % row[1::-1] for row in METHODS])
def test_method(server, path, method, reply):
    assert harness.in_order(get(server, path, method)) == harness.in_order(reply)


# Typed routes

TYPED = [
    ("/name/ann", {"name": "ann"}),
    ("/name/%C5%BC%C3%B3%C5%82w", {"name": "\u017c\u00f3\u0142w"}),
    ("/name/\u017c\u00f3\u0142w", {"name": "\u017c\u00f3\u0142w"}),
    ("/name/a%2Fb%20c+d", {"name": "a/b c+d"}),
    ("/name/%", {"name": "%"}),
    ("/name/%zz", {"name": "%zz"}),
    ("/name/%252F", {"name": "%2F"}),
    ("/name/%ff", {"name": "\ufffd"}),
    ("/name/%00%0a", {"name": "\0\n"}),
    ("/name/..", {"name": ".."}),
    ("/n%61me/ann?x=1", {"name": "ann"}),
    ("/name/", None), ("/name", None), ("/name/a/", None), ("/name/a/b", None), ("/name//a", None), ("//name/a", None), ("/Name/a", None),
    ("/name%2Fa", None), ("/xname/a", None),
    ("/string/a", {"name": "a"}), ("/string/", None),
    ("/int/7", {"n": 7}), ("/int/007", {"n": 7}), ("/int/%37", {"n": 7}), ("/int/0", {"n": 0}),
    ("/int/123456789012345678", {"n": 123456789012345678}),
    ("/int/1234567890123456789", None), ("/int/" + "9" * 1500, None), ("/int/-1", None), ("/int/+1", None), ("/int/1.0", None), ("/int/0x1", None),
    ("/int/1_0", None), ("/int/%201", None), ("/int/1%0a", None), ("/int/\u0663", None), ("/int/\u00b2", None), ("/int/", None), ("/int/x", None),
    ("/path/a", {"p": "a"}), ("/path/a/b/c", {"p": "a/b/c"}), ("/path/a%2Fb/c%20d", {"p": "a/b/c d"}), ("/path/a/", {"p": "a/"}),
    ("/path/a//b", {"p": "a//b"}), ("/path/../a", {"p": "../a"}),
    ("/path/", None), ("/path", None), ("/path//a", None), ("/path/%2Fetc", None), ("/paths/a", None),
    ("/between/a/edit", {"p": "a"}), ("/between/a/b/edit", {"p": "a/b"}), ("/between/edit/edit", {"p": "edit"}),
    ("/between/edit", None), ("/between//edit", None), ("/between/a/edit/", None), ("/between/a/edi", None), ("/between/a/b", None),
    ("/re/abc", {"r": "abc"}), ("/re/x", {"r": "x"}), ("/re/%61", {"r": "a"}),
    ("/re/abcx", None), ("/re/xa", None), ("/re/A", None), ("/re/", None), ("/re/a%0a", None), ("/re/a/b", None), ("/re/abcg", None),
    ("/slashes/abc/end", {"r": "abc"}), ("/slashes/a%2Fb/end", None), ("/slashes//end", None), ("/slashes/a/b/end", None),
    ("/two/x/2", {"a": "x", "b": 2}), ("/two/1/2", {"a": "1", "b": 2}), ("/two/x/y", None), ("/two//2", None), ("/two/x", None),
    ("/all/1/a/b/c.html", {"n": 1, "p": "a/b", "name": "c"}), ("/all/1/a/b%2Fc.html", {"n": 1, "p": "a", "name": "b/c"}),
    ("/all/1/a/.html", None), ("/all/1/c.html", None), ("/all/1/a/b/c.htm", None), ("/all/x/a/c.html", None),
    ("/v2/x-pico.tar.gz", {"major": 2, "name": "pico"}), ("/v2/x-.tar.gz.tar.gz", {"major": 2, "name": ".tar.gz"}),
    ("/v2/x-.tar.gz", None), ("/v/x-a.tar.gz", None), ("/v2/y-a.tar.gz", None), ("/2/x-a.tar.gz", None), ("/v2/x-tar.gz", None),
    ("/%C5%BC%20%C3%B3/a", {"name": "a"}), ("/%C5%BC%20%C3/a", None), ("/%C5%BC+%C3%B3/a", None),
    ("/user/ann", {"name": "ann", "id": 0}), ("/user/ann/4", {"name": "ann", "id": 4}), ("/user/ann/x", None),
    ("/first/1", {"n": 1}),
    ("/own/1/a", {"n": 1, "name": "a"}), ("/own/a/1", None),
    ("/rule/1", {"n": 1}), ("/rule/a", None), ("/async/1", {"id": 1}), ("/async/a", None),
    ("/below/a", {"name": "a"}), ("/below/a/b", None), ("/below/", None),
]


@pytest.mark.parametrize("path, args", TYPED, ids=[row[0][:20] for row in TYPED])
def test_typed_route(server, path, args):
    reply = get(server, "/typed" + path)
    assert (reply == error(404)) if args is None else (harness.Response(reply).json() == [args, True])


TYPED_METHODS = [
    ("/first/a", "GET", page("first GET /first/a a")),
    ("/mine/me", "GET", page("mine GET /mine/me ")),  # the typed route before it matches as well, with another method
    ("/mine/you", "GET", not_allowed("POST, OPTIONS")),
    ("/own/1", "OPTIONS", options("PUT, DELETE, OPTIONS")),
    ("/own/1", "GET", not_allowed("PUT, DELETE, OPTIONS")),
    ("/own/x", "GET", error(404)),
    ("/own/1/a", "OPTIONS", options("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")),
    ("/own/1/a", "TRACE", not_allowed("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")),
    ("/only", "GET", page("only GET /only ")),
    ("/only", "POST", not_allowed("GET, HEAD, OPTIONS")),
    ("/user/a/1", "DELETE", not_allowed("GET, HEAD, OPTIONS")),
]


@pytest.mark.parametrize("path, method, reply", TYPED_METHODS, ids=["%s %s" % row[1::-1] for row in TYPED_METHODS])
def test_method_of_a_typed_route(server, path, method, reply):
    assert harness.in_order(get(server, "/typed" + path, method)) == harness.in_order(reply)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_route_for_each_method(server, method):
    assert harness.Response(get(server, "/typed/own/1/a", method)).json() == [{"n": 1, "name": "a"}, True]


def test_what_is_no_typed_route(server):
    assert server.get("/refused").json() == [[], 2, "/name/<name>"]


# The expected result of a typed route: a regular expression on decoded segments, joined by a character that no URL contains.
ORACLE = [(re.compile(pattern, re.S), names) for pattern, *names in (
    (r"\x01name\x01([^\x01]+)", "name"), (r"\x01string\x01([^\x01]+)", "name"), (r"\x01int\x01([0-9]{1,18})", "n:"), (r"\x01path\x01([^/\x01].*)", "p/"),
    (r"\x01between\x01([^/\x01].*)\x01edit", "p/"), (r"\x01re\x01([a-f]+|x)", "r"), (r"\x01slashes\x01([^\x01/]+)\x01end", "r"),
    (r"\x01two\x01([^\x01]+)\x01([0-9]{1,18})", "a", "b:"), (r"\x01all\x01([0-9]{1,18})\x01([^/\x01].*)\x01([^\x01]+)\.html", "n:", "p/", "name"),
    (r"\x01v([0-9]{1,18})\x01x-([^\x01]+)\.tar\.gz", "major:", "name"), ("\x01\u017c \u00f3\x01([^\x01]+)", "name"))]
PIECES = ["/", "/", "/", "name", "string", "int", "path", "between", "edit", "re", "slashes", "end", "two", "all", "v", "x-", ".tar.gz", ".html",
          "a", "x", "7", "0", "12345678901234567890", "-1", "%2F", "%2f", "%20", "%", "%zz", "%25", "%C5%BC", "%C3", "%ff", "%0a", "%00", "%31", "%61",
          "..", "//", "+", "\u0663", "<", ">", "<name>", "%C5%BC%20%C3%B3"]


def expected(path):
    path = "\x01".join(urllib.parse.unquote(segment, errors="replace") for segment in path.split("/"))
    for pattern, names in ORACLE:
        match = pattern.fullmatch(path)
        if match:
            return {name.rstrip(":/"): int(value) if name[-1] == ":" else value.replace("\x01", "/") for name, value in zip(names, match.groups())}
    return None


def test_typed_routes_fuzzed(server):
    rng = random.Random(harness.SEED)
    paths = [path for path, _ in TYPED if expected(path) and "?" not in path]
    matched = 0
    for i in range(harness.fuzz_count(300)):
        path = rng.choice(paths) if rng.random() < 0.7 else "/"
        for _ in range(rng.randrange(3)):
            at = rng.randrange(1, len(path) + 1)
            path = path[:at] + rng.choice(PIECES) + path[at + rng.choice((0, 0, 1, 5)):]
        reply = get(server, "/typed" + path)
        args = expected(path)
        if not path.startswith(("/user", "/first", "/mine", "/own", "/rule", "/async", "/below", "/only")):
            matched += args is not None
            assert reply == error(404) if args is None else harness.Response(reply).json() == [args, True], "seed %d, input %d: %r" % (harness.SEED, i, path)
    assert matched > 30


# What a mounted app has itself, and what it gets from its root

MODES = [
    ("/headers", ["Headers"]), ("/parse", ["Headers"]), ("/skip", [None]), ("/leave", ["Host: 127.0.0.1\r\n", False]),
    ("/own/headers", [None]), ("/own/parse", ["int"]), ("/own/skip", [None]), ("/own/leave", ["Host: 127.0.0.1\r\n", False]),
    ("/own/leaving/leave", ["Host: 127.0.0.1\r\n", False]), ("/own/leaving/parse", ["Headers"]), ("/own/leaving/headers", [None]),
]


@pytest.mark.parametrize("path, result", MODES, ids=[row[0] for row in MODES])
def test_headers_mode(server, path, result):
    assert server.get(path).json() == result


@pytest.mark.parametrize("path", ["/unknown", "/fails", "/own/leaving/fails", "/own/leaving/unknown"])
def test_errors_of_an_app_without_handle_exc(server, path):
    assert get(server, path) == error(500)


@pytest.mark.parametrize("path", ["/own/unknown", "/own/fails"])
def test_handle_exc_of_an_app_below(server, path):
    assert get(server, path) == b"HTTP/1.0 500 NA\r\nContent-Type: text/plain\r\n\r\nown"


@pytest.mark.parametrize("path", ["/app", "/outer", "/outer/inner", "/one", "/two", "/app/longer"])
def test_debug_and_log_come_from_the_root(server, path):
    assert server.get(path + "/state").json() == [True] * 4


def test_debug_and_log_of_an_app_mounted_while_serving(server):
    get(server, "/add")
    assert server.get("/late/state").json() == [True] * 4


def test_init_is_called_once(server):
    assert server.get("/own/begun").json() == server.get("/own/begun").json() == [1]


LAZY = """
import picoweb
class Sub(picoweb.WebApp):
    def init(self):
        order.append("sub")
class App(picoweb.WebApp):
    def init(self):
        order.append("app")
order = []
app = App(None)
sub = Sub(None)
app.mount("/sub", sub)
@app.route("/")
@sub.route("/")
def page(req, resp):
    yield from picoweb.jsonify(resp, order)
app.run(debug=-1, lazy_init=%s)
"""


def test_lazy_init(serve):
    server = serve(LAZY % True)
    assert server.get("/").json() == ["app"]
    assert server.get("/sub").json() == ["app", "sub"]
    assert server.get("/sub").json() == ["app", "sub"]


def test_eager_init(serve):
    server = serve(LAZY % False)
    assert server.get("/").json() == ["app", "sub"]
    assert server.get("/sub").json() == ["app", "sub"]


COUNTED = """
import picoweb
class Table(list):
    seen = 0
    def __iter__(self):
        for i in range(len(self)):
            self.seen += 1
            yield self[i]
def seen(req, resp):
    yield from picoweb.jsonify(resp, app.url_map.seen)
app = picoweb.WebApp(None, serve_static=False)
app.url_map = Table([("/seen", seen)] + [("/%%d" %% i, seen) for i in range(%d)])
app.run(debug=-1)
"""


@pytest.mark.parametrize("count", [100, 800])
def test_a_long_table_costs_no_more_than_a_short_one(serve, count):
    """Known routes are not matched again. The test counts calls, because a clock would depend on the machine."""
    server = serve(COUNTED % count)
    first = server.get("/%d" % (count - 1)).json()
    for _ in range(100):
        last = server.get("/%d" % (count - 1)).json()
    assert first <= 4 * count and last - first <= 200
