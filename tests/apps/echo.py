# Answers with what it has parsed of a request, in bytes that are the same on every runtime.
import picoweb

try:
    import re
except ImportError:
    import ure as re


class Echo(picoweb.WebApp):
    # Low, so that a request can be cut off at every length up to them.
    max_request_line = 100
    max_head = 200
    max_body = 60
    read_timeout = 5


class OwnHeaders(picoweb.WebApp):

    def parse_headers(self, reader):
        n = 0
        while (yield from reader.readline()).strip():
            n += 1
        return n


app = Echo(__name__, serve_static=False)
own = OwnHeaders(__name__, serve_static=False)
app.mount("/own", own)


def reply(resp, text):
    yield from picoweb.start_response(resp, "text/plain; charset=utf-8")
    yield from resp.awrite(text)


@app.route("/headers")
def headers(req, resp):
    yield from reply(resp, b"\n".join(sorted(k + b"=" + v for k, v in req.headers.items())))


@own.route("/headers")
def own_headers(req, resp):
    body = yield from req.get_data()
    yield from reply(resp, "%d fields, %d bytes" % (req.headers, len(body)))


@app.route("/any-case")
def any_case(req, resp):
    h = req.headers
    found = (h[b"X-Thing"], h.get(b"x-thing"), h.get(b"X-THING", b"?"))
    text = " ".join(v.decode() for v in found) + " %s" % h.get(b"X-Other")
    text += " yes" if b"X-thing" in h else " no"
    yield from reply(resp, text + (" yes" if b"x-other" in h else " no"))


@app.route("/skip", headers="skip")
def skip(req, resp):
    yield from reply(resp, "read" if hasattr(req, "headers") else "skipped")


@app.route("/leave", headers="leave")
def leave(req, resp):
    lines = []
    while True:
        line = (yield from req.reader.readline()).strip()
        if not line:
            break
        lines.append(line)
    rest = yield from req.reader.read()
    yield from reply(resp, b"\n".join(lines + ([rest] if rest else [])))


@app.route("/data")
def data(req, resp):
    body = yield from req.get_data()
    yield from reply(resp, b"%d bytes: %s" % (len(body), body))


@app.route("/read")
async def read(req, resp):
    body = await req.reader.readexactly(3)
    body += b"," + await req.reader.read(10)
    body += b"," + await req.reader.readline()
    await reply(resp, body)


@app.route("/pieces")
def pieces(req, resp):
    r = req.reader
    buf = bytearray(2)
    parts = [(yield from r.readline())]
    # The result does not depend on how the body arrived: a short read is repeated.
    n = 0
    got = 1
    while n < 2 and got:
        one = bytearray(2 - n)
        got = yield from r.readinto(one)
        buf[n:n + got] = one[:got]
        n += got
    parts.append(bytes(buf))
    parts.append((yield from r.readexactly(3)))
    parts.append((yield from r.readline()))
    parts.append((yield from r.readline()))
    parts.append((yield from r.readline()))
    parts.append(b"%d" % (yield from r.readinto(buf)))
    parts.append((yield from r.read(5)))
    # When a client leaves early, the body ends, and the handler decides what that means.
    if sum(len(part) for part in parts[:-2]) != int(req.headers.get(b"Content-Length", 12)):
        raise picoweb.HTTPException(400)
    yield from reply(resp, b",".join(parts))


@app.route("/form")
def form(req, resp):
    yield from req.read_form_data()
    lines = []
    for k, v in sorted(req.form.items()):
        lines.append("%s: %s" % (k, " | ".join(v) if isinstance(v, list) else v))
    yield from reply(resp, "\n".join(lines))


@app.route("/json")
def json(req, resp):
    yield from picoweb.jsonify(resp, [(yield from req.get_json())])


@app.route("/qs")
def qs(req, resp):
    req.parse_qs()
    yield from reply(resp, "%s %s" % (req.form["a"], req.qs))


@app.route(re.compile("^/404"))
def missing(req, resp):
    raise picoweb.HTTPException(404)
    yield


@app.route(re.compile(".*"))
def echo(req, resp):
    yield from reply(resp, "\n".join((req.method, req.path, req.qs)))


if __name__ == "__main__":
    app.run(debug=-1)
