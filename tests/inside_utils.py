# Query strings, percent-encoding, text, MIME types, header fields, request bodies' framing: what needs no connection.
import inside
from inside import check, check_raises

from picoweb import utils

unquote_plus, parse_qs, decode = utils.unquote_plus, utils.parse_qs, utils.decode

# unquote_plus

for text, expected in (
    ("", ""), ("abc", "abc"), ("a+b", "a b"), ("a%20b", "a b"), ("%2B", "+"), ("%41%42", "AB"), ("a%", "a%"), ("a%4", "a%4"), ("%zz", "%zz"),
    ("%%41", "%A"), ("%4%41", "%4A"), ("%C5%BDofie", "\u017dofie"), ("%c5%bdofie", "\u017dofie"), ("\u017dofie", "\u017dofie"),
    ("\u20ac%e2%82%ac", "\u20ac\u20ac"), ("%F0%9F%98%80", "\U0001f600"), ("%FF", "\ufffd"), ("%C5", "\ufffd"), ("%C5x", "\ufffdx"),
    ("%+1", "% 1"), ("%-1", "%-1"), ("% 1", "% 1"), ("%1_0", "%1_0"), ("%0x", "%0x"), ("%00", "\0"), ("%E2%82", "\ufffd"),
):
    check("unquote_plus(%r)" % text, unquote_plus(text), expected)
check("bytes", unquote_plus(b"a+%C5%BD"), "a \u017d")

# parse_qs

for text, expected in (
    ("", {}), ("a", {"a": True}), ("a=", {"a": ""}), ("=", {"": ""}), ("a=b", {"a": "b"}), ("a=b=c", {"a": "b=c"}),
    ("a=1&a=2", {"a": ["1", "2"]}), ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}), ("a&a=", {"a": [True, ""]}), ("a&a", {"a": [True, True]}),
    ("&&a=1&", {"a": "1"}), ("a+b=c+d", {"a b": "c d"}), ("a%3Db=%26", {"a=b": "&"}), ("%zz=%", {"%zz": "%"}),
    ("\u017d=\u20ac", {"\u017d": "\u20ac"}), ("a=1;b=2", {"a": "1;b=2"}),
):
    check("parse_qs(%r)" % text, parse_qs(text), expected)
check("bytes", parse_qs(b"a=\xc5\xbd&b=\xff"), {"a": "\u017d", "b": "\ufffd"})

# decode: what CPython's "replace" gives (the Encoding Standard's practice), for each kind of damage

