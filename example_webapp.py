# The Django-style way: handlers first, then a list that says which path goes to which handler. Each handler here shows
# another way to make a response. Run it from its own folder: paths of files are relative to that.

import picoweb

try:
    import re
except ImportError:
    import ure as re


# A handler may write the whole response: "resp" is the stream to the client.
def index(req, resp):
    yield from resp.awrite(
        b"HTTP/1.0 200 OK\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n"
        b"\r\n"
        b'<p>Here is <a href="/start">a page</a>, <a href="/squares?to=5">a table</a>, '
        b'<a href="/file">a file</a> and <a href="/hello/world">a greeting</a>.</p>\n'
    )


# start_response() writes the head.
def start(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("<p>The head of this page is picoweb's, the body the handler's. Żółw!</p>\n")


# A page from templates/squares.tpl. The query string is parsed only on request.
def squares(req, resp):
    req.parse_qs()
    to = req.form.get("to", "5")
    if not isinstance(to, str) or not to.isdigit() or int(to) > 1000:
        yield from picoweb.http_error(resp, "400")
        return
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "squares.tpl", (int(to),))


# A file. Without content_type, its name decides the type.
def source(req, resp):
    yield from app.sendfile(resp, "example_webapp.py", content_type="text/plain; charset=utf-8")


# A route by regular expression: its groups are in req.url_match, percent-encoded as the client sent them.
def hello(req, resp):
    name = picoweb.utils.unquote_plus(req.url_match.group(1))
    yield from picoweb.start_response(resp, content_type="text/plain; charset=utf-8")
    yield from resp.awrite("Hello, %s!\n" % name)


ROUTES = [
    ("/", index),
    ("/start", start),
    ("/squares", squares),
    ("/file", source),
    (re.compile("^/hello/([^/]+)$"), hello),
    # A handler is any callable that returns a coroutine.
    ("/about", lambda req, resp: (yield from app.sendfile(resp, "templates/about.txt"))),
]

app = picoweb.WebApp(__name__, ROUTES)

if __name__ == "__main__":
    app.run(debug=True)
