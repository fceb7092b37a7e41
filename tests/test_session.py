"""Sessions, cookies, authentication and CORS, over whole responses."""

import base64
import hashlib
import hmac
import json
import os
import random
import time

import pytest

import harness
from test_multipart import INPUTS, SEED, mutate

APP = os.path.join(harness.HERE, "apps", "accounts.py")
HTML = "text/html; charset=utf-8"
# The oldest and the newest stand for those between them.
FEW_CPYTHONS = True
ORIGIN = {"Origin": "http://a.example"}


def wire(status, body, *fields, kind=HTML):
    """A whole response to a request without Origin; its fields come right after the status line."""
    lines = ["HTTP/1.0 %d NA" % status, "Vary: Origin", *fields, "Content-Type: " + kind]
    return ("\r\n".join(lines) + "\r\nContent-Length: %d\r\n\r\n%s" % (len(body.encode()), body)).encode()


# Sessions

def sign(data, secret=b"a secret", name=b"session"):
    """The cookie of a session, made by independent code."""
    text = base64.b64encode(json.dumps(data).encode() if not isinstance(data, bytes) else data)
    return (text + b"." + base64.b64encode(hmac.new(secret, name + b"=" + text, hashlib.sha256).digest())).decode()


def unsign(response):
    cookie, = [value for value in response.all("Set-Cookie") if value.startswith("session=")]
    value, _, attributes = cookie[8:].partition("; ")
    assert attributes == "Path=/; Max-Age=1000; HttpOnly; SameSite=Lax"
    data, expires = json.loads(base64.b64decode(value.partition(".")[0]))
    assert sign(base64.b64decode(value.partition(".")[0])) == value
    assert abs(expires - time.time() - 1000) < 100
    return data


def with_session(data, expires=900, **options):
    return {"Cookie": "other=1; session=" + sign([data, int(time.time()) + expires], **options)}


def test_a_session_lasts_from_request_to_request(server):
    first = server.get("/count")
    assert first.text == "1" and unsign(first) == {"n": 1}
    second = server.get("/count", {"Cookie": first.header("Set-Cookie").split(";")[0]})
    assert second.text == "2" and unsign(second) == {"n": 2}
    assert server.get("/count", with_session({"n": 41})).text == "42"


def test_a_handler_that_writes_its_response(server):
    response = server.get("/write")
    assert unsign(response) == {"n": 7} and response.body == b"written" and "a=1; Path=/; HttpOnly; SameSite=Lax" in response.all("Set-Cookie")
    assert server.get("/raw", ORIGIN).raw == (
        b"HTTP/1.0 200 OK\r\nVary: Origin\r\nAccess-Control-Allow-Origin: http://a.example\r\nAccess-Control-Allow-Credentials: true\r\n"
        b"Content-Type: text/plain\r\n\r\nraw")


@pytest.mark.parametrize("path, start", [("/no-body", b"HTTP/1.0 204 NA\r\n"), ("/no-body-304", b"HTTP/1.0 304 NA\r\n")])
def test_a_response_without_a_body_has_none_below_a_hook(server, path, start):
    raw = server.get(path).raw
    assert raw.startswith(start + b"Vary: Origin\r\n") and raw.find(b"\r\n\r\n") == len(raw) - 4


def test_an_unchanged_session_is_sent_again_only_when_it_gets_old(server):
    assert server.get("/look").all("Set-Cookie") == []
    assert server.get("/look", with_session({"n": 1}, 600)).all("Set-Cookie") == []
    response = server.get("/look", with_session({"n": 1}, 400))
    assert response.json() == {"n": 1} and unsign(response) == {"n": 1}


def test_an_empty_session_is_forgotten_even_with_an_error(server):
    response = server.request("POST", "/leave", with_session({"n": 1}))
    assert response.status == 303 and response.header("Location") == "/look"
    assert response.header("Set-Cookie") == "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"


def test_a_second_session_with_a_long_secret(server):
    cookie = server.get("/inner/", {"Authorization": basic("admin:swordfish")}).header("Set-Cookie")
    value, _, attributes = cookie[6:].partition("; ")
    data = base64.b64decode(value.partition(".")[0])
    assert value == sign(data, b"a longer secret" * 7, b"inner") and json.loads(data)[0] == {"seen": True}
    assert cookie.startswith("inner=") and attributes == "Path=/; Max-Age=1000; HttpOnly; Secure; SameSite=Lax"


