# One place for the exceptions of all handlers: an app can log them elsewhere, or show its own page.

import picoweb


class App(picoweb.WebApp):

    # Part of the response may have been written already.
    def handle_exc(self, req, resp, e):
        if isinstance(e, KeyError):
            yield from picoweb.start_response(resp, status=404)
            yield from resp.awrite("There is no %s here." % e.args[0])
        else:
            yield from picoweb.start_response(resp, status=500)
            yield from resp.awrite("Sorry: %s" % type(e).__name__)


app = App(__name__, serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite('<a href="/missing">A key</a>, <a href="/broken">a number</a>')


@app.route("/missing")
def missing(req, resp):
    yield from picoweb.jsonify(resp, {"here": 1}["elsewhere"])


@app.route("/broken")
def broken(req, resp):
    yield from picoweb.jsonify(resp, 1 // 0)


# An HTTPException is a response, not an error of the app: handle_exc() does not see it.
@app.route("/gone")
def gone(req, resp):
    raise picoweb.HTTPException(410)
    yield


if __name__ == "__main__":
    app.run(debug=True)
