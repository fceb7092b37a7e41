"""Static files, sendfile, templates, and resources of a package."""

import os
import random

import pytest

import harness
from vectors import error

APP = '''
import picoweb
try:
    import re
except ImportError:
    import ure as re

app = picoweb.WebApp(__name__)
plain = picoweb.WebApp(None, serve_static=False)
app.mount("/plain", plain)


@app.route("/sendfile")
def sendfile(req, resp):
    yield from app.sendfile(resp, "data/a.bin")


@app.route("/sendfile-type")
async def sendfile_type(req, resp):
    await app.sendfile(resp, "data/a.bin", "text/x", {"A": "b"})


@app.route("/sendfile-missing")
def sendfile_missing(req, resp):
    yield from app.sendfile(resp, "data/missing.bin")


# The head contains text from the client.
@app.route("/sendfile-headers")
def sendfile_headers(req, resp):
    req.parse_qs()
    yield from app.sendfile(resp, "data/a.bin", headers={"A": req.form["a"]})


@app.route("/sendfile-of-type")
def sendfile_of_type(req, resp):
    req.parse_qs()
    yield from app.sendfile(resp, "data/a.bin", req.form["a"])


@app.route("/sendfile-lines")
def sendfile_lines(req, resp):
    req.parse_qs()
    yield from app.sendfile(resp, "data/a.bin", headers=req.form["a"])


# What a handler writes after a helper arrives, too.
@app.route("/sendfile-and-more")
def sendfile_and_more(req, resp):
    yield from app.sendfile(resp, "static/a.html", "text/html")
    yield from app.sendfile(resp, "static/a.txt", "text/x")
    yield from resp.awrite("more")


@app.route("/file-in-a-page")
def file_in_a_page(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.sendfile(resp, "static/nothing.html")


@app.route("/file-in-a-page-async")
async def file_in_a_page_async(req, resp):
    await picoweb.start_response(resp)
    await app.sendfile(resp, "static/nothing.html")


# Text files have no readinto(): a file opened in text mode by mistake, on a PC too.
@app.route("/sendstream-text")
def sendstream_text(req, resp):
    yield from picoweb.start_response(resp)
    with open("static/a.txt") as f:
        yield from picoweb.sendstream(resp, f)


@app.route("/sendstream")
def sendstream(req, resp):
    yield from picoweb.start_response(resp)
    with open("static/long.bin", "rb") as f:
        yield from picoweb.sendstream(resp, f)


@app.route(re.compile("^/bufsz/(.+)"))
def bufsz(req, resp):
    size = picoweb.SEND_BUFSZ
    picoweb.SEND_BUFSZ = int(req.url_match.group(1))
    yield from app.sendfile(resp, "static/long.bin")
    picoweb.SEND_BUFSZ = size


@app.route("/template")
def template(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page.tpl", (req.qs, 3))


@app.route("/template-async")
async def template_async(req, resp):
    await picoweb.start_response(resp)
    await app.render_template(resp, "page.tpl", (req.qs, 3))


@app.route("/template-no-args")
def template_no_args(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "bare.tpl")


@app.route("/template-long")
def template_long(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page.tpl", ("x", 2000))


@app.route("/str")
def string(req, resp):
    yield from picoweb.jsonify(resp, [app.render_str("page.tpl", ("\\u20ac", 1)), app.render_str("bare.tpl")])


@app.route("/template-missing")
def template_missing(req, resp):
    yield from app.render_template(resp, "missing.tpl")


@app.route("/template-missing-late")
def template_missing_late(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "missing.tpl")


@app.route("/str-missing")
def str_missing(req, resp):
    return app.render_str("missing.tpl")


@app.route("/returned")
def returned(req, resp):
    return app.render_str("bare.tpl")


@app.route("/preloaded")
def preloaded(req, resp):
    yield from picoweb.start_response(resp)
    for part in preload("\u20ac", 1):
        yield from resp.awrite(part)


# Apps call this before there is a server.
preload = app._load_template("page.tpl")

app.run(debug=0)
'''

