# A handler of each form, a response of each kind, and an error at each place.
import picoweb

try:
    import re
except ImportError:
    import ure as re


class App(picoweb.WebApp):

    # Every error page of the app, except those of /plain-error.
    def handle_error(self, req, resp, e):
        if req.path == "/status/418":
            yield from picoweb.start_response(resp, "text/plain", e.status, e.headers)
            yield from resp.awrite("teapot")
        elif req.path == "/status/419":
            raise ValueError("handle_error fails")
        elif req.path == "/status/420":
            yield from resp.awrite("half")
            raise ValueError("handle_error fails")
        else:
            yield from super().handle_error(req, resp, e)


app = App(__name__, serve_static=False)


# Handlers

@app.route("/generator")
def generator(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("generator")


@app.route("/async")
async def coroutine(req, resp):
    await picoweb.start_response(resp)
    await resp.awrite("async")


async def write(resp, text):
    await resp.awrite(text)


def write_too(resp, text):
    yield from resp.awrite(text)


@app.route("/generator-async")
def generator_to_async(req, resp):
    yield from picoweb.start_response(resp)
    yield from write(resp, "generator-async")


@app.route("/async-generator")
async def async_to_generator(req, resp):
    await picoweb.start_response(resp)
    await write_too(resp, "async-generator")


app.add_url_rule("/lambda", lambda req, resp: (yield from picoweb.jsonify(resp, ["lambda"])))


class Page:

    def __init__(self, text):
        self.text = text

    def bound(self, req, resp):
        yield from picoweb.start_response(resp)
        yield from resp.awrite(self.text)

    async def bound_async(self, req, resp):
        await picoweb.start_response(resp)
        await resp.awrite(self.text)


class Callable:

    def __call__(self, req, resp):
        yield from picoweb.start_response(resp)
        yield from resp.awrite("callable")


app.add_url_rule("/bound", Page("bound").bound)
app.add_url_rule("/bound-async", Page("bound-async").bound_async)
app.add_url_rule("/callable", Callable())


def decorated(handler):
    def wrapper(req, resp):
        yield from picoweb.start_response(resp)
        yield from handler(req, resp)
    return wrapper


@app.route("/decorated")
@decorated
async def inner(req, resp):
    await resp.awrite("decorated")


@app.route("/coroutine-of-another")
def returns_coroutine(req, resp):
    return generator(req, resp)


@app.route("/nothing")
def nothing(req, resp):
    pass


@app.route("/plain-raise")
def plain_raise(req, resp):
    raise ValueError("plain-raise")


@app.route("/nothing-written")
def nothing_written(req, resp):
    return
    yield


@app.route("/true")
def true(req, resp):
    yield from resp.awrite("HTTP/1.0 200 OK\r\n\r\ntrue")
    return True


@app.route("/written-and-returned")
async def written_and_returned(req, resp):
    await picoweb.start_response(resp)
    return "too late"


# The most common mistakes.
@app.route("/no-await")
async def no_await(req, resp):
    picoweb.start_response(resp)


@app.route("/no-yield-from")
def no_yield_from(req, resp):
    picoweb.jsonify(resp, 1)


# Each value is returned by a handler of each form. No other page is a teapot.
RETURNED = {
    "str": lambda: "a page",
    "utf-8": lambda: TEXT,
    "empty": lambda: "",
    "bytes": lambda: b"a \xff page",
    "dict": lambda: {"a": TEXT},
    "list": lambda: [1, None, TEXT],
    "dict-empty": lambda: {},
    "status": lambda: ("made", 201),
    "status-str": lambda: ("made", "201"),
    "status-dict": lambda: ({"a": 1}, 418),
    "headers": lambda: ("a", 200, {"A": "b"}),
    "headers-pairs": lambda: (b"a", 200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    "headers-str": lambda: ([], 418, "A: b\r\n"),
    "headers-none": lambda: ("a", 200, None),
    "no-content": lambda: ("", 204),
    "no-content-said": lambda: ("a body", "204 No Content"),
    "no-content-body": lambda: ({"a": 1}, 204, {"A": "b"}),
    "not-modified": lambda: ("", 304, {"A": "b"}),
    "status-said": lambda: ("made", "201 Created"),
    "headers-type": lambda: ("a", 200, {"Content-Type": "text/plain"}),
    "headers-length": lambda: ("a", 200, {"content-length": 1}),
    "zero": lambda: 0,
    "true": lambda: True,
    "number": lambda: 200,
    "float": lambda: 1.5,
    "tuple-empty": lambda: (),
    "tuple-one": lambda: ("a",),
    "tuple-four": lambda: ("a", 200, {}, 1),
    "tuple-none": lambda: (None, 200),
    "object": lambda: Page("an object"),
    "header-split": lambda: ("a", 200, {"A": "b\r\nC: d"}),
}


@app.route(re.compile("^/return/generator/(.+)"))
def return_generator(req, resp):
    yield from ()
    return RETURNED[req.url_match.group(1)]()


@app.route(re.compile("^/return/async/(.+)"))
async def return_async(req, resp):
    return RETURNED[req.url_match.group(1)]()


@app.route(re.compile("^/return/plain/(.+)"))
def return_plain(req, resp):
    return RETURNED[req.url_match.group(1)]()


app.add_url_rule(re.compile("^/return/lambda/(.+)"), lambda req, resp: RETURNED[req.url_match.group(1)]())


kept = []


@app.route("/keep")
def keep(req, resp):
    yield from picoweb.start_response(resp, "text/event-stream")
    kept.append((req.reader, resp))
    return False


@app.route("/push")
def push(req, resp):
    for _, sink in kept:
        yield from sink.awrite("data: %s\n\n" % req.qs)
    yield from picoweb.start_response(resp)
    yield from resp.awrite("%d" % len(kept))


@app.route("/pull")
def pull(req, resp):
    for source, sink in kept:
        yield from sink.awrite((yield from source.readexactly(int(req.qs))))
    yield from picoweb.start_response(resp)


@app.route("/close")
def close(req, resp):
    for _, sink in kept:
        yield from sink.aclose()
    del kept[:]
    yield from picoweb.start_response(resp)


# Responses

TEXT = "\u017dofie \u20ac \U0001f600"


@app.route("/by-hand")
def by_hand(req, resp):
    yield from resp.awrite("HTTP/1.0 200 OK\r\n")
    yield from resp.awrite(b"X-Hand: 1\r\n\r\n")
    yield from resp.awritestr("by ")
    yield from resp.awrite(b"..hand..", 2, 4)
    yield from resp.awrite(bytearray(b"!"))
    yield from resp.awrite("")
    yield from resp.awriteiter(iter([" a", b"b", TEXT]))
    yield from resp.aclose()


@app.route("/text")
def text(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(TEXT)
    yield from resp.awritestr(TEXT)


@app.route("/json")
def json(req, resp):
    yield from picoweb.jsonify(resp, [TEXT, 1, None, True])


@app.route("/json-status")
def json_status(req, resp):
    yield from picoweb.jsonify(resp, {"a": 1}, 201, {"A": "b"})


@app.route("/json-names")
def json_names(req, resp):
    yield from picoweb.jsonify(resp, [], headers=[("A", "b"), ("A", "c")], status="404")


@app.route("/long")
def long(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(TEXT * 20000)


@app.route("/pieces")
def pieces(req, resp):
    yield from picoweb.start_response(resp)
    for i in range(1000):
        yield from resp.awrite("%03d" % i)


HEADERS = {
    "none": {},
    "type": dict(content_type="text/plain"),
    "status": dict(status="201"),
    "int": dict(status=404),
    "dict": dict(headers={"A": "b"}),
    "dict-bytes": dict(headers={b"A": b"b"}),
    "dict-int": dict(headers={"A": 1}),
    "pairs": dict(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
    "tuple": dict(headers=(("A", "b"),)),
    "str": dict(headers="A: b\r\nC: d\r\n"),
    "str-open": dict(headers="A: b\r\nC: d"),
    "bytes": dict(headers=b"A: b\r\n"),
    "bytes-open": dict(headers=b"A: b"),
    "utf-8": dict(headers={"A": "\u20ac"}),
    "empty": dict(headers={}),
    "bad-lf": dict(headers={"A": "b\nC: d"}),
    "bad-cr": dict(headers={"A": "b\rC: d"}),
    "bad-bytes": dict(headers={"A": b"b\r\nC: d"}),
    "bad-pair": dict(headers=[("A", "b\r\n")]),
    "bad-name": dict(headers={"A\r\nC": "d"}),
    "bad-type": dict(content_type="text/html\r\nA: b"),
    "bad-status": dict(status="200\r\nA: b"),
    "bad-str": dict(headers="A: b\r\n\r\nbody"),
    "bad-str-first": dict(headers="\r\nbody: b"),
    "bad-str-lf-first": dict(headers="\nbody: b"),
    "bad-str-only": dict(headers="\r\n"),
    "bad-str-folded": dict(headers=" A: b"),
    "bad-str-cr": dict(headers="A: b\rC: d"),
    "bad-str-nul": dict(headers="A: b\0"),
    "bad-bytes-first": dict(headers=b"\nA: b"),
}


@app.route(re.compile("^/headers/(.+)"))
def headers(req, resp):
    try:
        yield from picoweb.start_response(resp, **HEADERS[req.url_match.group(1)])
    except ValueError:
        yield from resp.awrite("ValueError")


@app.route("/http-error")
def http_error(req, resp):
    yield from picoweb.http_error(resp, "403")


@app.route("/http-error-int")
def http_error_int(req, resp):
    yield from picoweb.http_error(resp, 403)


@app.route("/redirect")
def redirect(req, resp):
    yield from picoweb.redirect(resp, "/text?a=b")


@app.route("/redirect-303")
async def redirect_303(req, resp):
    await picoweb.redirect(resp, "/text", 303)


@app.route("/redirect-headers")
def redirect_headers(req, resp):
    yield from picoweb.redirect(resp, "/text", 303, {"Set-Cookie": "a=b"})


@app.route("/redirect-names")
def redirect_names(req, resp):
    yield from picoweb.redirect(resp, location="/text", headers="A: b\r\nC: d")


@app.route("/redirect-bad")
def redirect_bad(req, resp):
    yield from picoweb.redirect(resp, "/\r\nSet-Cookie: a=b")


# Errors

def deep(status, headers=None):
    raise picoweb.HTTPException(status, headers)
    yield


async def deeper(status):
    await deep(status)


@app.route(re.compile("^/status/(.+)"))
def status(req, resp):
    yield from deeper(int(req.url_match.group(1)))


@app.route("/status-headers")
def status_headers(req, resp):
    yield from deep(401, {"WWW-Authenticate": "Basic"})


@app.route("/status-bad-headers")
def status_bad_headers(req, resp):
    yield from deep(401, {"A": "b\r\nC: d"})


class Missing(picoweb.HTTPException):

    def __init__(self):
        super().__init__(410)


@app.route("/status-subclass")
def status_subclass(req, resp):
    raise Missing
    yield


@app.route("/before")
def before(req, resp):
    raise ValueError("before 100%s")
    yield


@app.route("/after")
def after(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("part")
    raise ValueError("after")


@app.route("/status-after")
async def status_after(req, resp):
    await picoweb.start_response(resp)
    await resp.awrite("part")
    raise picoweb.HTTPException(404)


# The body's own end is a status; any other is an error of the app.
@app.route("/eof")
def eof(req, resp):
    if req.method == "POST":
        yield from req.get_data()
    raise EOFError(b"end of a file")


@app.route("/eof-body", methods="POST")
def eof_body(req, resp):
    yield from req.reader.readexactly(4)


@app.route("/memory")
def memory(req, resp):
    raise MemoryError("memory")
    yield


# Errors that its own handle_exc() answers

class Own(picoweb.WebApp):

    def handle_exc(self, req, resp, e):
        if str(e) == "silent":
            return
        if str(e) == "worse":
            raise KeyError("handle_exc fails")
        if str(e) == "half":
            yield from resp.awrite("half")
            raise KeyError("handle_exc fails")
        if str(e) == "status":
            raise picoweb.HTTPException(403, {"A": "b"})
        if str(e) == "status-half":
            yield from resp.awrite("half")
            raise picoweb.HTTPException(403)
        yield from picoweb.start_response(resp, "text/plain", 503)
        yield from resp.awrite("own %s %s" % (req.path, e))


class OwnAsync(picoweb.WebApp):

    async def handle_exc(self, req, resp, e):
        if str(e) == "status":
            raise picoweb.HTTPException(403)
        await picoweb.http_error(resp, 502)


class OwnPlain(picoweb.WebApp):

    def handle_exc(self, req, resp, e):
        if str(e) == "status":
            raise picoweb.HTTPException(403)


def fails(req, resp):
    yield from ()
    raise ValueError(req.qs)


def fails_late(req, resp):
    yield from picoweb.start_response(resp)
    raise ValueError("late")


for name, cls in (("own", Own), ("own-async", OwnAsync), ("own-plain", OwnPlain)):
    sub = cls(__name__, [("/", fails), ("/late", fails_late), ("/status", status_subclass)], serve_static=False)
    app.mount("/" + name, sub)


if __name__ == "__main__":
    app.run(debug=0)