FORGED = [
    ("another secret", sign([{"n": 1}, 1 << 31], secret=b"b secret")), ("another cookie", sign([{"n": 1}, 1 << 31], name=b"other")),
    ("expired", sign([{"n": 1}, int(time.time()) - 5])), ("no signature", sign([{"n": 1}, 1 << 31]).partition(".")[0]),
    ("half a signature", sign([{"n": 1}, 1 << 31])[:-20]), ("more than a signature", sign([{"n": 1}, 1 << 31]) + "A"),
    ("other data", sign([{"n": 1}, 1 << 31]).replace("W", "X", 1)), ("empty", ""), ("a dot", "."), ("not ASCII", "\u017c.\u017c"),
]


@pytest.mark.parametrize("name, value", FORGED, ids=[row[0] for row in FORGED])
def test_a_forged_session_is_none(server, name, value):
    request = "GET /look HTTP/1.0\r\nCookie: session=%s\r\n\r\n" % value
    assert server.raw(request.encode()) == wire(200, "{}", kind="application/json")
    assert server.get("/look", with_session({"n": 1})).json() == {"n": 1}


def test_a_session_that_is_too_large(server):
    assert server.get("/large").raw == wire(500, "500")


def test_without_header_fields(server):
    assert server.get("/skip", with_session({"n": 1})).raw == wire(200, "skipped").replace(b"Vary: Origin\r\n", b"Vary: Origin\r\n")


def test_an_interim_response_is_left_alone(server):
    with server.connect() as s:
        s.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        interim = s.recv(100)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(b"hello")
        assert harness.receive_all(s) == wire(200, "hello")


# Cookies

COOKIES = [
    ("first", "a=1; b=2", "1"), ("last", "b=2; a=1", "1"), ("without a space", "b=2;a=1;c=3", "1"), ("twice", "a=1; a=2", "1"),
    ("an equals sign", "a=b=c", "b=c"), ("empty", "a=", ""), ("another's name", "aa=1; ba=2", "none"), ("none", "", "none"), ("junk", ";;=;a", ""),
]


@pytest.mark.parametrize("name, cookie, value", COOKIES, ids=[row[0] for row in COOKIES])
def test_cookie(server, name, cookie, value):
    assert server.get("/cookie", {"Cookie": cookie}).text == value


def test_set_cookie(server):
    assert server.get("/cookies").all("Set-Cookie") == [
        "a=1; Path=/; HttpOnly; SameSite=Lax", "b=2; Path=/b; Domain=x.example; Max-Age=60; Secure; SameSite=Strict", "c=; Max-Age=0; HttpOnly"]
    assert server.get("/bad-cookies").json() == ["a=1;2", "a=1\r\n2", "a=\u017c", "a b=1", "=1", "a==1", 'a="1"', "path", "domain", "same_site"]


# Authentication

def basic(credentials, scheme="Basic"):
    return scheme + " " + base64.b64encode(credentials.encode()).decode()


