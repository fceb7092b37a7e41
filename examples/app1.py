# A sub-app for example_app_router.py. It knows only its own paths, not where it is mounted, and can also run by itself.

import picoweb

app = picoweb.WebApp("app1", serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("This is webapp #1")


@app.route("/name")
def name(req, resp):
    yield from picoweb.start_response(resp, content_type="text/plain")
    yield from resp.awrite("app1 sees %s" % req.path)


if __name__ == "__main__":
    app.run(debug=True)
