"""Requests as bytes, and the whole reply that each gets from apps/echo.py. Data only; test_http.py and test_bodies.py read it.

Rows stand in groups. A group names the section that decides and the risk, which is what a wrong answer would make possible; where rows of a group
are accepted, at least one that differs from them in the point at issue is refused. A row may add why it is decided as it is.
"""

from collections import namedtuple

Row = namedtuple("Row", "name data reply section risk why")

RISKS = {
    "smuggling": "a proxy and picoweb see different requests in the same bytes: one client's bytes become another one's request",
    "splitting": "a value ends its line: who writes a value writes fields, or a response of their own",
    "poisoning": "a cache keeps the answer for one host or path under the name of another",
    "bypass": "a proxy allows one target or field, and the app acts on another",
    "injection": "control characters reach the log, a terminal or the app",
    "hang": "client and server wait for each other until one gives up",
    "truncation": "an app takes a part of a body for all of it",
    "exhaustion": "one client uses up the memory or the time of all",
    "desync": "a client takes a body for the next response, or waits for one that does not come",
    "refusal": "a client that keeps to the standard gets no answer",
}

# The limits of apps/echo.py.
MAX_REQUEST_LINE = 100
MAX_HEAD = 200
MAX_BODY = 60

OK = b"HTTP/1.0 200 NA\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
ERROR = b"HTTP/1.0 %d NA\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n\r\n%d"
ERROR_HEAD = b"HTTP/1.0 %d NA\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n\r\n"


def echo(method, path, qs=""):
    return OK + "\n".join((method, path, qs)).encode()


def error(status):
    return ERROR % (status, status)


def lines(*lines):
    return b"".join(line + b"\r\n" for line in lines + (b"",))


def line(text):
    """A request with only a request line, and Host for HTTP/1.1."""
    return lines(text, b"Host: x") if text.endswith(b"HTTP/1.1") else lines(text)


def fields(*pairs):
    return OK + "\n".join("%s=%s" % pair for pair in pairs).encode("latin-1")


def group(section, risk, *rows):
    """Rows (name, data, reply), or (name, data, reply, why)."""
    assert risk in RISKS, risk
    return [Row(row[0], row[1], row[2], section, risk, row[3] if len(row) > 3 else "") for row in rows]


def is_accepted(row):
    return row.reply[9:10] == b"2"


BAD = error(400)
NOT_IMPLEMENTED = error(501)
VERSION = error(505)
LONG_PATH = b"/" + b"x" * (MAX_REQUEST_LINE - len(b"GET / HTTP/1.0\r\n"))