BOARD = 'WWW-Authenticate: Basic realm="board"'
PICOWEB = 'WWW-Authenticate: Basic realm="picoweb"'
BEARER = 'WWW-Authenticate: Bearer realm="picoweb"'
AUTH = [
    ("a user", "/basic", basic("admin:swordfish"), "admin"), ("in lower case", "/basic", basic("admin:swordfish", "basic"), "admin"),
    ("not ASCII, with a colon", "/basic", basic("\u017c:\u00f3\u0142w: 1"), "\u017c"), ("a wrong password", "/basic", basic("admin:swordfisi"), BOARD),
    ("half a password", "/basic", basic("admin:sword"), BOARD), ("no password", "/basic", basic("admin:"), BOARD),
    ("no user", "/basic", basic("root:swordfish"), BOARD), ("the word for no user", "/basic", basic("root:no such user"), BOARD),
    ("an empty password", "/basic", basic("empty:"), BOARD), ("the word for no user, of one with an empty password", "/basic", basic("empty:no such user"), BOARD),
    ("no colon", "/basic", basic("admin"), BOARD), ("another's password", "/basic", basic("\u017c:swordfish"), BOARD),
    ("nothing", "/basic", "", BOARD), ("the scheme alone", "/basic", "Basic", BOARD), ("another scheme", "/basic", basic("admin:swordfish", "Digest"), BOARD),
    ("no Base64", "/basic", "Basic a", BOARD), ("no UTF-8", "/basic", "Basic /////w==", BOARD),
    ("a function", "/checked", basic("a:a"), '{"name": "a"}'), ("a function that refuses", "/checked", basic("a:b"), PICOWEB),
    ("a token", "/bearer", "Bearer secret token", "True"), ("in capitals", "/bearer", "BEARER secret token", "True"),
    ("a wrong token", "/bearer", "Bearer secret tokes", BEARER), ("half a token", "/bearer", "Bearer secret", BEARER),
    ("no token", "/bearer", "Bearer", BEARER), ("an empty token", "/empty-token", "Bearer", BEARER),
    ("an empty token after a space", "/empty-token", "Bearer ", BEARER), ("a password for a token", "/bearer", basic("secret:token"), BEARER),
    ("a function of tokens", "/bearers", "Bearer t1", "ann"), ("one that refuses", "/bearers", "Bearer t2", BEARER),
    ("a token that is no text", "/bearers", "Bearer \xff", BEARER),
]


@pytest.mark.parametrize("name, path, value, expected", AUTH, ids=[row[0] for row in AUTH])
def test_auth(server, name, path, value, expected):
    request = ("GET %s HTTP/1.0\r\nAuthorization: %s\r\n\r\n" % (path, value)).encode("latin-1")
    response = harness.Response(server.raw(request))
    if expected.startswith("WWW"):
        assert harness.in_order(response.raw) == harness.in_order(wire(401, "401", expected))
    else:
        assert (response.status, response.text) == (200, expected)


def test_auth_of_a_whole_app(server):
    assert server.get("/inner/").status == 401 and server.get("/inner/").json() == {"error": 401}
    assert server.get("/inner/", {"Authorization": basic("admin:swordfish")}).text == "inside, admin"
    assert server.get("/inner/x").json() == {"error": 404}
    # The password is checked before the app's own hooks.
    assert server.get("/inner/?stop").json() == {"error": 401}
    stopped = server.get("/inner/?stop", {"Authorization": basic("admin:swordfish")})
    assert stopped.json() == {"error": 418} and stopped.header("X-Hook") == "/"


# CORS

def cors(response):
    return {name[15:]: value for name, value in response.headers if name.startswith("Access-Control-")}


ALLOWED = {"Allow-Origin": "http://a.example", "Allow-Credentials": "true"}
ROWS = [
    ("a page", "GET", "/look", 200), ("one that is not there", "GET", "/nothing", 404), ("another method", "GET", "/echo", 405),
    ("one with a password", "GET", "/basic", 401), ("one that fails", "GET", "/fails", 500),
    ("options alone", "OPTIONS", "/echo", 204), ("an odd method", "FOO", "/bearer", 405),
]


@pytest.mark.parametrize("name, method, path, status", ROWS, ids=[row[0] for row in ROWS])
def test_cors(server, name, method, path, status):
    response = server.request(method, path, ORIGIN)
    assert response.status == status and response.header("Vary") == "Origin" and cors(response) == ALLOWED
    for origin in {}, {"Origin": "http://c.example"}, {"Origin": "http://a.example.c.example"}, {"Origin": "null"}:
        response = server.request(method, path, origin)
        assert response.status == status and response.header("Vary") == "Origin" and cors(response) == {}


def asks(method="PUT", headers=None, origin="http://a.example"):
    return [("Origin", origin), ("Access-Control-Request-Method", method)] + [("Access-Control-Request-Headers", h) for h in [headers] if h]


