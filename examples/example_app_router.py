# Several apps behind one port: each keeps its own routes, and the root app mounts them below a prefix.

import picoweb
import app1
import app2

site = picoweb.WebApp(__name__, serve_static=False)
site.mount("/app1", app1.app)
site.mount("/app2", app2.app)


@site.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("<a href='app1'>app1</a> or <a href='app2'>app2</a>")


if __name__ == "__main__":
    site.run(debug=True)