for data, expected in (
    (b"", ""), (b"abc", "abc"), (b"\xc2\x80", "\x80"), (b"\xdf\xbf", "\u07ff"), (b"\xe0\xa0\x80", "\u0800"), (b"\xef\xbf\xbf", "\uffff"),
    (b"\xf0\x90\x80\x80", "\U00010000"), (b"\xf4\x8f\xbf\xbf", "\U0010ffff"),
    (b"\x80", "\ufffd"), (b"\xbf\xbf", "\ufffd\ufffd"), (b"\xc0\x80", "\ufffd\ufffd"), (b"\xc1\xbf", "\ufffd\ufffd"), (b"\xc2", "\ufffd"),
    (b"\xc2a", "\ufffda"), (b"\xe0\x80\x80", "\ufffd\ufffd\ufffd"), (b"\xe2\x82", "\ufffd"), (b"\xe2\x82a", "\ufffda"), (b"\xe2a\x82", "\ufffda\ufffd"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"), (b"\xed\x9f\xbf", "\ud7ff"), (b"\xf0\x80\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
    (b"\xf0\x9f\x98", "\ufffd"), (b"\xf0\x9fa", "\ufffda"), (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"), (b"\xf5\x80", "\ufffd\ufffd"),
    (b"\xff\xfe", "\ufffd\ufffd"), (b"a\xffb\xffc", "a\ufffdb\ufffdc"), (b"\xc3\xa9\xe9", "\xe9\ufffd"),
):
    check("decode(%r)" % data, decode(data), expected)

# get_mime_type

import picoweb

for name, expected in (
    ("a.html", "text/html; charset=utf-8"), ("a.HTM", "text/html; charset=utf-8"), ("a.css", "text/css; charset=utf-8"),
    ("a.js", "text/javascript; charset=utf-8"), ("a.mjs", "text/javascript; charset=utf-8"), ("a.json", "application/json"),
    ("a.svg", "image/svg+xml"), ("a.ico", "image/x-icon"), ("a.png", "image/png"), ("a.jpg", "image/jpeg"), ("a.JPEG", "image/jpeg"),
    ("a.gif", "image/gif"), ("a.webp", "image/webp"), ("a.woff2", "font/woff2"), ("a.wasm", "application/wasm"),
    ("a.txt", "text/plain; charset=utf-8"), ("a.xml", "text/xml; charset=utf-8"), ("a.pdf", "application/pdf"),
    ("a.csv", "text/csv; charset=utf-8"), ("d.html/a", "application/octet-stream"), ("html", "application/octet-stream"), ("a.", "application/octet-stream"),
    ("", "application/octet-stream"), ("a.b.png", "image/png"), ("a.htmlx", "application/octet-stream"), ("a.tml", "application/octet-stream"),
    ("a.plain", "application/octet-stream"), ("a.html:text/html", "application/octet-stream"), ("a. html", "application/octet-stream"),
):
    check("get_mime_type(%r)" % name, picoweb.get_mime_type(name), expected)

# Headers

from picoweb.headers import Headers

headers = Headers()
for line in (b"Content-Type: text/html", b"X-a:1", b"x-A: 2", b"Cookie: a=b", b"COOKIE: c=d", b"Empty:"):
    headers.add(line)
check("any case", headers[b"content-TYPE"], b"text/html")
check("as sent", headers[b"Content-Type"], b"text/html")
check("get", headers.get(b"content-type"), b"text/html")
check("get without", headers.get(b"nothing"), None)
check("get with a default", headers.get(b"nothing", b"x"), b"x")
check("joined", headers[b"X-A"], b"1, 2")
check("cookies", headers[b"cookie"], b"a=b; c=d")
check("empty", headers[b"empty"], b"")
check("in", (b"EMPTY" in headers, b"nothing" in headers), (True, False))
check("by text", (headers["content-TYPE"], headers.get("X-a"), headers.get("nothing", 1)), (b"text/html", b"1, 2", 1))
check("in by text", ("Empty" in headers, "empty" in headers, "nothing" in headers), (True, True, False))
check("names as sent", sorted(headers.keys()), [b"Content-Type", b"Cookie", b"Empty", b"X-a"])
check("is a dict", isinstance(headers, dict), True)
check("length", len(headers), 4)
check_raises("missing", KeyError, lambda: headers[b"nothing"])
check_raises("missing, by text", KeyError, lambda: headers["nothing"])
# What an app sets is there as in any dict.
headers[b"Content-Type"] = b"x"
check("set", (headers[b"Content-Type"], headers.get(b"Content-Type"), len(headers)), (b"x", b"x", 4))
headers[b"New"] = b"y"
check("set what is new", (headers[b"New"], headers.get(b"New"), b"New" in headers, len(headers)), (b"y", b"y", True, 5))
for line in (b"", b"a", b":", b": a", b" a: b", b"a : b", b"a b: c", b"a\t: b", b"a: b\0", b"a: b\rc"):
    e = check_raises("Headers.add(%r)" % line, picoweb.HTTPException, Headers().add, line)
    check("status", e.status, 400)

# Header fields of a response

from picoweb.headers import lines

for headers, expected in (
    ({"A": "b"}, "A: b\r\n"), ([("A", "b"), ("A", "c")], "A: b\r\nA: c\r\n"), ("A: b", "A: b\r\n"), ("A: b\r\n", "A: b\r\n"),
    (b"A: b\r\nC: d", "A: b\r\nC: d\r\n"), ((("A", 1),), "A: 1\r\n"), ({b"A": b"b"}, "A: b\r\n"),
):
    check("lines(%r)" % (headers,), lines(headers), expected)
# Text from a client cannot end a line, and ready-made lines cannot end the head: not at their start, middle or end.
for end in ("\r", "\n", "\r\n", "\0"):
    for text in (end + "b", "a" + end, "a" + end + "B: c"):
        data = text.encode()
        for headers in ({text: "b"}, {"A": text}, {data: "b"}, {"A": data}, [("A", "b"), (text, "b")], [("A", "b"), ("A", text)], ((data, data),)):
            check_raises("lines(%r)" % (headers,), ValueError, lines, headers)
for name in ("", "A:", "A B", " A", "A\t", ":"):
    e = check_raises("lines(%r)" % name, ValueError, lines, {name: "b"})
    check("what is said of %r" % name, repr(name) in str(e), True)
for text in ("A: b\r\n\r\nC: d", "A: b\n\nC: d", "A: b\n\r\nC: d", "A: b\r\n\nC: d", "\r\nC: d", "\nC: d", "\r\n",
             "A: b\rC: d", "\rC: d", "A: b\0", "A: b\r\r\nC: d", "A: b\r\n C: d", "A: b\r\nC : d", "A: b\r\nC", "A: b\r\n: d"):
    for headers in (text, text.encode()):
        check_raises("lines(%r)" % headers, ValueError, lines, headers)


class Writer:
    written = b""

    def awrite(self, buf):
        self.written += buf.encode() if isinstance(buf, str) else buf
        return
        yield


HELPERS = (
    ("start_response, type", lambda writer, text: picoweb.start_response(writer, text)),
    ("start_response, status", lambda writer, text: picoweb.start_response(writer, status=text)),
    ("start_response, headers", lambda writer, text: picoweb.start_response(writer, headers={"A": text})),
    ("http_error, status", lambda writer, text: picoweb.http_error(writer, text)),
    ("http_error, headers", lambda writer, text: picoweb.http_error(writer, 404, {"A": text})),
    ("http_error without a body", lambda writer, text: picoweb.http_error(writer, 304, [("A", text)])),
    ("redirect", lambda writer, text: picoweb.redirect(writer, text)),
    ("redirect, code", lambda writer, text: picoweb.redirect(writer, "/", text)),
    ("redirect, headers", lambda writer, text: picoweb.redirect(writer, "/", 302, {"A": text})),
    ("jsonify, status", lambda writer, text: picoweb.jsonify(writer, 1, text)),
    ("jsonify, headers", lambda writer, text: picoweb.jsonify(writer, 1, 200, [("A", text)])),
)


def written(helper, writer, text):
    inside.result(helper(writer, text))


for name, helper in HELPERS:
    writer = Writer()
    written(helper, writer, "text")
    check(name, b"text" in writer.written, True)
    for text in ("a\rb", "a\nb", "a\r\n\r\nb", "\r", "\n"):
        writer = Writer()
        check_raises("%s, %r" % (name, text), ValueError, written, helper, writer, text)
        check("%s, %r" % (name, text), writer.written, b"")
writer = Writer()
inside.result(picoweb.jsonify(writer, "a\r\n\r\nb\0"))
check("jsonify", writer.written.partition(b"\r\n\r\n")[2], b'"a\\r\\n\\r\\nb\\u0000"')

# Apps

routes = [("/", print)]
app = picoweb.WebApp(None, routes)
app.add_url_rule("/a", print)
app.route("/b")(print)
check("the caller's list", routes, [("/", print)])
check("its copy", [route[0] for route in app.url_map if isinstance(route[0], str)], ["/", "/a", "/b"])
check("static", len(app.url_map), 4)
check("no static", len(picoweb.WebApp(None, serve_static=False).url_map), 0)
check("state", (app.pkg, app.mounts, app.inited, app.template_loader, app.headers_mode, app.debug, app.log), (None, [], False, None, "parse", -1, None))
check("package", picoweb.WebApp("pkg.module").pkg, "pkg")
check("main", picoweb.WebApp("__main__").pkg, None)
check("route returns its function", app.route("/c")(len), len)

print("ok")