def test_preflight(server):
    expected = dict(ALLOWED, **{"Allow-Methods": "GET, PUT, HEAD, OPTIONS", "Allow-Headers": "X-Key, Content-Type", "Max-Age": "60"})
    response = server.request("OPTIONS", "/bearer", asks(headers="authorization"))
    assert response.status == 204 and cors(response) == expected and response.body == b""
    response = server.request("OPTIONS", "/bearer", asks(origin="http://c.example"))
    assert response.status == 204 and "Allow-Origin" not in cors(response)
    # A handler for all methods does not see it.
    response = server.request("OPTIONS", "/fails", asks("DELETE"))
    assert response.status == 204 and cors(response) == dict(expected, **{"Allow-Methods": "DELETE"})
    response = server.request("GET", "/empty", asks())  # not a preflight
    assert response.status == 204 and response.body == b"" and cors(response) == ALLOWED
    response = server.request("OPTIONS", "/nothing", asks())
    assert response.status == 404 and cors(response) == ALLOWED


ONE_SITE = """
import picoweb
from picoweb.cors import CORS
app = picoweb.WebApp(None, serve_static=False)
app.add_url_rule("/", lambda req, resp: "")
CORS(app, "https://panel.example.com")
app.run(debug=-1)
"""


def test_cors_for_one_site(serve):
    """A name that is a part of it is refused."""
    server = serve(ONE_SITE)
    assert cors(server.get("/", {"Origin": "https://panel.example.com"})) == {"Allow-Origin": "https://panel.example.com"}
    for origin in "https://panel.example", "https://panel.example.co", "https", "panel.example.com":
        assert cors(server.get("/", {"Origin": origin})) == {}


def test_options_has_no_body(server):
    """Regardless of what the app's error page writes."""
    response = server.request("OPTIONS", "/inner/")
    assert response.status == 204 and response.body == b"" and response.header("Allow") == "GET, HEAD, OPTIONS"
    assert server.request("PUT", "/inner/").json() == {"error": 405}


def test_cors_for_every_site(server):
    response = server.request("OPTIONS", "/inner/", asks("GET", "authorization, x-a"))
    assert response.status == 204 and response.body == b"" and cors(response) == {
        "Allow-Origin": "*", "Allow-Methods": "GET, HEAD, OPTIONS", "Allow-Headers": "authorization, x-a", "Max-Age": "600", "Expose-Headers": "X-Hook"}
    assert response.all("Vary") == []
    response = server.get("/inner/x", {"Origin": "http://c.example"})
    assert response.status == 404 and cors(response) == {"Allow-Origin": "*", "Expose-Headers": "X-Hook"}


def test_what_cannot_work_is_said_at_once(runtime):
    harness.run_inside(runtime, "\n".join((
        "import picoweb", "from picoweb.cors import CORS", "from picoweb.session import Sessions", "app = picoweb.WebApp(None)",
        "for make in (lambda: CORS(app, '*', credentials=True)), (lambda: Sessions(app, 'text')), (lambda: Sessions(app, b'')):",
        "    try:", "        make()", "    except ValueError:", "        continue", "    raise SystemExit(1)")))


# Damaged header fields
FIELDS = [
    ("Cookie", sign([{"n": 1}, 1 << 31])), ("Cookie", "session=" + sign([{"n": 1}, 1 << 31])), ("Authorization", basic("admin:swordfish")),
    ("Authorization", "Bearer secret token"), ("Origin", "http://a.example"), ("Access-Control-Request-Method", "PUT"),
    ("Access-Control-Request-Headers", "authorization"), ("Cookie", "a=1; session=" + sign(b"[1") + "; b"), ("Cookie", "session=" + sign(b"\xff")),
]


def test_hostile_fields(server):
    rng = random.Random(SEED)
    paths = ("/count", "/look", "/basic", "/checked", "/bearer", "/bearers", "/cookie", "/inner/", "/write", "/raw", "/nothing")
    for i in range(INPUTS):
        request = "%s %s HTTP/1.0\r\n" % (rng.choice(("GET", "PUT", "OPTIONS", "HEAD")), rng.choice(paths))
        request = request.encode()
        for name, value in rng.sample(FIELDS, rng.randrange(1, 4)):
            value = mutate(rng, value.encode()) if rng.random() < 0.8 else value.encode()
            request += b"%s: %s\r\n" % (name.encode(), value)
        raw = server.raw(request + b"\r\n", eof=True)
        where = "seed %d, input %d: %r" % (SEED, i, request)
        assert harness.Response(raw).status in (200, 204, 400, 401, 404, 405), where + " " + repr(raw)
    assert server.get("/count", with_session({"n": 1})).text == "2"