LONG = bytes(range(251)) * 400
NAMES = {
    "a.html": "text/html; charset=utf-8", "a.htm": "text/html; charset=utf-8", "a.css": "text/css; charset=utf-8",
    "a.js": "text/javascript; charset=utf-8", "a.mjs": "text/javascript; charset=utf-8", "a.json": "application/json",
    "a.svg": "image/svg+xml", "a.ico": "image/x-icon", "a.png": "image/png", "a.jpg": "image/jpeg", "a.jpeg": "image/jpeg",
    "a.gif": "image/gif", "a.webp": "image/webp", "a.woff2": "font/woff2", "a.wasm": "application/wasm",
    "a.txt": "text/plain; charset=utf-8", "a.xml": "text/xml; charset=utf-8", "a.pdf": "application/pdf",
    "a.csv": "text/csv; charset=utf-8", "B.HTML": "text/html; charset=utf-8", "B.PnG": "image/png",
    "a.min.js": "text/javascript; charset=utf-8", "v1..2.txt": "text/plain; charset=utf-8",
    "...txt": "text/plain; charset=utf-8", "..txt": "text/plain; charset=utf-8", "no-type": "application/octet-stream",
    "a.unknown": "application/octet-stream", "sub.d/no-type": "application/octet-stream", ".hidden": "application/octet-stream",
    "a b.txt": "text/plain; charset=utf-8", "a+b.txt": "text/plain; charset=utf-8", "100%.txt": "text/plain; charset=utf-8", "\u017dofie.txt": "text/plain; charset=utf-8",
    "sub.d/a..b/c.txt": "text/plain; charset=utf-8", "a%2fb.txt": "text/plain; charset=utf-8",
    "empty.txt": "text/plain; charset=utf-8",
}
FILES = {"static/" + name: name if name != "empty.txt" else "" for name in NAMES}
FILES.update({
    "secret.txt": "secret", "static.txt": "secret", "data/a.bin": b"\0\xff", "static/long.bin": LONG,
    "static/z.js": "plain", "static/z.js.gz": b"\x1f\x8bzipped", "static/only.css.gz": b"\x1f\x8bonly",
    "static/dir.gz/x": "", "static/dir": "plain",
    "templates/page.tpl": "{% args name, n %}\n<b>{{name}}</b>\u017d\n{% for i in range(n) %}{{i}}\u20ac,{% endfor %}\n",
    "templates/bare.tpl": "bare \U0001f600\n",
})
HTML = "HTTP/1.0 200 NA\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


@pytest.fixture(scope="module")
def server(runtime):
    with harness.Server(runtime, APP, files=FILES) as server:
        yield server
        assert server.alive()
        with open(server._file("stdout")) as f:
            assert f.read() == ""
        assert server.stop() == 0


def get(server, target, headers=(), method="GET"):
    return harness.without_validators(server.raw(harness.request_bytes(method, target, headers)))


