# Routes, methods, and apps below apps.
import picoweb

try:
    import re
except ImportError:
    import ure as re


def page(name):
    def handler(req, resp):
        yield from picoweb.start_response(resp, "text/plain")
        match = req.url_match.group(1) if req.url_match else ""
        yield from resp.awrite("%s %s %s %s" % (name, req.method, req.path, match))
    return handler


class Suffix:

    def match(self, path):
        return self if path.endswith(".x") else None

    def group(self, n):
        return "suffix"


ROUTES = [
    ("/", page("index")),
    ("/exact", page("exact")),
    ("/exact", page("never")),
    (re.compile("^/item/(\\d+)$"), page("item")),
    (re.compile("/prefix(.*)"), page("prefix")),
    ("/prefix/exact", page("never")),
    ("/before/exact", page("before")),
    (re.compile("^/before/(.*)"), page("after")),
    (Suffix(), page("object")),
    ("/three", page("three"), {}),
    ("/none", page("none"), None),
    ("/GET", page("get"), {"methods": ("GET",)}),
    ("/POST", page("post"), {"methods": ["POST"]}),
    ("/both", page("both"), {"methods": ("GET", "POST")}),
    ("/apart", page("apart-get"), {"methods": ("GET",)}),
    ("/apart", page("apart-put"), {"methods": ("PUT",)}),
    ("/rest", page("rest-get"), {"methods": ("GET",)}),
    ("/rest", page("rest-all")),
    (re.compile("^/re/(.*)"), page("re-get"), {"methods": ("GET",)}),
    (re.compile("^/re/(.*)"), page("re-delete"), {"methods": ("DELETE",)}),
    ("/options", page("options"), {"methods": ("GET", "OPTIONS")}),
    ("/head", page("head"), {"methods": ("HEAD",)}),
    ("/string", page("string"), {"methods": "POST"}),
    ("/string-get", page("string"), {"methods": "GET"}),
    ("/\u017c\u00f3\u0142w", page("utf-8")),
    ("/a%20b", page("encoded")),
]
COUNT = len(ROUTES)

app = picoweb.WebApp(__name__, ROUTES)


@app.route("/routes")
def routes(req, resp):
    yield from picoweb.jsonify(resp, [len(ROUTES) - COUNT, len(app.url_map) - COUNT])


@app.route("/add")
def add(req, resp):
    app.add_url_rule("/added", page("added"))
    app.mount("/late", small("late"))
    yield from picoweb.start_response(resp)


@app.route("/replace")
def replace(req, resp):
    for i, route in enumerate(app.url_map):
        if route[0] in ("/replaced", "/renamed"):
            app.url_map[i] = ("/replaced" if route[0] == "/replaced" else "/renamed-new", page("new"))
    yield from picoweb.start_response(resp)


app.add_url_rule("/replaced", page("old"))
app.add_url_rule("/renamed", page("old"))
app.add_url_rule("/rule", page("rule"), headers="skip")


# Apps below apps

def small(name):
    sub = picoweb.WebApp(__name__, serve_static=False)
    sub.add_url_rule("/", page(name))
    sub.add_url_rule("/page", page(name + "-page"))
    sub.add_url_rule("/state", state(sub))
    sub.add_url_rule("/get", page(name), methods=("GET",))
    return sub


def state(sub):
    def handler(req, resp):
        yield from picoweb.jsonify(resp, [sub.inited, sub.debug == app.debug, sub.log is app.log, sub.log is not None])
    return handler


app.mount("/app", small("app"))
app.mount("/app/longer", small("longer"))
app.mount("/slash/", small("slash"))
twice = small("twice")
app.mount("/one", twice)
app.mount("/two", twice)
outer = small("outer")
inner = small("inner")
app.mount("/outer", outer)
app.mount("/caf\u00e9", small("cafe"))
outer.mount("/inner", inner)


class Own(picoweb.WebApp):
    headers_mode = "skip"
    begun = 0

    def init(self):
        self.begun += 1
        super().init()

    def parse_headers(self, reader):
        # A cheap handler, which only counts.
        n = 0
        while True:
            line = yield from reader.readline()
            if line in (b"\r\n", b""):
                return n
            n += 1

    def handle_exc(self, req, resp, e):
        yield from picoweb.start_response(resp, "text/plain", 500)
        yield from resp.awrite("own")