REQUEST_LINE = [
    group("RFC 9112 section 2.3, RFC 9110 section 2.5", "smuggling",
          ("1.0", line(b"GET / HTTP/1.0"), echo("GET", "/")),
          ("1.1", line(b"GET / HTTP/1.1"), echo("GET", "/")),
          ("0.9", b"GET /\r\n", BAD, "what follows HTTP/0.9 would have no fields: a proxy may forward any bytes as such a request"),
          ("no version", lines(b"GET /"), BAD),
          ("1.2", lines(b"GET / HTTP/1.2", b"Host: x"), VERSION, "nobody knows what a later version would change in framing"),
          ("2.0", lines(b"PRI * HTTP/2.0", b"", b"SM"), VERSION, "the preface of HTTP/2"),
          ("0.9 by name", lines(b"GET / HTTP/0.9"), VERSION),
          ("1.10", lines(b"GET / HTTP/1.10"), BAD, "one digit each"),
          ("1.10 and LF", b"GET / HTTP/1.10\n\n", BAD),
          ("01.1", lines(b"GET / HTTP/01.1"), BAD),
          ("1,1", lines(b"GET / HTTP/1,1"), BAD),
          ("1.", lines(b"GET / HTTP/1."), BAD),
          ("1./", lines(b"GET / HTTP/1./"), BAD),
          ("1. and a letter", lines(b"GET / HTTP/1.a"), BAD),
          ("lower-case version", lines(b"GET / http/1.0"), BAD),
          ("version without a number", lines(b"GET / HTTP"), BAD),
          ("another protocol", lines(b"GET / RTSP/1.0"), BAD),
          ("yet another protocol", lines(b"SOURCE / ICE/1.0", b"Host: x"), BAD),
          ("version in other digits", lines(b"GET / HTTP/1.\xd9\xa1"), BAD)),
    group("RFC 9112 section 3", "smuggling",
          ("three words", line(b"GET /a HTTP/1.0"), echo("GET", "/a")),
          ("version in the target", lines(b"GET /a HTTP/1.0 HTTP/1.0"), BAD),
          ("no version by length", b"GET /x10\r\nHost:x\r\n\r\n", BAD),
          ("four words", lines(b"GET / x HTTP/1.0"), BAD),
          ("two spaces", lines(b"GET  / HTTP/1.0"), BAD),
          ("two spaces before the version", lines(b"GET /  HTTP/1.0"), BAD),
          ("space first", lines(b" GET / HTTP/1.0"), BAD),
          ("space last", lines(b"GET / HTTP/1.0 "), BAD),
          ("tab last", lines(b"GET / HTTP/1.0\t"), BAD),
          ("no method", lines(b"/ HTTP/1.0"), BAD),
          ("space for a method", lines(b" / HTTP/1.0"), BAD),
          ("one word", lines(b"GET"), BAD),
          ("a line of spaces", lines(b"   "), BAD),
          ("empty target", lines(b"GET  HTTP/1.0"), BAD),
          ("tabs", lines(b"GET\t/\tHTTP/1.0"), BAD),
          ("vertical tab", lines(b"GET\x0b/\x0bHTTP/1.0"), BAD),
          ("TLS", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\n", BAD, "a client that speaks TLS to a plain port")),
    group("RFC 9112 section 2.2", "smuggling",
          ("blank line before", b"\r\n" + lines(b"GET /a HTTP/1.0"), echo("GET", "/a")),
          ("LF line ends", b"GET /a HTTP/1.0\nHost: x\n\n", echo("GET", "/a"), "an LF alone may end a line"),
          ("LF blank line before", b"\nGET /a HTTP/1.0\n\n", echo("GET", "/a")),
          ("two blank lines before", b"\r\n\r\n" + lines(b"GET /a HTTP/1.0"), BAD, "who sends them on and on keeps the others from their turn"),
          ("blank lines alone", b"\r\n" * 300, BAD),
          ("LFs alone", b"\n\n", BAD),
          ("CR line ends", b"GET /a HTTP/1.0\r\r", BAD, "a CR alone does not"),
          ("CR after the version", b"GET /a HTTP/1.0\r\r\n\r\n", BAD),
          ("CR before", b"\r" + lines(b"GET /a HTTP/1.0"), BAD),
          ("white space before the fields", b"GET /a HTTP/1.1\r\n \r\nHost: x\r\n\r\n", BAD)),
    group("RFC 9110 sections 9.1 and 5.6.2", "bypass",
          ("method that nobody knows", line(b"BREW / HTTP/1.0"), echo("BREW", "/"), "what a method means is the handler's affair"),
          ("lower-case method", line(b"get / HTTP/1.0"), echo("get", "/"), "the method is case-sensitive: this is not GET"),
          ("method with a hyphen first", line(b"-bl / HTTP/1.0"), echo("-bl", "/"), "it is a token"),
          ("method with a hyphen", line(b"M-SEARCH / HTTP/1.0"), echo("M-SEARCH", "/")),
          ("method of all token characters", line(b"!#$%&'*+-.^_`|~09azAZ / HTTP/1.0"), echo("!#$%&'*+-.^_`|~09azAZ", "/")),
          ("method with a colon", lines(b"GET: / HTTP/1.0"), BAD),
          ("method with a slash", lines(b"G/T / HTTP/1.0"), BAD),
          ("method in brackets", lines(b"{GET} / HTTP/1.0"), BAD),
          ("method with quotes", lines(b'"GET" / HTTP/1.0'), BAD),
          ("method that is not ASCII", lines("GET\xdf / HTTP/1.0".encode()), BAD),
          ("method that is not UTF-8", lines(b"G\xff / HTTP/1.0"), BAD)),
    group("RFC 9110 section 5.6.2", "injection",
          ("control character in the method", lines(b"G\x1b[31mT / HTTP/1.0"), BAD, "the log shows it"),
          ("CR in the method", lines(b"GE\rT / HTTP/1.0"), BAD),
          ("NUL in the method", lines(b"GE\0T / HTTP/1.0"), BAD),
          ("DEL in the method", lines(b"GE\x7fT / HTTP/1.0"), BAD)),
    group("RFC 9112 section 3.2", "injection",
          ("tab in the target", lines(b"GET /a\tb HTTP/1.0"), BAD),
          ("CR in the target", lines(b"GET /a\rb HTTP/1.0"), BAD),
          ("NUL in the target", lines(b"GET /a\0b HTTP/1.0"), BAD),
          ("escape in the target", lines(b"GET /a\x1bb HTTP/1.0"), BAD),
          ("DEL in the target", lines(b"GET /a\x7fb HTTP/1.0"), BAD),
          ("DEL in the query", lines(b"GET /?a\x7fb HTTP/1.0"), BAD)),
    group("RFC 3986 section 3.4", "bypass",
          ("query", line(b"GET /a?b=c HTTP/1.0"), echo("GET", "/a", "b=c")),
          ("query of nothing", line(b"GET /a? HTTP/1.0"), echo("GET", "/a")),
          ("query with question mark", line(b"GET /a?b?c HTTP/1.0"), echo("GET", "/a", "b?c"), "the first one parts them"),
          ("query stays raw", line(b"GET /?a=%C3%A9&b=+%zz HTTP/1.0"), echo("GET", "/", "a=%C3%A9&b=+%zz"), "the form parser decodes it"),
          ("question mark in the path", line(b"GET /a%3Fb HTTP/1.0"), echo("GET", "/a%3Fb")),
          ("number sign", line(b"GET /a#b?c HTTP/1.0"), echo("GET", "/a#b", "c"), "no browser sends a fragment; from others it is a part of the path"),
          ("query without a path", lines(b"GET ?a HTTP/1.0"), BAD),
          ("number sign without a path", lines(b"GET #a HTTP/1.0"), BAD)),
    group("RFC 3986 section 2.1", "bypass",
          ("percent", line(b"GET /a%20b HTTP/1.0"), echo("GET", "/a%20b"), "the path is as the client sent it: apps decode it themselves"),
          ("percent lower case", line(b"GET /%c3%a9 HTTP/1.0"), echo("GET", "/%c3%a9")),
          ("percent without digits", line(b"GET /%zz%4%/% HTTP/1.0"), echo("GET", "/%zz%4%/%")),
          ("percent once", line(b"GET /%2541 HTTP/1.0"), echo("GET", "/%2541"), "an app that decodes it gets '/%41'"),
          ("percent not UTF-8", line(b"GET /%FF%C3 HTTP/1.0"), echo("GET", "/%FF%C3")),
          ("percent slash", line(b"GET /a%2Fb HTTP/1.0"), echo("GET", "/a%2Fb"), "a slash in a segment parts none"),
          ("plus in the path", line(b"GET /a+b HTTP/1.0"), echo("GET", "/a+b"), "only forms have spaces as pluses"),
          ("two slashes", line(b"GET //a HTTP/1.0"), echo("GET", "//a"), "a path, not an authority"),
          ("UTF-8 as it is", line("GET /\xe9?\u20ac HTTP/1.0".encode()), echo("GET", "/\xe9", "\u20ac"), "clients that do not encode"),
          ("not UTF-8 as it is", lines(b"GET /\xe9 HTTP/1.0"), BAD, "Latin-1, where nothing says so"),
          ("slash in two bytes", lines(b"GET /\xc0\xaf HTTP/1.0"), BAD, "UTF-8 has one form for each character: a slash that a proxy does not see")),
    group("RFC 9112 section 3.2.2", "poisoning",
          ("absolute", line(b"GET http://host:80/a?b HTTP/1.1"), echo("GET", "/a", "b")),
          ("absolute https", line(b"GET https://host/ HTTP/1.1"), echo("GET", "/")),
          ("absolute, upper case", line(b"GET HTTP://HOST/ HTTP/1.1"), echo("GET", "/")),
          ("absolute without a path", line(b"GET http://host HTTP/1.1"), echo("GET", "/"), "RFC 3986 section 6.2.3"),
          ("absolute with a query only", line(b"GET http://host?a/b HTTP/1.1"), echo("GET", "/", "a/b"), "RFC 3986 section 3.4"),
          ("absolute, IPv6", line(b"GET http://[::1]:80/a HTTP/1.1"), echo("GET", "/a")),
          ("absolute, another host in the field", lines(b"GET http://host:80/headers HTTP/1.1", b"Host: other"), fields(("Host", "host:80")),
           "the field is ignored: an app that builds links from it gets the host of the target"),
          ("absolute, with a query, another host", lines(b"GET http://host?a HTTP/1.1", b"Host: other"), echo("GET", "/", "a")),
          ("absolute, and no host field", lines(b"GET http://host/ HTTP/1.1"), BAD, "section 3.2: HTTP/1.1 has one all the same"),
          ("a path with a scheme in it", line(b"GET /http://host/a HTTP/1.1"), echo("GET", "/http://host/a"), "it begins with a slash"),
          ("absolute without a host", lines(b"GET http:///a HTTP/1.1", b"Host: x"), BAD),
          ("absolute with user information", lines(b"GET http://user:secret@host/a HTTP/1.1", b"Host: host"), BAD,
           "RFC 9110 section 4.2.4: it is an error, for it hides the host"),
          ("absolute, a host that is none", lines(b"GET s://]ufd/: HTTP/1.1", b"Host: x"), BAD),
          ("absolute, a scheme in other letters", lines("GET htt\xe9://x/a HTTP/1.1".encode(), b"Host: x"), BAD, "isalpha() of text would take it on CPython"),
          ("no slash", lines(b"GET a HTTP/1.0"), BAD),
          ("scheme without slashes", lines(b"GET http:/a HTTP/1.0"), BAD)),
    group("RFC 9112 section 3.2.3, RFC 9110 section 9.3.6", "bypass",
          ("authority", line(b"CONNECT host:80 HTTP/1.1"), NOT_IMPLEMENTED, "picoweb is no proxy"),
          ("authority, IPv6", line(b"CONNECT [::1]:443 HTTP/1.1"), NOT_IMPLEMENTED),
          ("authority without CONNECT", lines(b"GET host:80 HTTP/1.1", b"Host: x"), BAD)),
    group("RFC 9112 section 3.2.4", "bypass",
          ("asterisk", line(b"OPTIONS * HTTP/1.1"), echo("OPTIONS", "*")),
          ("asterisk without OPTIONS", lines(b"GET * HTTP/1.1", b"Host: x"), BAD),
          ("asterisk of SSDP", lines(b"M-SEARCH * HTTP/1.1", b"Host: 239.255.255.250:1900"), BAD, "that comes in datagrams"),
          ("more than an asterisk", lines(b"OPTIONS ** HTTP/1.1", b"Host: x"), BAD)),
    group("RFC 9110 section 15.5.15", "exhaustion",
          ("line at the limit", line(b"GET " + LONG_PATH + b" HTTP/1.0"), echo("GET", LONG_PATH.decode()),
           "max_request_line bytes, the line end among them"),
          ("line past the limit", lines(b"GET " + LONG_PATH + b"x HTTP/1.0"), error(414), "one more"),
          ("line without an end", (b"GET /" + b"x" * MAX_REQUEST_LINE)[:MAX_REQUEST_LINE + 1], error(414), "nobody waits for its end")),
]


def headers(*rows):
    return lines(b"GET /headers HTTP/1.0", *rows)


def host(*rows, version=b"1.1"):
    return lines(b"GET / HTTP/" + version, *rows)


HELLO = echo("GET", "/")

HOST = [
    group("RFC 9112 section 3.2, RFC 9110 section 7.2", "poisoning",
          ("host", host(b"Host: example.org"), HELLO),
          ("host in any case", host(b"hOST: example.org"), HELLO),
          ("host and port", host(b"Host: example.org:8081"), HELLO),
          ("host of digits", host(b"Host: 127.0.0.1"), HELLO),
          ("IPv6 host", host(b"Host: [::1]:8081"), HELLO),
          ("host with marks", host(b"Host: a-b_c~d.%41!$&'()*+;=:1"), HELLO, "RFC 3986 section 3.2.2: sub-delims"),
          ("host without a space", host(b"Host:x"), HELLO),
          ("host with white space around", host(b"Host: \t x \t"), HELLO),
          ("host last", host(b"A: b", b"Host: x"), HELLO),
          ("no host, HTTP/1.0", host(version=b"1.0"), HELLO),
          ("no host", host(), BAD),
          ("no host among fields", host(b"A: b", b"Hosts: x", b"Hos: t"), BAD),
          ("empty host", host(b"Host: "), BAD, "an http URI has a host (RFC 9110 section 4.2.1)"),
          ("two hosts", host(b"Host: x", b"Host: y"), BAD),
          ("two equal hosts", host(b"Host: x", b"Host: x"), BAD),
          ("two hosts in other cases", host(b"Host: x", b"host: y"), BAD),
          ("two hosts, HTTP/1.0", host(b"Host: x", b"Host: y", version=b"1.0"), BAD),
          ("two hosts in one", host(b"Host: x, y"), BAD),
          ("host with a space", host(b"Host: a b"), BAD),
          ("host with user information", host(b"Host: u@x"), BAD),
          ("host with a path", host(b"Host: x/y"), BAD),
          ("host with a query", host(b"Host: x?y"), BAD),
          ("host with a backslash", host(b"Host: x\\y"), BAD),
          ("host with NUL", host(b"Host: x\0y"), BAD),
          ("host that is not ASCII", host("Host: \xe9".encode()), BAD),
          ("a port that is none", host(b"Host: x:y"), BAD),
          ("two ports", host(b"Host: x:1:2"), BAD),
          ("a port alone", host(b"Host: :80"), BAD),
          ("IPv6 host without an end", host(b"Host: [::1"), BAD),
          ("bad host, HTTP/1.0", host(b"Host: a b", version=b"1.0"), BAD)),
]

# Refused whether or not a handler looks at the header fields.
BAD_FIELDS = [
    ("RFC 9112 section 5", "smuggling", "no colon", (b"Host",)),
    ("RFC 9112 section 5", "smuggling", "no name", (b": x",)),
    ("RFC 9112 section 5.1", "smuggling", "space before the colon", (b"Host : x",)),
    ("RFC 9112 section 5.1", "smuggling", "tab before the colon", (b"Host\t: x",)),
    ("RFC 9112 section 5.2", "smuggling", "folded line", (b"A: b", b" c")),
    ("RFC 9112 section 5.2", "smuggling", "folded line, tab", (b"A: b", b"\tc")),
    ("RFC 9112 section 5.2", "smuggling", "folded line that looks like a field", (b"A: b", b" Content-Length: 5")),
    ("RFC 9112 section 2.2", "smuggling", "space before the first name", (b" A: b",)),
    ("RFC 9112 section 5", "smuggling", "bad field after good ones", (b"A: b", b"C: d", b"e")),
    ("RFC 9112 section 2.2", "smuggling", "CR line end in the head", (b"A: b\rC: d", b"e")),
    ("RFC 9110 section 5.1", "bypass", "space inside a name", (b"A b: c",)),
    ("RFC 9110 section 5.1", "bypass", "brackets in a name", (b"A[b: c",)),
    ("RFC 9110 section 5.1", "bypass", "at sign at the end of a name", (b"Fo@: c",)),
    ("RFC 9110 section 5.1", "bypass", "slash for a name", (b"/: c",)),
    ("RFC 9110 section 5.1", "bypass", "brace for a name", (b"{: c",)),
    ("RFC 9110 section 5.1", "bypass", "quotes around a name", (b'"a": c',)),
    ("RFC 9110 section 5.1", "bypass", "name that is not ASCII", ("A\xe9b: c".encode(),)),
    ("RFC 9110 section 5.1", "bypass", "length's name with a letter that is not ASCII", ("Content-Length\xdf: 3".encode(),)),
    ("RFC 9110 section 5.1", "injection", "NUL in a name", (b"A\0b: c",)),
    ("RFC 9110 section 5.1", "injection", "escape in a name", (b"A\x1bb: c",)),
    ("RFC 9110 section 5.1", "injection", "DEL in a name", (b"A\x7fb: c",)),
    ("RFC 9110 section 5.1", "smuggling", "CR in a name", (b"Content\rLength: 3",)),
    ("RFC 9110 section 5.1", "smuggling", "tab in a name", (b"Content\tLength: 3",)),
    ("RFC 9110 section 5.5", "injection", "NUL in a value", (b"A: b\0c",)),
    ("RFC 9110 section 5.5", "splitting", "CR in a value", (b"A: b\rc",)),
    ("RFC 9110 section 5.5", "splitting", "CR and a field in a value", (b"A:\rTransfer-Encoding: chunked",)),
    ("RFC 9110 section 5.5", "splitting", "CR at the end of a value", (b"A: b\r",)),
]

BAD_FIELDS += [("RFC 9110 section 5.5", "injection", name, (row,)) for name, row in [
    ("bell in a value", b"A: b\x07c"),
    ("vertical tab in a value", b"A: b\x0bc"),
    ("form feed in a value", b"A: b\x0cc"),
    ("form feed for a value", b"A: \x0c"),
    ("escape in a value", b"A: b\x1b"),
    ("DEL in a value", b"A: b\x7fc"),
]]

HEADERS = [
    group("RFC 9110 sections 5.1 and 5.5", "refusal",
          ("none", headers(), fields(), "an HTTP/1.0 request needs no field"),
          ("as the client wrote them", headers(b"aCCept: text/*"), fields(("aCCept", "text/*")), "names keep their case"),
          ("spaces around the value", headers(b"A: \t b c \t"), fields(("A", "b c"))),
          ("tab inside the value", headers(b"A: b\tc"), fields(("A", "b\tc"))),
          ("no space after the colon", headers(b"A:b"), fields(("A", "b"))),
          ("empty value", headers(b"A:", b"B: "), fields(("A", ""), ("B", ""))),
          ("colons in the value", headers(b"A: b:c: d"), fields(("A", "b:c: d")), "the first one parts them"),
          ("bytes that are not ASCII", headers(b"A: \xe9\xff"), fields(("A", "\xe9\xff")), "obs-text"),
          ("name of all token characters", headers(b"!#$%&'*+-.^_`|~09azAZ: b"), fields(("!#$%&'*+-.^_`|~09azAZ", "b"))),
          ("name of digits", headers(b"12: b"), fields(("12", "b"))),
          ("one letter", b"GET /headers HTTP/1.0\nA\n\n", BAD, "no blank line, though nothing is shorter"),
          ("one letter, unread", b"GET / HTTP/1.0\r\nA\n\r\n", BAD, "no blank line, though nothing is shorter"),
          ("NUL for a line", b"GET / HTTP/1.0\r\n\0\n\r\n", BAD)),
    group("RFC 9110 section 5.3", "bypass",
          ("repeated", headers(b"A: 1", b"B: x", b"a: 2", b"A: 3"), fields(("A", "1, 2, 3"), ("B", "x"))),
          ("repeated cookie", headers(b"Cookie: a=1", b"cookie: b=2"), fields(("Cookie", "a=1; b=2")), "RFC 6265 section 5.4"),
          ("any case", lines(b"GET /any-case HTTP/1.0", b"x-THING: 1", b"Other: 2"), OK + b"1 1 1 None yes no"),
          ("repeated, one of them bad", headers(b"A: 1", b"a 2"), BAD)),
    group("RFC 9112 section 2.2", "smuggling",
          ("LF ends of fields", b"GET /headers HTTP/1.0\nA: b\nC: d\n\n", fields(("A", "b"), ("C", "d"))),
          ("mixed line ends", b"GET /headers HTTP/1.0\r\nA: b\nC: d\r\n\n", fields(("A", "b"), ("C", "d")), "each line by itself"),
          ("shortest field", b"GET /headers HTTP/1.0\nA:\n\n", fields(("A", "")), "a name of one letter, no value, LF"),
          ("two CRs before the LF", headers(b"A: b\r"), BAD),
          ("a CR for the blank line", b"GET /headers HTTP/1.0\r\nA: b\r\n\r\r\n\r\n", BAD)),
    group("RFC 6585 section 5", "exhaustion",
          ("head at the limit", headers(b"A: " + b"b" * (MAX_HEAD - len(headers(b"A: ")))),
           fields(("A", "b" * (MAX_HEAD - len(headers(b"A: "))))), "max_head bytes, the blank line among them"),
          ("head past the limit", headers(b"A: " + b"b" * (MAX_HEAD - len(headers(b"A: ")) + 1)), error(431), "one more"),
          ("head of many fields", headers(*[b"A:b"] * (MAX_HEAD // 5)), error(431), "it is the whole head that counts"),
          ("head without an end", (headers()[:-2] + b"A: " + b"b" * MAX_HEAD)[:MAX_HEAD + 1], error(431), "nobody waits for its end")),
    group("RFC 9112 section 5", "bypass",
          ("skipped", lines(b"GET /skip HTTP/1.0", b"A: b"), OK + b"skipped", "nobody looks"),
          ("left", lines(b"GET /leave HTTP/1.0", b"A: b", b"C:  d"), OK + b"A: b\nC:  d", "the handler reads them"),
          ("left, with a body", lines(b"POST /leave HTTP/1.0", b"Content-Length: 3") + b"abc", OK + b"Content-Length: 3\nabc"),
          ("own parser", lines(b"POST /own/headers HTTP/1.0", b"A: b", b"Content-Length: 2", b"C: d") + b"xy", OK + b"3 fields, 2 bytes",
           "parse_headers() is overridden"),
          ("left, and bad", lines(b"GET /leave HTTP/1.0", b"A"), BAD, "a head is judged before it is left to anyone"),
          ("own parser, and bad", lines(b"GET /own/headers HTTP/1.0", b"A"), BAD)),
]
for _section, _risk, _name, _rows in BAD_FIELDS:
    HEADERS.append(group(_section, _risk, (_name, headers(*_rows), BAD), (_name + ", unread", lines(b"GET / HTTP/1.0", *_rows), BAD)))


def post(path, *rows, body=b""):
    return lines(b"POST %s HTTP/1.0" % path, *rows) + body


def sized(path, body, *rows):
    return post(path, b"Content-Length: %d" % len(body), *rows, body=body)


def data(body):
    return OK + b"%d bytes: %s" % (len(body), body)


def length(*values):
    return post(b"/data", *[b"Content-Length: " + value for value in values], body=b"abc")


FRAMING = [
    group("RFC 9112 section 6.2, RFC 9110 section 8.6", "smuggling",
          ("length", length(b"3"), data(b"abc")),
          ("length in any case", post(b"/data", b"cONTENT-lENGTH: 3", body=b"abc"), data(b"abc")),
          ("length without a space", post(b"/data", b"Content-Length:3", body=b"abc"), data(b"abc")),
          ("length with white space around", length(b" \t3 \t"), data(b"abc")),
          ("length of nothing", post(b"/data", b"Content-Length: 0"), data(b"")),
          ("length with zeros", length(b"003"), data(b"abc")),
          ("length twice the same", length(b"3", b"3"), data(b"abc"), "may be taken as one"),
          ("length twice the same, as the handler sees it", headers(b"Content-Length: 3", b"content-length: 3") + b"abc",
           fields(("Content-Length", "3")), "replaced by one"),
          ("length twice", length(b"3", b"4") + b"d", BAD),
          ("length twice in other cases", post(b"/data", b"Content-Length: 3", b"content-length: 0", body=b"abc"), BAD),
          ("length twice, unread", post(b"/", b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), BAD),
          ("two lengths in one", length(b"3, 4"), BAD),
          ("two equal lengths in one", length(b"3, 3"), BAD),
          ("length not a number", length(b"abc"), BAD),
          ("length not a number, unread", post(b"/", b"Content-Length: abc", body=b"abc"), BAD),
          ("length empty", length(b""), BAD),
          ("length negative", length(b"-3"), BAD),
          ("length with a plus", length(b"+3"), BAD, "int() would take it"),
          ("length with an underscore", length(b"0_3"), BAD, "int() would take it"),
          ("length in hex", length(b"0x3"), BAD),
          ("length of a fraction", length(b"3.0"), BAD),
          ("length parted", length(b"1 3"), BAD),
          ("length after another white space", length(b"\x0b3"), BAD),
          ("length with NUL", length(b"3\0"), BAD),
          ("length in other digits", length(b"\xd9\xa3"), BAD),
          ("space before the length's colon", post(b"/data", b"Content-Length : 3", body=b"abc"), BAD)),
    group("RFC 9110 section 8.3", "bypass",
          ("type", sized(b"/form", b"a=b", b"Content-Type: text/plain"), OK + b"a: b"),
          ("type that nobody reads", sized(b"/", b"a=b", b"Content-Type: a/b; c=d"), echo("POST", "/")),
          ("two types", sized(b"/form", b"a=b", b"Content-Type: text/plain", b"Content-Type: application/json"), BAD,
           "a filter that knows another one of them has not seen the form"),
          ("two equal types", sized(b"/form", b"a=b", b"Content-Type: text/plain", b"content-type: text/plain"), BAD, "the field would be a list"),
          ("two types, empty", sized(b"/form", b"a=b", b"Content-Type:", b"Content-Type: text/plain"), BAD),
          ("two types, unread", lines(b"GET / HTTP/1.1", b"Host: x", b"Content-Type: a/b", b"Content-Type: c/d"), BAD)),
    group("RFC 9110 section 15.5.12", "truncation",
          ("a length for data", sized(b"/data", b"abc"), data(b"abc")),
          ("no length", post(b"/data", body=b"abc"), error(411))),
    group("RFC 9110 section 15.5.14", "exhaustion",
          ("body at the limit", sized(b"/data", b"x" * MAX_BODY), data(b"x" * MAX_BODY), "max_body"),
          ("body past the limit", sized(b"/data", b"x" * (MAX_BODY + 1)), error(413), "one more"),
          ("a length past all limits", post(b"/data", b"Content-Length: 123456789012345678901234567890"), error(413), "no int of 64 bits")),
    group("RFC 9112 section 6.3", "desync",
          ("a body that nobody reads", sized(b"/", b"abc"), echo("POST", "/")),
          ("a body with GET", lines(b"GET /data HTTP/1.0", b"Content-Length: 3") + b"abc", data(b"abc"), "RFC 9110 section 9.3.1"),
          ("read to the end", sized(b"/read", b"abc"), OK + b"abc,,", "a read at the end gives b''"),
          ("pieces", sized(b"/pieces", b"ab\ncdefgh\nij"), OK + b"ab\n,cd,efg,h\n,ij,,0,", "readline, read, readinto, readexactly"),
          ("read past the end", sized(b"/read", b"ab"), BAD)),
]


def chunked(body, *rows, path=b"/data"):
    return lines(b"POST %s HTTP/1.1" % path, b"Host: x", *rows or (b"Transfer-Encoding: chunked",)) + body


def coding(*values):
    return chunked(b"3\r\nabc\r\n0\r\n\r\n", *[b"Transfer-Encoding: " + value for value in values])


def chunk(size, body=b"abc"):
    return chunked(size + b"\r\n" + body + b"\r\n0\r\n\r\n")


def trailers(*rows):
    return chunked(b"3\r\nabc\r\n0\r\n" + lines(*rows))


CHUNKED = [
    group("RFC 9112 section 6.1", "smuggling",
          ("chunked", coding(b"chunked"), data(b"abc")),
          ("chunked in any case", coding(b"ChunKed"), data(b"abc")),
          ("chunked with white space around", coding(b" \tchunked \t"), data(b"abc")),
          ("chunked with GET", coding(b"chunked").replace(b"POST", b"GET"), data(b"abc")),
          ("chunked, HTTP/1.0", coding(b"chunked").replace(b"HTTP/1.1", b"HTTP/1.0"), BAD, "HTTP/1.0 has no such field: a proxy forwards it unread"),
          ("chunked twice", coding(b"chunked", b"chunked"), BAD),
          ("chunked twice in one", coding(b"chunked, chunked"), BAD),
          ("chunked not last", coding(b"chunked, gzip"), BAD, "section 6.3: nobody knows where the body ends"),
          ("another coding alone", coding(b"gzip"), BAD, "section 6.3"),
          ("another coding before", coding(b"gzip, chunked"), NOT_IMPLEMENTED),
          ("another coding before, in a field of its own", coding(b"gzip", b"chunked"), BAD),
          ("identity before", coding(b"identity, chunked"), NOT_IMPLEMENTED, "RFC 7230 has done away with it"),
          ("identity", coding(b"identity"), BAD),
          ("no coding", coding(b""), BAD),
          ("a comma after", coding(b"chunked,"), BAD),
          ("a comma before", coding(b", chunked"), BAD, "a list may have empty members (RFC 9110 section 5.6.1); parsers that want chunked alone know no coding here"),
          ("a comma between", coding(b"gzip,,chunked"), BAD),
          ("letters before", coding(b"xchunked"), BAD),
          ("a parameter", coding(b"chunked;a=b"), BAD),
          ("quotes", coding(b'"chunked"'), BAD),
          ("another white space", coding(b"\x0bchunked"), BAD),
          ("NUL after", coding(b"chunked\0"), BAD),
          ("letters that look alike", coding("chun\u212aed".encode()), BAD, "lower() of text would make it a k"),
          ("length and chunked", chunked(b"0\r\n\r\n", b"Content-Length: 3", b"Transfer-Encoding: chunked"), BAD),
          ("chunked and length", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked", b"Content-Length: 3"), BAD),
          ("chunked and length, unread", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked", b"Content-Length: 5", path=b"/"), BAD),
          ("chunked and a bad length", chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked", b"Content-Length: x"), BAD),
          ("space before the coding's colon", chunked(b"0\r\n\r\n", b"Transfer-Encoding : chunked"), BAD)),
    group("RFC 9112 section 7.1", "smuggling",
          ("several chunks", chunked(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), data(b"abcde")),
          ("no chunk", chunked(b"0\r\n\r\n"), data(b"")),
          ("size in capitals", chunk(b"A", b"0123456789"), data(b"0123456789")),
          ("size in small letters", chunk(b"a", b"0123456789"), data(b"0123456789")),
          ("size with zeros", chunk(b"0003"), data(b"abc")),
          ("size with many zeros", chunk(b"0" * 40 + b"3"), data(b"abc"), "as many as a line may have"),
          ("last size with zeros", chunked(b"3\r\nabc\r\n000\r\n\r\n"), data(b"abc")),
          ("line ends in a chunk", chunk(b"6", b"\r\n0\r\n\n"), data(b"\r\n0\r\n\n")),
          ("size negative", chunk(b"-3"), BAD),
          ("size of minus nothing", chunked(b"-0\r\n\r\n"), BAD),
          ("size with a plus", chunk(b"+3"), BAD, "int() would take it"),
          ("size with an underscore", chunk(b"0_3"), BAD, "int() would take it"),
          ("size with a prefix", chunk(b"0x3"), BAD, "int() would take it"),
          ("size empty", chunk(b""), BAD),
          ("size not a number", chunk(b"Z"), BAD),
          ("size and junk", chunk(b"3z"), BAD),
          ("size in other digits", chunk("\u0663".encode()), BAD),
          ("size with NUL", chunk(b"3\0"), BAD),
          ("space before the size", chunk(b" 3"), BAD),
          ("space after the size", chunk(b"3 "), BAD),
          ("tab after the size", chunk(b"3\t"), BAD),
          ("size past 64 bits", chunk(b"FFFFFFFFFFFFFFFF0"), BAD),
          ("size that is 3 in 64 bits", chunk(b"10000000000000003"), BAD),
          ("size that is 3 in 32 bits", chunk(b"100000003"), BAD),
          ("LF after the size", chunked(b"3\nabc\r\n0\r\n\r\n"), BAD),
          ("CR after the size", chunked(b"3\rabc\r\n0\r\n\r\n"), BAD),
          ("two CRs after the size", chunked(b"3\r\r\nabc\r\n0\r\n\r\n"), BAD),
          ("LF after a chunk", chunked(b"3\r\nabc\n0\r\n\r\n"), BAD),
          ("CR after a chunk", chunked(b"3\r\nabc\r0\r\n\r\n"), BAD),
          ("nothing after a chunk", chunked(b"3\r\nabc0\r\n\r\n"), BAD),
          ("more than the chunk", chunked(b"3\r\nabcd\r\n0\r\n\r\n"), BAD),
          ("less than the chunk", chunked(b"4\r\nabc\r\n0\r\n\r\n"), BAD),
          ("LF at the end", chunked(b"3\r\nabc\r\n0\r\n\n"), BAD),
          ("LF after the last size", chunked(b"3\r\nabc\r\n0\n\r\n"), BAD)),
    group("RFC 9112 section 7.1.1", "smuggling",
          ("extension", chunk(b"3;a"), data(b"abc")),
          ("extension with a value", chunk(b"3;a=b"), data(b"abc")),
          ("extensions", chunk(b"3; a; b=c;d"), data(b"abc")),
          ("extension with quotes", chunk(b'3;a="b;\\"\\\\ c"'), data(b"abc")),
          ("extensions with white space", chunk(b"3;\ta ; b = c"), data(b"abc"), "bad white space is removed (RFC 9110 section 5.6.3)"),
          ("extension of the last chunk", chunked(b"3\r\nabc\r\n0;a=b\r\n\r\n"), data(b"abc")),
          ("extension of nothing", chunk(b"3;"), BAD),
          ("extension that is no token", chunk(b"3;a[=b"), BAD),
          ("extension without a name", chunk(b"3;=b"), BAD),
          ("extension without its value", chunk(b"3;a="), BAD),
          ("extension with half a quote", chunk(b'3;a="b'), BAD),
          ("extension with an escaped quote", chunk(b'3;a="b\\"'), BAD),
          ("extension with quotes inside", chunk(b'3;a=b"c"'), BAD),
          ("extension with LF", chunked(b"3;a\nabc\r\n0\r\n\r\n"), BAD, "one parser ends the line here, another at the CRLF"),
          ("extension with CR", chunk(b"3;a\rb"), BAD),
          ("extension with NUL", chunk(b"3;\0"), BAD),
          ("extension with CR in quotes", chunk(b'3;a="\r"'), BAD),
          ("space after an extension", chunk(b"3;a "), BAD, "the grammar has none there"),
          ("tab after a value", chunk(b'3;a="b"\t'), BAD),
          ("space before an extension", chunk(b"3 ;a"), BAD)),
    group("RFC 9112 section 7.1.1", "exhaustion",
          ("a long extension", chunk(b"3;" + b"a" * 252), data(b"abc"), "256 bytes with the line end"),
          ("an extension past the limit", chunk(b"3;" + b"a" * 253), BAD),
          ("a size past the limit", chunk(b"0" * 254 + b"3"), BAD),
          ("a size without an end", chunked(b"0" * 257), BAD, "nobody waits for its end")),
    group("RFC 9112 section 7.1.2, RFC 9110 section 6.5.1", "smuggling",
          ("trailer", trailers(b"A: b"), data(b"abc")),
          ("trailers", trailers(b"A: b", b"C:d", b"E:"), data(b"abc")),
          ("trailer of a length", trailers(b"Content-Length: 5"), BAD, "it comes too late to be one"),
          ("trailer of a coding", trailers(b"transfer-encoding: chunked"), BAD),
          ("trailer of a host", trailers(b"Host: y"), BAD),
          ("trailer without a colon", trailers(b"A"), BAD),
          ("trailer without a name", trailers(b": b"), BAD),
          ("trailer, space before the colon", trailers(b"A : b"), BAD),
          ("trailer, folded", trailers(b"A: b", b" c"), BAD),
          ("trailer with NUL", trailers(b"A: \0"), BAD),
          ("trailer with CR", trailers(b"A: b\rc"), BAD),
          ("trailer with LF", chunked(b"3\r\nabc\r\n0\r\nA: b\n\r\n"), BAD),
          ("a request for a trailer", chunked(b"3\r\nabc\r\n0\r\nGET / HTTP/1.0\r\n\r\n"), BAD)),
    group("RFC 9110 section 15.5.14", "exhaustion",
          ("chunks at the limit", chunked(b"1e\r\n%s\r\n1e\r\n%s\r\n0\r\n\r\n" % (b"x" * 30, b"y" * 30)), data(b"x" * 30 + b"y" * 30)),
          ("chunks past the limit", chunked(b"1e\r\n%s\r\n1f\r\n%s\r\n0\r\n\r\n" % (b"x" * 30, b"y" * 31)), error(413)),
          ("a chunk past the limit", chunk(b"3d", b"x" * 61), error(413)),
          ("a chunk past the limit, and not there", chunked(b"FFFFFFF\r\nabc"), error(413), "refused before it has come")),
    group("RFC 9112 section 8", "truncation",
          ("chunks, read to the end", chunked(b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", path=b"/read"), OK + b"abc,,"),
          ("chunks in pieces", chunked(b"1\r\na\r\n6\r\nb\ncdef\r\n5\r\ngh\nij\r\n0\r\n\r\n", path=b"/pieces"),
           OK + b"ab\n,cd,efg,h\n,ij,,0,", "whatever the chunks are"),
          ("chunked form", chunked(b"4\r\na=1&\r\n3\r\nb=2\r\n0\r\n\r\n", path=b"/form"), OK + b"a: 1\nb: 2"),
          ("chunked JSON", chunked(b"2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n", path=b"/json"),
           b"HTTP/1.0 200 NA\r\nContent-Type: application/json\r\n\r\n[[1]]"),
          ("no last chunk", chunked(b"3\r\nabc\r\n"), BAD),
          ("no last chunk, read", chunked(b"3\r\nabc\r\n", path=b"/read"), BAD),
          ("no end of the trailers", chunked(b"3\r\nabc\r\n0\r\n"), BAD),
          ("half a chunk", chunked(b"3\r\nab"), BAD)),
]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def expecting(value, *rows):
    return lines(b"POST /data HTTP/1.1", b"Host: x", b"Expect: " + value, *rows)


EXPECT = [
    group("RFC 9110 section 10.1.1", "hang",
          ("expected, and there", expecting(b"100-continue", b"Content-Length: 3") + b"abc", data(b"abc"), "what is there is not asked for"),
          ("expected in capitals, and there", expecting(b"100-Continue", b"Content-Length: 3") + b"abc", data(b"abc")),
          ("chunks expected, and there", expecting(b"100-continue", b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\n\r\n", data(b"abc")),
          ("expected, HTTP/1.0", post(b"/data", b"Expect: 100-continue", b"Content-Length: 3", body=b"abc"), data(b"abc"), "it has no interim response"),
          ("expected, too long", expecting(b"100-continue", b"Content-Length: 99"), error(413), "an answer in place of 100")),
]

# Bytes after the request.
TRAILING = [
    group("RFC 9112 section 9.3", "smuggling",
          ("bytes after the body", sized(b"/data", b"abc") + b"GET / HTTP/1.0\r\n\r\n", data(b"abc"), "one request, one response"),
          ("bytes after a read to the end", sized(b"/read", b"abc") + b"xyz", OK + b"abc,,", "a read at the end gives b''"),
          ("bytes after the last chunk", chunk(b"3") + b"GET / HTTP/1.0\r\n\r\n", data(b"abc"), "one request, one response"),
          ("a request after a bad one", chunk(b"+3") + b"GET / HTTP/1.0\r\n\r\n", BAD)),
]

HEAD_ROWS = [
    group("RFC 9110 section 9.3.2", "desync",
          ("HEAD", lines(b"HEAD / HTTP/1.0"), OK),
          ("HEAD of what is not there", lines(b"HEAD /404 HTTP/1.0"), ERROR_HEAD % 404),
          ("HEAD of a bad request line", lines(b"HEAD a HTTP/1.0"), ERROR_HEAD % 400, "what the client waits for is known all the same"),
          ("HEAD of another version", lines(b"HEAD / HTTP/1.2"), ERROR_HEAD % 505),
          ("HEAD of a control character", lines(b"HEAD /\x7f HTTP/1.0"), ERROR_HEAD % 400),
          ("HEAD of four words", lines(b"HEAD / x HTTP/1.0"), error(400), "a line that is not understood has no method"),
          ("HEAD after a blank line", b"\r\n" + lines(b"HEAD  HTTP/1.0"), ERROR_HEAD % 400),
          ("HEAD of a line past the limit", b"HEAD /" + b"x" * MAX_REQUEST_LINE, error(414)),
          ("HEAD with a bad field", lines(b"HEAD / HTTP/1.0", b"a"), ERROR_HEAD % 400),
          ("HEAD without a host", lines(b"HEAD / HTTP/1.1"), ERROR_HEAD % 400),
          ("HEAD past the limit", lines(b"HEAD / HTTP/1.0", b"A: " + b"b" * MAX_HEAD), ERROR_HEAD % 431),
          ("GET of what is not there", lines(b"GET /404 HTTP/1.0"), error(404))),
]


def form(body, reply):
    return sized(b"/form", body.encode() if isinstance(body, str) else body), OK + repr_form(reply)


def repr_form(reply):
    return "\n".join(reply).encode()


FORMS = [
    group("URL Standard, application/x-www-form-urlencoded parsing", "bypass",
          ("one", *form("a=b", ["a: b"])),
          ("empty form", *form("", [])),
          ("several", *form("a=1&a=2&b=3", ["a: 1 | 2", "b: 3"]), "a list"),
          ("no value", *form("a&b=", ["a: True", "b: "]), "no '=' is True"),
          ("UTF-8", *form("n=\u017dofie&\u20ac=\U0001f600", ["n: \u017dofie", "\u20ac: \U0001f600"]), "bytes, not characters"),
          ("UTF-8 percent", *form("n=%C5%BDofie+%e2%82%ac", ["n: \u017dofie \u20ac"]), "bytes, not characters"),
          ("not UTF-8", *form(b"n=\xe9&%ff=1", ["n: \ufffd", "\ufffd: 1"]), "U+FFFD, not an empty reply"),
          ("form percent without digits", *form("a=%&b=%zz&c=%4", ["a: %", "b: %zz", "c: %4"]), "it stays"),
          ("form without a length", post(b"/form", body=b"a=b"), error(411), "RFC 9110 section 15.5.12"),
          ("form too long", sized(b"/form", b"a=" + b"x" * MAX_BODY), error(413), "max_body")),
]

TABLES = {"request line": REQUEST_LINE, "host": HOST, "headers": HEADERS, "framing": FRAMING, "chunked": CHUNKED, "expect": EXPECT, "trailing": TRAILING,
          "HEAD": HEAD_ROWS, "forms": FORMS}
ROWS = [row for table in TABLES.values() for group in table for row in group]
# Requests that are refused only because nothing more arrives.
INCOMPLETE = ("CR line ends", "read past the end", "no last chunk", "no last chunk, read", "no end of the trailers", "half a chunk")

# The URL Standard's parser, as browsers and other servers test it: an id, the input, the pairs that come out. Here a name
# without "=" has the value "", in picoweb True.
URLENCODED = [
    ("wpt/0", "test", [("test", "")]),
    ("wpt/1", "\ufefftest=\ufeff", [("\ufefftest", "\ufeff")]),
    ("wpt/2", "%EF%BB%BFtest=%EF%BB%BF", [("\ufefftest", "\ufeff")]),
    ("wpt/3", "%EF%BF%BF=%EF%BF%BF", [("\uffff", "\uffff")]),
    ("wpt/4", "%FE%FF", [("\ufffd\ufffd", "")]),
    ("wpt/5", "%FF%FE", [("\ufffd\ufffd", "")]),
    ("wpt/6", "\u2020&\u2020=x", [("\u2020", ""), ("\u2020", "x")]),
    ("wpt/7", "%C2", [("\ufffd", "")]),
    ("wpt/8", "%C2x", [("\ufffdx", "")]),
    ("wpt/9", "_charset_=windows-1252&test=%C2x", [("_charset_", "windows-1252"), ("test", "\ufffdx")]),
    ("wpt/10", "", []),
    ("wpt/11", "a", [("a", "")]),
    ("wpt/12", "a=b", [("a", "b")]),
    ("wpt/13", "a=", [("a", "")]),
    ("wpt/14", "=b", [("", "b")]),
    ("wpt/15", "&", []),
    ("wpt/16", "&a", [("a", "")]),
    ("wpt/17", "a&", [("a", "")]),
    ("wpt/18", "a&a", [("a", ""), ("a", "")]),
    ("wpt/19", "a&b&c", [("a", ""), ("b", ""), ("c", "")]),
    ("wpt/20", "a=b&c=d", [("a", "b"), ("c", "d")]),
    ("wpt/21", "a=b&c=d&", [("a", "b"), ("c", "d")]),
    ("wpt/22", "&&&a=b&&&&c=d&", [("a", "b"), ("c", "d")]),
    ("wpt/23", "a=a&a=b&a=c", [("a", "a"), ("a", "b"), ("a", "c")]),
    ("wpt/24", "a==a", [("a", "=a")]),
    ("wpt/25", "a=a+b+c+d", [("a", "a b c d")]),
    ("wpt/26", "%=a", [("%", "a")]),
    ("wpt/27", "%a=a", [("%a", "a")]),
    ("wpt/28", "%a_=a", [("%a_", "a")]),
    ("wpt/29", "%61=a", [("a", "a")]),
    ("wpt/30", "%61+%4d%4D=", [("a MM", "")]),
    ("wpt/31", "id=0&value=%", [("id", "0"), ("value", "%")]),
    ("wpt/32", "b=%2sf%2a", [("b", "%2sf*")]),
    ("wpt/33", "b=%2%2af%2a", [("b", "%2*f*")]),
    ("wpt/34", "b=%%2a", [("b", "%*")]),
    ("cpython/0", "", []),
    ("cpython/1", "&", []),
    ("cpython/2", "&&", []),
    ("cpython/3", "=", [("", "")]),
    ("cpython/4", "=a", [("", "a")]),
    ("cpython/5", "a", [("a", "")]),
    ("cpython/6", "a=", [("a", "")]),
    ("cpython/7", "&a=b", [("a", "b")]),
    ("cpython/8", "a=a+b&b=b+c", [("a", "a b"), ("b", "b c")]),
    ("cpython/9", "a=1&a=2", [("a", "1"), ("a", "2")]),
    ("cpython/20", ";a=b", [(";a", "b")]),
    ("cpython/21", "a=a+b;b=b+c", [("a", "a b;b=b c")]),
    ("node/0", "foo=918854443121279438895193", [("foo", "918854443121279438895193")]),
    ("node/1", "foo=bar", [("foo", "bar")]),
    ("node/2", "foo=bar&foo=quux", [("foo", "bar"), ("foo", "quux")]),
    ("node/3", "foo=1&bar=2", [("foo", "1"), ("bar", "2")]),
    ("node/4", "my+weird+field=q1%212%22%27w%245%267%2Fz8%29%3F", [("my weird field", "q1!2\"'w$5&7/z8)?")]),
    ("node/5", "foo%3Dbaz=bar", [("foo=baz", "bar")]),
    ("node/6", "foo=baz=bar", [("foo", "baz=bar")]),
    ("node/7", "str=foo&arr=1&arr=2&arr=3&somenull=&undef=", [
        ("str", "foo"), ("arr", "1"), ("arr", "2"), ("arr", "3"), ("somenull", ""), ("undef", "")]),
    ("node/8", " foo = bar ", [(" foo ", " bar ")]),
    ("node/9", "foo=%zx", [("foo", "%zx")]),
    ("node/10", "foo=%EF%BF%BD", [("foo", "\ufffd")]),
    ("node/11", "hasOwnProperty=x&toString=foo&valueOf=bar&__defineGetter__=baz", [
        ("hasOwnProperty", "x"), ("toString", "foo"), ("valueOf", "bar"), ("__defineGetter__", "baz")]),
    ("node/12", "foo&bar=baz", [("foo", ""), ("bar", "baz")]),
]
