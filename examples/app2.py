# The other sub-app for example_app_router.py, with its own error pages.

import picoweb


class App2(picoweb.WebApp):

    def handle_error(self, req, resp, e):
        yield from picoweb.start_response(resp, status=e.status)
        yield from resp.awrite("webapp #2 says %d" % e.status)


app = App2("app2", serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("This is webapp #2")


if __name__ == "__main__":
    app.run(debug=True)
