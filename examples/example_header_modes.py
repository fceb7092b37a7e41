# What a route wants of the header fields: "parse" gives a dict in req.headers (which is built when it is looked at),
# "skip" throws them away, "leave" leaves them to the handler, which reads them from req.reader.

import picoweb

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/parse", headers="parse")
def parse(req, resp):
    yield from picoweb.start_response(resp, content_type="text/plain")
    yield from resp.awrite("X-Test is %s" % req.headers.get(b"x-test", b"missing").decode())


@app.route("/skip", headers="skip")
def skip(req, resp):
    yield from picoweb.start_response(resp, content_type="text/plain")
    yield from resp.awrite("No headers: %s" % (not hasattr(req, "headers")))


# For a head of which a little is wanted, and no more memory than for a line at a time.
@app.route("/leave", headers="leave")
def leave(req, resp):
    count = 0
    while True:
        line = yield from req.reader.readline()
        if line in (b"", b"\n", b"\r\n"):
            break
        count += 1
    yield from picoweb.start_response(resp, content_type="text/plain")
    yield from resp.awrite("%d header fields" % count)


# Without headers= a route has the app's own mode.
@app.route("/")
def default(req, resp):
    yield from picoweb.start_response(resp, content_type="text/plain")
    yield from resp.awrite("The default is %s" % app.headers_mode)


if __name__ == "__main__":
    app.run(debug=True)