def sent(body, content_type, lines=""):
    body = body.encode() if isinstance(body, str) else body
    return ("HTTP/1.0 200 NA\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (content_type, len(body), lines)).encode() + body


def written(body, content_type, lines=""):
    """As a handler's sendfile() sends it: without a length, since the handler may write more."""
    body = body.encode() if isinstance(body, str) else body
    return ("HTTP/1.0 200 NA\r\nContent-Type: %s\r\n%s\r\n" % (content_type, lines)).encode() + body


def quoted(name):
    return "".join(c if c in "/." or c.isalnum() and c.isascii() else "".join("%%%02x" % b for b in c.encode()) for c in name)


@pytest.mark.parametrize("name", NAMES)
def test_static(server, name):
    reply = sent(FILES["static/" + name], NAMES[name])
    assert get(server, "/static/" + quoted(name)) == reply
    assert get(server, "/static/" + quoted(name) + "?v=1") == reply
    assert get(server, "/static/" + quoted(name), method="HEAD") == reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def test_static_long(server):
    assert get(server, "/static/long.bin") == sent(LONG, "application/octet-stream")


def test_static_that_is_not_encoded(server):
    """Percent signs that do not begin an escape are literal, a plus is not a space, and a name may be sent unencoded."""
    for target, name in (("100%.txt", "100%.txt"), ("100%25.txt", "100%.txt"), ("a+b.txt", "a+b.txt"), ("a%20b.txt", "a b.txt"),
                         ("a%252fb.txt", "a%2fb.txt"), ("\u017dofie.txt", "\u017dofie.txt"), ("sub%2Ed/a%2e.b/c.txt", "sub.d/a..b/c.txt")):
        assert get(server, "/static/" + target) == sent(name, "text/plain; charset=utf-8"), target


MISSING = ["/static/missing.txt", "/static/", "/static", "/static/sub.d", "/static/sub.d/", "/static/a.txt/", "/static/a.txt/b",
           "/static/" + "x" * 300, "/static/" + "x/" * 150, "/static/a.TXT", "/static/sub.d/missing", "/staticx/a.txt", "/x/static/a.txt",
           "/static.txt", "/plain/static/a.txt", "/static/a%2520b.txt", "/static/a+b%2etxt+", "/static/%ff"]


@pytest.mark.parametrize("target", MISSING, ids=[target[:20] for target in MISSING])
def test_static_missing(server, target):
    assert get(server, target) == error(404)
    assert server.log().count("Traceback") == 0


def test_path_that_is_too_long_for_a_regex(server):
    """MicroPython's regexes recurse for each character."""
    assert get(server, "/static/" + "x/" * 900) in (error(404), error(414))
    assert "Traceback" not in server.log()


TRAVERSAL = [
    "/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/.%2E/secret.txt", "/static/..%2fsecret.txt", "/static/..%2Fsecret.txt",
    "/static%2f..%2fsecret.txt", "/static/%2e%2e%2fsecret.txt", "/static/..%5csecret.txt", "/static/..\\secret.txt",
    "/static/%2e%2e%5csecret.txt", "/static/sub.d/../../secret.txt", "/static/sub.d/..%2f../secret.txt", "/static/%252e%252e/secret.txt",
    "/static/..%252fsecret.txt", "/static/..%c0%afsecret.txt", "/static/%c0%ae%c0%ae/secret.txt", "/static/%u002e%u002e/secret.txt",
    "/static/..;/secret.txt", "/static/../../../../../../etc/passwd", "/static//etc/passwd", "/static/%2fetc/passwd",
    "/static/%2Fetc%2Fpasswd", "/static/..", "/static/%2e%2e", "/static/../static/a.txt", "/static/a.txt%00", "/static/a.txt%00.html",
    "/static/%00", "/static/..%00/secret.txt", "/static/a.txt%0a", "/../secret.txt", "/%2e%2e/secret.txt",
    "http://x/static/../secret.txt", "/static/sub.d%2Fno-type", "/static/sub.d%5cno-type", "/static/x/..", "/static/../../" + "static/secret.txt",
]


@pytest.mark.parametrize("target", TRAVERSAL)
def test_static_never_leaves_its_folder(server, target):
    assert get(server, target) in (error(403), error(404))


@pytest.mark.parametrize("up", ["..%5c", "..\\", "x%5c..%5c..%5c", "x/..%5c..%5c", "%2e%2e%5c"])
def test_a_backslash_parts_segments(server, up):
    """On Windows it does; what serves there is refused here, too."""
    assert get(server, "/static/%ssecret.txt" % up) == error(403)
    assert get(server, "/static/x%5csecret..txt") == error(404)


def test_dots_are_judged_as_segments(server):
    assert get(server, "/static/../static/a.txt") == error(403)
    assert get(server, "/static/v1..2.txt") == sent("v1..2.txt", "text/plain; charset=utf-8")


GZIP = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
ENCODINGS = [
    ("gzip", True), ("gzip, deflate, br", True), ("deflate,gzip", True), ("gzip;q=1", True), ("br;q=0.5, gzip; q=1.0", True), ("x, gzip ,y", True),
    ("gzip;q=0.5", False), ("br;q=1, gzip; q=0.8", False), ("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.0", False), ("xgzip", False), ("br", False),
]


@pytest.mark.parametrize("value, zipped", ENCODINGS, ids=[row[0] or "none" for row in ENCODINGS])
def test_gzip_sibling(server, value, zipped):
    reply = get(server, "/static/z.js", {"Accept-Encoding": value} if value else ())
    js = "text/javascript; charset=utf-8"
    assert reply == (sent(b"\x1f\x8bzipped", js, GZIP) if zipped else sent("plain", js))


def test_gzip_without_a_sibling(server):
    accept = {"Accept-Encoding": "gzip"}
    assert get(server, "/static/a.txt", accept) == sent("a.txt", "text/plain; charset=utf-8")
    assert get(server, "/static/missing.txt", accept) == error(404)
    assert get(server, "/static/dir", accept) == sent("plain", "application/octet-stream")
    assert get(server, "/static/../secret.txt", accept) == error(403)
    assert get(server, "/static/only.css", accept) == sent(b"\x1f\x8bonly", "text/css; charset=utf-8", GZIP)
    assert get(server, "/static/only.css") == error(404)


# Validators and ranges. LONG has 100,400 bytes; {etag} stands for the file's own tag.

def etag(server, name):
    info = os.stat(os.path.join(server.folder, "static", name))
    return '"%x-%x"' % (info.st_size, int(info.st_mtime))


def fields_for(server, name, fields):
    return [(key, value.replace("{etag}", etag(server, name))) for key, value in fields.items()]


OCTETS = "application/octet-stream"
SIZE = len(LONG)


def whole(tag, method="GET"):
    head = "HTTP/1.0 200 NA\r\nContent-Type: %s\r\nContent-Length: %d\r\nAccept-Ranges: bytes\r\nETag: %s\r\n\r\n" % (OCTETS, SIZE, tag)
    return head.encode() + (LONG if method != "HEAD" else b"")


def part(tag, first, last):
    head = ("HTTP/1.0 206 NA\r\nContent-Type: %s\r\nContent-Length: %d\r\nAccept-Ranges: bytes\r\nETag: %s\r\nContent-Range: bytes %d-%d/%d\r\n\r\n"
            % (OCTETS, last - first + 1, tag, first, last, SIZE))
    return head.encode() + LONG[first:last + 1]


def not_modified(tag):
    return ("HTTP/1.0 304 NA\r\nContent-Type: %s\r\nETag: %s\r\n\r\n" % (OCTETS, tag)).encode()


PAST_THE_END = error(416).replace(b"Content-Length", b"Content-Range: bytes */%d\r\nContent-Length" % SIZE)

# What the client says, and the status; for 206, the first and the last byte.
CONDITIONS = [
    ("the same tag", {"If-None-Match": "{etag}"}, 304),
    ("another tag", {"If-None-Match": '"x"'}, 200),
    ("the same, weak", {"If-None-Match": "W/{etag}"}, 304),
    ("in a list", {"If-None-Match": '"a", W/"b,c" , {etag}'}, 304),
    ("in a list without spaces", {"If-None-Match": '"a",{etag},"b"'}, 304),
    ("not in a list", {"If-None-Match": '"a", W/"b"'}, 200),
    ("any", {"If-None-Match": "*"}, 304),
    ("any, as a tag", {"If-None-Match": '"*"'}, 200),
    ("without quotes", {"If-None-Match": "18830-1"}, 200),
    ("no tag", {"If-None-Match": ""}, 200),
    ("an empty tag", {"If-None-Match": '""'}, 200),
    ("a date", {"If-Modified-Since": "Fri, 31 Dec 2100 23:59:59 GMT"}, 200),  # no Last-Modified was sent
    ("to be the same", {"If-Match": "{etag}"}, 200),
    ("to be in a list", {"If-Match": '"a", {etag}'}, 200),
    ("to be there", {"If-Match": "*"}, 200),
    ("to be another", {"If-Match": '"a"'}, 412),
    ("to be the same, weak", {"If-Match": "W/{etag}"}, 412),
    ("to be the same, and not", {"If-Match": "{etag}", "If-None-Match": "{etag}"}, 304),

    ("the first byte", {"Range": "bytes=0-0"}, (0, 0)),
    ("a part", {"Range": "bytes=1000-1999"}, (1000, 1999)),
    ("the rest", {"Range": "bytes=100300-"}, (100300, SIZE - 1)),
    ("everything", {"Range": "bytes=0-"}, (0, SIZE - 1)),
    ("the last bytes", {"Range": "bytes=-500"}, (SIZE - 500, SIZE - 1)),
    ("the last byte", {"Range": "bytes=%d-" % (SIZE - 1)}, (SIZE - 1, SIZE - 1)),
    ("more than there is", {"Range": "bytes=100399-200000"}, (100399, SIZE - 1)),
    ("more last bytes than there are", {"Range": "bytes=-200000"}, (0, SIZE - 1)),
    ("the unit in another case", {"Range": "Bytes=5-6"}, (5, 6)),
    ("with zeros before it", {"Range": "bytes=0005-0006"}, (5, 6)),
    ("from the end on", {"Range": "bytes=%d-" % SIZE}, 416),
    ("past the end", {"Range": "bytes=200000-200001"}, 416),
    ("far past the end", {"Range": "bytes=%s-" % ("9" * 30)}, 416),
    ("no last bytes", {"Range": "bytes=-0"}, 416),
    ("backwards", {"Range": "bytes=6-5"}, 200),
    ("backwards past the end", {"Range": "bytes=200001-200000"}, 200),
    ("two parts", {"Range": "bytes=0-1,5-6"}, 200),
    ("another unit", {"Range": "lines=0-1"}, 200),
    ("no unit", {"Range": "0-1"}, 200),
    ("no range", {"Range": "bytes="}, 200),
    ("a dash", {"Range": "bytes=-"}, 200),
    ("one number", {"Range": "bytes=5"}, 200),
    ("two dashes", {"Range": "bytes=1-2-3"}, 200),
    ("a sign", {"Range": "bytes=+1-2"}, 200),
    ("a negative end", {"Range": "bytes=1--2"}, 200),
    ("words", {"Range": "bytes=a-b"}, 200),
    ("hexadecimal", {"Range": "bytes=0x1-0x2"}, 200),
    ("spaces inside", {"Range": "bytes=1 - 2"}, 200),
    ("digits of another script", {"Range": "bytes=\u0661-\u0662"}, 200),
    ("digits without end", {"Range": "bytes=0-" + "9" * 3000}, 200),

    ("if the same", {"Range": "bytes=1-2", "If-Range": "{etag}"}, (1, 2)),
    ("if another", {"Range": "bytes=1-2", "If-Range": '"x"'}, 200),
    ("if the same, weak", {"Range": "bytes=1-2", "If-Range": "W/{etag}"}, 200),
    ("if since then", {"Range": "bytes=1-2", "If-Range": "Fri, 31 Dec 2100 23:59:59 GMT"}, 200),
    ("if another, past the end", {"Range": "bytes=200000-", "If-Range": '"x"'}, 200),
    ("a part of what is known", {"Range": "bytes=1-2", "If-None-Match": "{etag}"}, 304),
    ("a part of what is not known", {"Range": "bytes=1-2", "If-None-Match": '"x"'}, (1, 2)),
    ("a part past the end of what is known", {"Range": "bytes=200000-", "If-None-Match": "{etag}"}, 304),
]


@pytest.mark.parametrize("fields, status", [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS])
def test_condition(server, fields, status):
    tag = etag(server, "long.bin")
    replies = {200: whole(tag), 304: not_modified(tag), 412: error(412), 416: PAST_THE_END}
    expected = replies[status] if isinstance(status, int) else part(tag, *status)
    fields = fields_for(server, "long.bin", fields)
    for method in "GET", "HEAD", "POST":
        if method == "HEAD":  # RFC 9110 section 14.2: Range is for GET
            expected = replies[status if status in (304, 412) else 200].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        elif method == "POST":
            expected = replies[412 if status == 412 else 200]
        assert server.raw(harness.request_bytes(method, "/static/long.bin", fields)) == expected


def test_validators_of_a_compressed_file(server):
    """It has its own ETag and ranges."""
    packed = {"Accept-Encoding": "gzip"}
    plain, zipped = server.get("/static/z.js"), server.get("/static/z.js", packed)
    assert plain.header("ETag") == etag(server, "z.js") != zipped.header("ETag") == etag(server, "z.js.gz")
    same = server.get("/static/z.js", dict(packed, **{"If-None-Match": zipped.header("ETag")}))
    assert (same.status, same.header("Vary"), same.header("ETag"), same.body) == (304, "Accept-Encoding", zipped.header("ETag"), b"")
    assert server.get("/static/z.js", {"If-None-Match": zipped.header("ETag")}).body == b"plain"
    assert server.get("/static/z.js", dict(packed, Range="bytes=2-4")).body == b"zip"
    assert server.get("/static/z.js", {"Range": "bytes=2-4"}).body == b"ain"


def test_conditions_of_an_empty_file(server):
    for value in "bytes=0-", "bytes=-1", "bytes=0-0":
        assert get(server, "/static/empty.txt", {"Range": value}) == sent("", "text/plain; charset=utf-8")
    assert server.get("/static/empty.txt", {"If-None-Match": etag(server, "empty.txt")}).status == 304


def test_conditions_of_no_file(server):
    for fields in {"Range": "bytes=0-1"}, {"If-None-Match": "*"}, {"If-Match": "*"}:
        assert get(server, "/static/missing.txt", fields) == error(404)
        assert get(server, "/static/../secret.txt", fields) == error(403)


def test_a_file_that_changes(serve):
    server = serve("import picoweb\npicoweb.WebApp(None).run(debug=0)\n", files={"static/a.txt": "old"})
    path = os.path.join(server.folder, "static", "a.txt")
    old = server.get("/static/a.txt").header("ETag")
    harness.write_files(server.folder, {"static/a.txt": "newer"})
    newer = server.get("/static/a.txt", {"If-None-Match": old})
    assert newer.status == 200 and newer.text == "newer" and newer.header("ETag") != old
    assert server.get("/static/a.txt", {"If-Range": old, "Range": "bytes=1-"}).text == "newer"
    assert server.get("/static/a.txt", {"If-None-Match": newer.header("ETag")}).status == 304
    os.utime(path, (2000000000, 2000000000))  # of the same size
    assert server.get("/static/a.txt", {"If-None-Match": newer.header("ETag")}).status == 200
    os.utime(path, (0, 0))  # as on a board without a clock, where each version has this time
    assert server.get("/static/a.txt").header("ETag") is None
    assert server.get("/static/a.txt", {"If-None-Match": '""'}).text == "newer"
    assert server.get("/static/a.txt", {"If-None-Match": "*"}).status == 304
    assert server.get("/static/a.txt", {"If-Range": '""', "Range": "bytes=1-"}).status == 200
    assert server.get("/static/a.txt", {"Range": "bytes=1-"}).text == "ewer"


def test_cache_control(serve):
    server = serve("import picoweb\nclass App(picoweb.WebApp):\n    cache_control = 'max-age=60'\nApp(None).run(debug=0)\n",
                   files={"static/a.txt": "a", "static/a.txt.gz": "z"})
    tag = server.get("/static/a.txt").header("ETag")
    for fields, status in ({}, 200), ({"Accept-Encoding": "gzip"}, 200), ({"Range": "bytes=0-0"}, 206), ({"If-None-Match": tag}, 304):
        response = server.get("/static/a.txt", fields)
        assert (response.status, response.header("Cache-Control")) == (status, "max-age=60")
    assert server.get("/static/b.txt").header("Cache-Control") is None
    assert server.get("/static/a.txt", {"Range": "bytes=9-"}).header("Cache-Control") is None


def test_an_app_that_skips_headers_sends_all(serve):
    server = serve("import picoweb\napp = picoweb.WebApp(None)\napp.headers_mode = 'skip'\napp.run(debug=0)\n", files={"static/a.txt": "a"})
    assert server.get("/static/a.txt", {"If-None-Match": "*", "Range": "bytes=9-"}).text == "a"


CONDITION_PIECES = ["bytes", "=", "-", ",", "0", "1", "5", "99", "100399", "100400", "9" * 20, "*", '"', '""', "W/", "w/", "{etag}", "{etag}", '"x"',
                    " ", "\t", ";", "bytes=0-1", "bytes=-2", "lines=", "\u00e9", "%", "Fri, 31 Dec 2100 23:59:59 GMT"]


def test_conditions_fuzzed(server):
    """Every response is consistent: a part is what Content-Range says, and everything else is complete."""
    rng = random.Random(harness.SEED)
    tag = etag(server, "long.bin")
    seen = {}
    for i in range(harness.fuzz_count(200)):
        fields = {}
        for name in rng.sample(["Range", "Range", "If-None-Match", "If-Range", "If-Match"], rng.choice((1, 1, 2, 3))):
            seed = rng.choice([[], ["bytes=5-99"], ["bytes=-7"], ["bytes=100400-"], ["{etag}"]] if name == "Range" else [[], ["{etag}"], ['"x", ', "{etag}"]])
            fields[name] = "".join(seed + rng.choices(CONDITION_PIECES, k=rng.choice((0, 0, 0, 1, 5)))).replace("{etag}", tag)
        reply = server.raw(harness.request_bytes("GET", "/static/long.bin", fields))
        what = "seed %d, input %d: %r" % (harness.SEED, i, fields)
        response = harness.Response(reply)
        seen[response.status] = seen.get(response.status, 0) + 1
        if response.status == 206:
            first, last = (int(n) for n in response.header("Content-Range")[len("bytes "):].partition("/")[0].split("-"))
            assert reply == part(tag, first, last), what
            assert fields.get("If-Range", tag).strip() == tag, what
            wanted = fields["Range"].strip()[6:].partition("-")
            assert first == (int(wanted[0]) if wanted[0] else max(SIZE - int(wanted[2]), 0)), what
            assert last == (min(int(wanted[2]), SIZE - 1) if wanted[0] and wanted[2] else SIZE - 1), what
        elif response.status == 304:
            assert reply == not_modified(tag) and (tag in fields["If-None-Match"] or fields["If-None-Match"].strip() == "*"), what
        else:
            assert reply == {200: whole(tag), 412: error(412), 416: PAST_THE_END}[response.status], what
            assert response.status != 416 or "Range" in fields, what
            assert response.status != 412 or "If-Match" in fields, what
    assert set(seen) == {200, 206, 304, 412, 416}, seen


def test_sendfile(server):
    assert get(server, "/sendfile") == written(b"\0\xff", "application/octet-stream")
    assert get(server, "/sendfile-type") == written(b"\0\xff", "text/x", "A: b\r\n")
    assert get(server, "/sendfile-missing") == error(404)
    assert get(server, "/sendfile", method="HEAD") == written(b"", "application/octet-stream")


def test_sendfile_and_more(server):
    assert get(server, "/sendfile-and-more") == written("a.html", "text/html") + written("a.txt", "text/x") + b"more"


@pytest.mark.parametrize("path", ["/file-in-a-page", "/file-in-a-page-async"])
def test_sendfile_of_nothing_in_a_page(server, path):
    """The page is lost, but the log names the missing file."""
    before = len(server.log())
    assert get(server, path) == HTML.encode()
    lines = [line for line in server.log()[before:].splitlines() if "static/nothing.html" in line]
    assert len(lines) == 1 and "GET " + path in lines[0] and "404" in lines[0]


@pytest.mark.parametrize("text", ["%0d", "%0a", "%0d%0ac:%20d", "%0d%0a%0d%0ac", "%00"])
def test_sendfile_sends_no_lines_of_a_client(server, text):
    assert get(server, "/sendfile-headers?a=b") == written(b"\0\xff", "application/octet-stream", "A: b\r\n")
    assert get(server, "/sendfile-of-type?a=b") == written(b"\0\xff", "b")
    for path in ("/sendfile-headers", "/sendfile-of-type")[:1 if text == "%00" else 2]:
        for value in text, "b" + text, text + "b":
            assert get(server, "%s?a=%s" % (path, value)) == error(500)


def test_sendfile_of_lines_that_are_ready(server):
    assert get(server, "/sendfile-lines?a=A:%20b%0d%0aC:%20d") == written(b"\0\xff", "application/octet-stream", "A: b\r\nC: d\r\n")
    for value in "A:%20b%0d%0a%0d%0aC", "%0d%0aC", "%0d%0a", "A:%20b%0dC", "A:%20b%00":
        assert get(server, "/sendfile-lines?a=" + value) == error(500)


def test_sendstream(server):
    assert get(server, "/sendstream") == HTML.encode() + LONG
    assert get(server, "/sendstream-text") in (HTML.encode() + b"a.txt", HTML.encode())


@pytest.mark.parametrize("size", [1000, 200000])
def test_send_bufsz(server, size):
    assert get(server, "/bufsz/%d" % size) == written(LONG, "application/octet-stream")


def page(name, n):
    return HTML + "<b>%s</b>\u017d\n%s" % (name, "".join("%d\u20ac," % i for i in range(n)))


@pytest.mark.parametrize("path", ["/template", "/template-async"])
def test_template(server, path):
    reply = get(server, path + "?\u20ac")
    # utemplate drops the last line end.
    assert reply.rstrip(b"\n") == page("\u20ac", 3).encode()


def test_template_that_was_loaded_before_run(server):
    assert get(server, "/preloaded").rstrip(b"\n") == page("\u20ac", 1).encode()


def test_template_without_arguments(server):
    assert get(server, "/template-no-args").rstrip(b"\n") == (HTML + "bare \U0001f600").encode()


def test_long_template(server):
    assert get(server, "/template-long").rstrip(b"\n") == page("x", 2000).encode()


def test_template_as_text(server):
    texts = harness.Response(get(server, "/str")).json()
    assert [text.rstrip("\n") for text in texts] == [page("\u20ac", 1)[len(HTML):], "bare \U0001f600"]


def test_template_that_is_returned(server):
    body = get(server, "/returned").partition(b"\r\n\r\n")[2]
    assert body.rstrip(b"\n") == "bare \U0001f600".encode()
    assert get(server, "/returned") == sent(body, "text/html; charset=utf-8")


def test_missing_template(server):
    for path, reply in ("/template-missing", error(500)), ("/str-missing", error(500)), ("/template-missing-late", HTML.encode()):
        before = len(server.log())
        assert get(server, path) == reply
        assert "GET " + path in server.log()[before:] and "missing.tpl" in server.log()[before:]


PACKAGE = '''
import picoweb
app = picoweb.WebApp("pkg", serve_static=True)
@app.route("/")
def page(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "page.tpl", ("a", 1))
@app.route("/sendfile")
def sendfile(req, resp):
    yield from app.sendfile(resp, "data.txt")
app.run(debug=0)
'''
PACKAGE_FILES = {"pkg/__init__.py": "", "pkg/static/a.txt": "in the package", "pkg/data.txt": "data", "static/a.txt": "not in it",
                 "pkg/templates/__init__.py": "", "pkg/templates/page.tpl": "{% args name, n %}\n{{name}}{{n}}"}


def test_files_of_a_package(serve):
    server = serve(PACKAGE, files=PACKAGE_FILES)
    assert get(server, "/static/a.txt") == sent("in the package", "text/plain; charset=utf-8")
    assert get(server, "/sendfile") == written("data", "text/plain; charset=utf-8")
    assert get(server, "/static/missing.txt") == error(404)
    assert get(server, "/").rstrip(b"\n") == (HTML + "a1").encode()


def test_frozen_resources(serve, runtime):
    if runtime.is_cpython:
        pytest.skip("no R.py there")
    files = dict(PACKAGE_FILES, **{"pkg/R.py": "R = {'static/a.txt': b'frozen'}\n"})
    server = serve(PACKAGE, files=files)
    assert get(server, "/static/a.txt") == sent("frozen", "text/plain; charset=utf-8")
    assert server.get("/static/a.txt").header("ETag") is None  # though there is a file of that name
    assert server.get("/static/a.txt", {"Range": "bytes=2-4"}).body == b"oze"
    assert get(server, "/static/b.txt") == error(404)
    assert get(server, "/static/../data.txt") == error(403)


def test_what_a_file_system_says(serve, runtime):
    """For a missing file, and for other failures: the app's resources raise the error with the requested number."""
    if runtime.is_cpython:
        pytest.skip("no pkg_resources of that kind there")
    server = serve("import picoweb\napp = picoweb.WebApp(None)\napp.run(debug=0)\n", files={
        "pkg_resources.py": "def resource_stream(pkg, name):\n    raise OSError(int(name.split('/')[1]))\n"})
    for number in 2, 13, 20, 21, 22, 36:  # ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG
        assert get(server, "/static/%d" % number) == error(404)
    assert "Traceback" not in server.log()
    for number in 5, 12, 23, 24:  # EIO, ENOMEM, ENFILE, EMFILE
        assert get(server, "/static/%d" % number) == error(500)
    assert server.log().count("Traceback") == 4


def test_a_directory_costs_no_descriptor(serve):
    """A directory that can be opened, but not read, has to be closed."""
    server = serve(APP, files=dict(FILES, **{"static/folder/a.txt": "a"}))
    server.get("/static/folder/a.txt")
    folder = "/proc/%d/fd" % server.pid
    before = len(os.listdir(folder))
    for _ in range(3):
        assert server.get("/static/folder").status == 404
    assert len(os.listdir(folder)) == before
