"""Requests as bytes, and the whole reply that each gets from apps/echo.py. Data only; test_http.py and test_bodies.py read it.

A row that is accepted stands beside one that is refused. `why` is the rule that decides, by its source where it has one.
"""

from collections import namedtuple

Row = namedtuple("Row", "name data reply why")

# What apps/echo.py sets as its limits.
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


BAD = error(400)
LONG_PATH = b"/" + b"x" * (MAX_REQUEST_LINE - len(b"GET / HTTP/1.0\r\n"))

REQUEST_LINE = [
    Row("1.0", lines(b"GET / HTTP/1.0"), echo("GET", "/"), "RFC 1945"),
    Row("1.1", lines(b"GET / HTTP/1.1"), echo("GET", "/"), "RFC 9112; a Host is not asked for"),
    Row("0.9", b"GET /\r\n", BAD, "RFC 1945's simple request has had no users for decades"),
    Row("no version", lines(b"GET /"), BAD, "a line is three words"),
    Row("1.2", lines(b"GET / HTTP/1.2"), BAD, "an unknown version"),
    Row("2.0", lines(b"PRI * HTTP/2.0", b"", b"SM"), BAD, "RFC 9113's preface"),
    Row("1.10", lines(b"GET / HTTP/1.10"), BAD, "an unknown version"),
    Row("1.10 and LF", b"GET / HTTP/1.10\n\n", BAD, "an unknown version"),
    Row("1.", lines(b"GET / HTTP/1."), BAD, "an unknown version"),
    Row("1./", lines(b"GET / HTTP/1./"), BAD, "what comes before the digits is none"),
    Row("version in the target", lines(b"GET /a HTTP/1.0 HTTP/1.0"), BAD, "a line is three words"),
    Row("no version by length", b"GET /x10\r\nHost:x\r\n\r\n", BAD, "what stands where a version would end is no version"),
    Row("lower-case version", lines(b"GET / http/1.0"), BAD, "RFC 9112 section 2.3: the name is case-sensitive"),
    Row("version without a number", lines(b"GET / HTTP"), BAD, "an unknown version"),
    Row("four words", lines(b"GET / x HTTP/1.0"), BAD, "a space ends the target"),
    Row("two spaces", lines(b"GET  / HTTP/1.0"), BAD, "RFC 9112 section 3: one space"),
    Row("two spaces before the version", lines(b"GET /  HTTP/1.0"), BAD, "RFC 9112 section 3: one space"),
    Row("space first", lines(b" GET / HTTP/1.0"), BAD, "there is no method"),
    Row("space last", lines(b"GET / HTTP/1.0 "), BAD, "an unknown version"),
    Row("no method", lines(b"/ HTTP/1.0"), BAD, "a line is three words"),
    Row("space for a method", lines(b" / HTTP/1.0"), BAD, "there is no method"),
    Row("one word", lines(b"GET"), BAD, "a line is three words"),
    Row("empty target", lines(b"GET  HTTP/1.0"), BAD, "a target is not empty"),
    Row("tabs", lines(b"GET\t/\tHTTP/1.0"), BAD, "RFC 9112 section 3: spaces"),
    Row("tab in the target", lines(b"GET /a\tb HTTP/1.0"), BAD, "RFC 9112 section 3.2: no whitespace"),
    Row("CR in the target", lines(b"GET /a\rb HTTP/1.0"), BAD, "RFC 9112 section 2.2: a CR alone"),
    Row("TLS", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\n", BAD, "a client that speaks TLS to a plain port"),
    Row("method that nobody knows", lines(b"BREW / HTTP/1.0"), echo("BREW", "/"), "what a method means is the handler's affair"),
    Row("lower-case method", lines(b"get / HTTP/1.0"), echo("get", "/"), "RFC 9110 section 9.1: the method is case-sensitive"),
    Row("control character in the method", lines(b"G\x1b[31mT / HTTP/1.0"), BAD, "a method is a token, and the log shows it"),
    Row("CR in the method", lines(b"GE\rT / HTTP/1.0"), BAD, "RFC 9112 section 2.2: a CR alone"),
    Row("method with a hyphen", lines(b"M-SEARCH / HTTP/1.0"), echo("M-SEARCH", "/"), "RFC 9110 section 5.6.2: a token"),
    Row("method that is not UTF-8", lines(b"G\xff / HTTP/1.0"), BAD, "a method is a token"),
    Row("blank line before", b"\r\n" + lines(b"GET /a HTTP/1.0"), echo("GET", "/a"), "RFC 9112 section 2.2"),
    Row("LF line ends", b"GET /a HTTP/1.0\nHost: x\n\n", echo("GET", "/a"), "RFC 9112 section 2.2: an LF alone may end a line"),
    Row("LF blank line before", b"\nGET /a HTTP/1.0\n\n", echo("GET", "/a"), "both at once"),
    Row("CR line ends", b"GET /a HTTP/1.0\r\r", BAD, "RFC 9112 section 2.2: a CR alone does not"),

    Row("query", lines(b"GET /a?b=c HTTP/1.0"), echo("GET", "/a", "b=c"), "the query is no part of the path"),
    Row("query of nothing", lines(b"GET /a? HTTP/1.0"), echo("GET", "/a"), "an empty query is none"),
    Row("query with question mark", lines(b"GET /a?b?c HTTP/1.0"), echo("GET", "/a", "b?c"), "the first one parts them"),
    Row("query stays raw", lines(b"GET /?a=%C3%A9&b=+%zz HTTP/1.0"), echo("GET", "/", "a=%C3%A9&b=+%zz"), "the form parser decodes it"),
    Row("question mark in the path", lines(b"GET /a%3Fb HTTP/1.0"), echo("GET", "/a%3Fb"), "the app decodes what it takes out of the path"),
    Row("percent", lines(b"GET /a%20b HTTP/1.0"), echo("GET", "/a%20b"), "the path is as the client sent it: apps decode it themselves"),
    Row("percent lower case", lines(b"GET /%c3%a9 HTTP/1.0"), echo("GET", "/%c3%a9"), "as the client sent it"),
    Row("percent without digits", lines(b"GET /%zz%4%/% HTTP/1.0"), echo("GET", "/%zz%4%/%"), "as the client sent it"),
    Row("percent once", lines(b"GET /%2541 HTTP/1.0"), echo("GET", "/%2541"), "an app that decodes it gets '/%41'"),
    Row("percent not UTF-8", lines(b"GET /%FF%C3 HTTP/1.0"), echo("GET", "/%FF%C3"), "as the client sent it"),
    Row("percent slash", lines(b"GET /a%2Fb HTTP/1.0"), echo("GET", "/a%2Fb"), "a slash in a segment parts none"),
    Row("plus in the path", lines(b"GET /a+b HTTP/1.0"), echo("GET", "/a+b"), "only forms have spaces as pluses"),
    Row("UTF-8 as it is", lines("GET /\xe9?\u20ac HTTP/1.0".encode()), echo("GET", "/\xe9", "\u20ac"), "clients that do not encode"),
    Row("not UTF-8 as it is", lines(b"GET /\xe9 HTTP/1.0"), BAD, "Latin-1 as it is, where nothing says so"),
    Row("two slashes", lines(b"GET //a HTTP/1.0"), echo("GET", "//a"), "a path, not an authority"),

    Row("absolute", lines(b"GET http://host:80/a?b HTTP/1.1"), echo("GET", "/a", "b"), "RFC 9112 section 3.2.2"),
    Row("absolute https", lines(b"GET https://host/ HTTP/1.1"), echo("GET", "/"), "RFC 9112 section 3.2.2"),
    Row("absolute without a path", lines(b"GET http://host HTTP/1.1"), echo("GET", "/"), "RFC 3986 section 6.2.3"),
    Row("absolute with a query only", lines(b"GET http://host?a/b HTTP/1.1"), echo("GET", "/", "a/b"), "RFC 3986 section 3.4"),
    Row("a path with a scheme in it", lines(b"GET /http://host/a HTTP/1.1"), echo("GET", "/http://host/a"), "it begins with a slash"),
    Row("no slash", lines(b"GET a HTTP/1.0"), BAD, "neither a path nor absolute"),
    Row("scheme without slashes", lines(b"GET http:/a HTTP/1.0"), BAD, "neither a path nor absolute"),
    Row("authority", lines(b"CONNECT host:80 HTTP/1.1"), BAD, "picoweb is no proxy"),
    Row("asterisk", lines(b"OPTIONS * HTTP/1.1"), echo("OPTIONS", "*"), "RFC 9112 section 3.2.4"),

    Row("line at the limit", lines(b"GET " + LONG_PATH + b" HTTP/1.0"), echo("GET", LONG_PATH.decode()), "max_request_line bytes, the line end among them"),
    Row("line past the limit", lines(b"GET " + LONG_PATH + b"x HTTP/1.0"), error(414), "one more"),
    Row("line without an end", (b"GET /" + b"x" * MAX_REQUEST_LINE)[:MAX_REQUEST_LINE + 1], error(414), "nobody waits for its end"),
]


def fields(*pairs):
    return OK + "\n".join("%s=%s" % pair for pair in pairs).encode("latin-1")


def headers(*rows):
    return lines(b"GET /headers HTTP/1.0", *rows)


# Refused whether or not a handler looks at the header fields.
BAD_FIELDS = [
    Row("no colon", (b"Host",), BAD, "RFC 9112 section 5"),
    Row("no name", (b": x",), BAD, "RFC 9112 section 5: a name is a token"),
    Row("space before the colon", (b"Host : x",), BAD, "RFC 9112 section 5.1: 400"),
    Row("tab before the colon", (b"Host\t: x",), BAD, "RFC 9112 section 5.1: 400"),
    Row("folded line", (b"A: b", b" c"), BAD, "RFC 9112 section 5.2: obsolete"),
    Row("folded line that looks like a field", (b"A: b", b" Content-Length: 5"), BAD, "one server's field, another's value"),
    Row("space before the first name", (b" A: b",), BAD, "RFC 9112 section 2.2"),
    Row("bad field after good ones", (b"A: b", b"C: d", b"e"), BAD, "all are looked at"),
    Row("CR line end in the head", (b"A: b\rC: d", b"e"), BAD, "RFC 9112 section 2.2"),
]

HEADERS = [
    Row("none", headers(), fields(), "an HTTP/1.0 request needs no field"),
    Row("as the client wrote them", headers(b"aCCept: text/*"), fields(("aCCept", "text/*")), "names keep their case"),
    Row("spaces around the value", headers(b"A: \t b c \t"), fields(("A", "b c")), "RFC 9112 section 5.1: optional whitespace"),
    Row("no space after the colon", headers(b"A:b"), fields(("A", "b")), "RFC 9112 section 5.1: optional whitespace"),
    Row("empty value", headers(b"A:", b"B: "), fields(("A", ""), ("B", "")), "RFC 9110 section 5.5"),
    Row("colons in the value", headers(b"A: b:c: d"), fields(("A", "b:c: d")), "the first one parts them"),
    Row("bytes that are not ASCII", headers(b"A: \xe9\xff"), fields(("A", "\xe9\xff")), "RFC 9110 section 5.5: obs-text"),
    Row("repeated", headers(b"A: 1", b"B: x", b"a: 2", b"A: 3"), fields(("A", "1, 2, 3"), ("B", "x")), "RFC 9110 section 5.3"),
    Row("repeated cookie", headers(b"Cookie: a=1", b"cookie: b=2"), fields(("Cookie", "a=1; b=2")), "RFC 6265 section 5.4"),
    Row("LF line ends", b"GET /headers HTTP/1.0\nA: b\nC: d\n\n", fields(("A", "b"), ("C", "d")), "RFC 9112 section 2.2"),
    Row("mixed line ends", b"GET /headers HTTP/1.0\r\nA: b\nC: d\r\n\n", fields(("A", "b"), ("C", "d")), "each line by itself"),
    Row("shortest field", b"GET /headers HTTP/1.0\nA:\n\n", fields(("A", "")), "a name of one letter, no value, LF"),
    Row("one letter", b"GET /headers HTTP/1.0\nA\n\n", BAD, "no blank line, though nothing is shorter"),
    Row("one letter, unread", b"GET / HTTP/1.0\r\nA\n\r\n", BAD, "no blank line, though nothing is shorter"),
    Row("NUL for a line", b"GET / HTTP/1.0\r\n\0\n\r\n", BAD, "no blank line"),
    Row("space inside a name", headers(b"A b: c"), BAD, "RFC 9110 section 5.1: a name is a token"),
    Row("NUL in a value", headers(b"A: b\0c"), BAD, "RFC 9110 section 5.5: a CR, LF or NUL is dangerous"),
    Row("CR in a value", headers(b"A: b\rc"), BAD, "RFC 9110 section 5.5"),
    Row("any case", lines(b"GET /any-case HTTP/1.0", b"x-THING: 1", b"Other: 2"), OK + b"1 1 1 None yes no", "however the client cased it"),
    Row("head at the limit", headers(b"A: " + b"b" * (MAX_HEAD - len(headers(b"A: ")))),
        fields(("A", "b" * (MAX_HEAD - len(headers(b"A: "))))), "max_head bytes, the blank line among them"),
    Row("head past the limit", headers(b"A: " + b"b" * (MAX_HEAD - len(headers(b"A: ")) + 1)), error(431), "one more"),
    Row("head of many fields", headers(*[b"A:b"] * (MAX_HEAD // 5)), error(431), "it is the whole head that counts"),
    Row("head without an end", (headers()[:-2] + b"A: " + b"b" * MAX_HEAD)[:MAX_HEAD + 1], error(431), "nobody waits for its end"),
    Row("skipped", lines(b"GET /skip HTTP/1.0", b"A: b"), OK + b"skipped", "nobody looks"),
    Row("left", lines(b"GET /leave HTTP/1.0", b"A: b", b"C:  d"), OK + b"A: b\nC:  d", "the handler reads them"),
    Row("left, with a body", lines(b"POST /leave HTTP/1.0", b"Content-Length: 3") + b"abc", OK + b"Content-Length: 3\nabc",
        "the body comes after them"),
    Row("left, and bad", lines(b"GET /leave HTTP/1.0", b"A"), BAD, "a head is judged before it is left to anyone"),
    Row("own parser", lines(b"POST /own/headers HTTP/1.0", b"A: b", b"Content-Length: 2", b"C: d") + b"xy", OK + b"3 fields, 2 bytes",
        "parse_headers() is overridden"),
]
for _row in BAD_FIELDS:
    HEADERS.append(Row(_row.name, headers(*_row.data), _row.reply, _row.why))
    HEADERS.append(Row(_row.name + ", unread", lines(b"GET / HTTP/1.0", *_row.data), _row.reply, _row.why))


def post(path, *rows, body=b""):
    return lines(b"POST %s HTTP/1.0" % path, *rows) + body


def sized(path, body, *rows):
    return post(path, b"Content-Length: %d" % len(body), *rows, body=body)


FRAMING = [
    Row("length", post(b"/data", b"Content-Length: 3", body=b"abc"), OK + b"3 bytes: abc", "RFC 9112 section 6.2"),
    Row("length in any case", post(b"/data", b"cONTENT-lENGTH: 3", body=b"abc"), OK + b"3 bytes: abc", "RFC 9110 section 5.1"),
    Row("length without a space", post(b"/data", b"Content-Length:3", body=b"abc"), OK + b"3 bytes: abc", "RFC 9112 section 5.1"),
    Row("length of nothing", post(b"/data", b"Content-Length: 0"), OK + b"0 bytes: ", "a body may be empty"),
    Row("length with zeros", post(b"/data", b"Content-Length: 003", body=b"abc"), OK + b"3 bytes: abc", "RFC 9110 section 8.6: digits"),
    Row("length twice the same", post(b"/data", b"Content-Length: 3", b"Content-Length: 3", body=b"abc"), OK + b"3 bytes: abc",
        "RFC 9110 section 8.6: may be taken as one"),
    Row("length twice", post(b"/data", b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), BAD, "request smuggling"),
    Row("length twice in other cases", post(b"/data", b"Content-Length: 3", b"content-length: 0", body=b"abc"), BAD, "request smuggling"),
    Row("length twice, unread", post(b"/", b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"), BAD, "request smuggling"),
    Row("two lengths in one", post(b"/data", b"Content-Length: 3, 4", body=b"abcd"), BAD, "RFC 9110 section 8.6"),
    Row("no length", post(b"/data", body=b"abc"), error(411), "RFC 9110 section 15.5.12"),
    Row("length not a number", post(b"/data", b"Content-Length: abc", body=b"abc"), BAD, "RFC 9112 section 6.3"),
    Row("length not a number, unread", post(b"/", b"Content-Length: abc", body=b"abc"), BAD, "RFC 9112 section 6.3"),
    Row("length empty", post(b"/data", b"Content-Length: ", body=b"abc"), BAD, "RFC 9112 section 6.3"),
    Row("length negative", post(b"/data", b"Content-Length: -3", body=b"abc"), BAD, "RFC 9112 section 6.3"),
    Row("length with a plus", post(b"/data", b"Content-Length: +3", body=b"abc"), BAD, "int() would take it"),
    Row("length with an underscore", post(b"/data", b"Content-Length: 0_3", body=b"abc"), BAD, "int() would take it"),
    Row("length in hex", post(b"/data", b"Content-Length: 0x3", body=b"abc"), BAD, "RFC 9110 section 8.6: digits"),
    Row("length of a fraction", post(b"/data", b"Content-Length: 3.0", body=b"abc"), BAD, "RFC 9110 section 8.6: digits"),
    Row("length parted", post(b"/data", b"Content-Length: 1 3", body=b"abc"), BAD, "RFC 9110 section 8.6: digits"),
    Row("length after another white space", post(b"/data", b"Content-Length: \x0b3", body=b"abc"), BAD, "RFC 9110 section 5.6.3: space and tab"),
    Row("length in other digits", post(b"/data", b"Content-Length: \xd9\xa3", body=b"abc"), BAD, "RFC 9110 section 8.6: ASCII digits"),
    Row("space before the length's colon", post(b"/data", b"Content-Length : 3", body=b"abc"), BAD, "request smuggling"),
    Row("chunked", post(b"/data", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"), error(501), "RFC 9112 section 6.1"),
    Row("chunked, unread", post(b"/", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), error(501), "where its body ends is not known"),
    Row("chunked twice", post(b"/", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), error(501), "no length is there"),
    Row("another coding", post(b"/data", b"transfer-encoding: gzip, chunked", body=b"x"), error(501), "RFC 9112 section 6.1"),
    Row("length and chunked", post(b"/data", b"Content-Length: 3", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), BAD, "request smuggling"),
    Row("chunked and length", post(b"/data", b"Transfer-Encoding: chunked", b"Content-Length: 3", body=b"0\r\n\r\n"), BAD, "request smuggling"),
    Row("a body that nobody reads", sized(b"/", b"abc"), echo("POST", "/"), "it does not harm"),
    Row("a body with GET", lines(b"GET /data HTTP/1.0", b"Content-Length: 3") + b"abc", OK + b"3 bytes: abc", "RFC 9110 section 9.3.1"),
    Row("read to the end", sized(b"/read", b"abc"), OK + b"abc,,", "a read at the end gives b''"),
    Row("pieces", sized(b"/pieces", b"ab\ncdefgh\nij"), OK + b"ab\n,cd,efg,h\n,ij,,0,", "readline, read, readinto, readexactly"),
    Row("body at the limit", sized(b"/data", b"x" * MAX_BODY), OK + b"%d bytes: " % MAX_BODY + b"x" * MAX_BODY, "max_body"),
    Row("body past the limit", sized(b"/data", b"x" * (MAX_BODY + 1)), error(413), "one more"),
    Row("a length past all limits", post(b"/data", b"Content-Length: 123456789012345678901234567890"), error(413), "no int of 64 bits"),
]

# More comes than the Content-Length says.
TRAILING = [
    Row("bytes after the body", sized(b"/data", b"abc") + b"GET / HTTP/1.0\r\n\r\n", OK + b"3 bytes: abc", "they are no part of it"),
    Row("bytes after a read to the end", sized(b"/read", b"abc") + b"xyz", OK + b"abc,,", "a read at the end gives b''"),
]

HEAD_ROWS = [
    Row("HEAD", lines(b"HEAD / HTTP/1.0"), OK, "RFC 9110 section 9.3.2: no content"),
    Row("HEAD of what is not there", lines(b"HEAD /404 HTTP/1.0"), ERROR_HEAD % 404, "RFC 9110 section 9.3.2: no content"),
    Row("HEAD of a bad request line", lines(b"HEAD a HTTP/1.0"), ERROR_HEAD % 400, "what the client waits for is known all the same"),
    Row("HEAD of a line past the limit", b"HEAD /" + b"x" * MAX_REQUEST_LINE, ERROR_HEAD % 414, "what the client waits for is known all the same"),
    Row("HEAD with a bad field", lines(b"HEAD / HTTP/1.0", b"a"), ERROR_HEAD % 400, "RFC 9110 section 9.3.2: no content"),
    Row("HEAD past the limit", lines(b"HEAD / HTTP/1.0", b"A: " + b"b" * MAX_HEAD), ERROR_HEAD % 431, "RFC 9110 section 9.3.2: no content"),
    Row("GET of what is not there", lines(b"GET /404 HTTP/1.0"), error(404), "its sibling"),
]


def form(body, reply):
    return sized(b"/form", body.encode() if isinstance(body, str) else body), OK + repr_form(reply)


def repr_form(reply):
    return "\n".join(reply).encode()


FORMS = [
    Row("one", *form("a=b", ["a: b"]), "application/x-www-form-urlencoded"),
    Row("none", *form("", []), "an empty form"),
    Row("several", *form("a=1&a=2&b=3", ["a: 1 | 2", "b: 3"]), "a list"),
    Row("no value", *form("a&b=", ["a: True", "b: "]), "no '=' is True"),
    Row("UTF-8", *form("n=\u017dofie&\u20ac=\U0001f600", ["n: \u017dofie", "\u20ac: \U0001f600"]), "bytes, not characters"),
    Row("UTF-8 percent", *form("n=%C5%BDofie+%e2%82%ac", ["n: \u017dofie \u20ac"]), "bytes, not characters"),
    Row("not UTF-8", *form(b"n=\xe9&%ff=1", ["n: \ufffd", "\ufffd: 1"]), "U+FFFD, not an empty reply"),
    Row("percent without digits", *form("a=%&b=%zz&c=%4", ["a: %", "b: %zz", "c: %4"]), "the URL Standard: it stays"),
    Row("no length", post(b"/form", body=b"a=b"), error(411), "RFC 9110 section 15.5.12"),
    Row("too long", sized(b"/form", b"a=" + b"x" * MAX_BODY), error(413), "max_body"),
]

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
