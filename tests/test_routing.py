"""Routes, methods, and apps below apps."""

import os

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


# What an app below another has of its own, and what it has from its root

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
class Table:
    def __init__(self, routes):
        self.routes = routes
        self.seen = 0
    def __len__(self):
        return len(self.routes)
    def __iter__(self):
        for route in self.routes:
            self.seen += 1
            yield route
def seen(req, resp):
    yield from picoweb.jsonify(resp, app.url_map.seen)
app = picoweb.WebApp(None, serve_static=False)
app.url_map = Table([("/seen", seen)] + [("/%%d" %% i, seen) for i in range(%d)])
app.run(debug=-1)
"""


@pytest.mark.parametrize("count", [100, 800])
def test_a_long_table_costs_no_more_than_a_short_one(serve, count):
    """Once its routes are known, none is looked at again. They are counted: a clock would tell of the machine as well."""
    server = serve(COUNTED % count)
    first = server.get("/%d" % (count - 1)).json()
    for _ in range(100):
        last = server.get("/%d" % (count - 1)).json()
    assert first <= 4 * count and last - first <= 200