def has_headers(req, resp):
    yield from picoweb.jsonify(resp, [str(type(req.headers).__name__) if hasattr(req, "headers") else None])


def has_left(req, resp):
    line = yield from req.reader.readline()
    yield from picoweb.jsonify(resp, [line.decode(), hasattr(req, "headers")])


def fails(req, resp):
    yield from ()
    raise ValueError("on purpose")


def begun(req, resp):
    yield from picoweb.jsonify(resp, [own.begun])


MODES = [("/headers", has_headers), ("/parse", has_headers, {"headers": "parse"}), ("/skip", has_headers, {"headers": "skip"}),
         ("/leave", has_left, {"headers": "leave"}), ("/unknown", has_headers, {"headers": "keep"}), ("/fails", fails),
         ("/begun", begun)]
own = Own(__name__, MODES)
app.mount("/own", own)
app.url_map.extend(MODES)
leaving = picoweb.WebApp(__name__, MODES)
leaving.headers_mode = "leave"
own.mount("/leaving", leaving)


# A hundred exact routes

hundred = picoweb.WebApp(__name__, [("/%d" % i, page("hundred")) for i in range(100)])
hundred.add_url_rule(re.compile("^/(5.*)"), page("pattern"))
hundred.add_url_rule("/55x", page("never"))
hundred.url_map.insert(50, (re.compile("^/(7.)$"), page("pattern")))
hundred.add_url_rule("/11", page("never"))
hundred.add_url_rule("/m", page("m-get"), methods=("GET",))
hundred.add_url_rule("/m", page("m-put"), methods=("PUT",))
app.mount("/hundred", hundred)


# Typed routes

def typed_page(req, resp, **args):
    return [args, args == (req.url_match or {})]


def user(req, resp, name, id=0):
    yield from picoweb.jsonify(resp, [{"name": name, "id": id}, True])


async def async_user(req, resp, id):
    return [{"id": id}, True]


TYPED = [
    ("/name/<name>", typed_page),
    ("/string/<string:name>", typed_page),
    ("/int/<int:n>", typed_page),
    ("/path/<path:p>", typed_page),
    ("/between/<path:p>/edit", typed_page),
    ("/re/<re:[a-f]+|x:r>", typed_page),
    ("/slashes/<re:[^/]+:r>/end", typed_page),
    ("/two/<a>/<int:b>", typed_page),
    ("/all/<int:n>/<path:p>/<name>.html", typed_page),
    ("/v<int:major>/x-<name>.tar.gz", typed_page),
    ("/\u017c \u00f3/<name>", typed_page),
    ("/user/<name>", user),
    ("/user/<name>/<int:id>", user, {"methods": "GET"}),
    ("/first/<int:n>", typed_page),
    (re.compile("^/first/(.+)"), page("first")),
    ("/mine/<name>", typed_page, {"methods": "POST"}),
    ("/mine/me", page("mine")),
    ("/own/<int:n>", typed_page, {"methods": ("PUT", "DELETE")}),
]
typed = picoweb.WebApp(__name__, TYPED, serve_static=False)
typed.add_url_rule("/rule/<int:n>", typed_page)
typed.route("/async/<int:id>")(async_user)
for _route in typed.get, typed.post, typed.put, typed.patch, typed.delete:
    _route("/own/<int:n>/<name>")(typed_page)
typed.get("/only", headers="skip")(page("only"))
below = picoweb.WebApp(__name__, [("/<name>", typed_page)], serve_static=False)
typed.mount("/below", below)
app.mount("/typed", typed)
refused = []
for _url in ("/<", "/<name", "/<>", "/<int:>", "/<float:x>", "/<a><b>", "/<a>-<b>", "/<path:a>/<path:b>", "/<a>/<a>", "/<re:x>", "/x>/<"):
    try:
        app.add_url_rule(_url, typed_page)
        refused.append(_url)
    except ValueError:
        pass
app.add_url_rule("/refused", lambda req, resp: [refused, len(TYPED[0]), TYPED[0][0]])


if __name__ == "__main__":
    app.run(debug=0)
