# What a route does with the header fields: "parse" gives a dict in req.headers, built when it is first read; "skip" drops
# them; "leave" leaves them in req.reader for the handler to read.

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


# Reads line by line, so that only one line is in memory.
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


# Without headers=, a route uses the app's headers_mode.
@app.route("/")
def default(req, resp):
    yield from picoweb.start_response(resp, content_type="text/plain")
    yield from resp.awrite("The default is %s" % app.headers_mode)


if __name__ == "__main__":
    app.run(debug=True)
