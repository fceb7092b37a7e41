# HTTP Basic authentication for a whole app. Without TLS, anyone on the network can read the password: see example_https.py.

import picoweb
from picoweb.auth import BasicAuth

app = picoweb.WebApp(__name__, serve_static=False)

BasicAuth({"admin": "swordfish"}).protect(app)


@app.route("/")
def index(req, resp):
    return "Hello, %s" % req.user


if __name__ == "__main__":
    app.run(debug=True)
