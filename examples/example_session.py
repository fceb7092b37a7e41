# Cookies, and a session in a signed cookie. The client can read the session but not change it, so do not put secrets into it.

import picoweb
from picoweb.session import Sessions, get_cookie, set_cookie

app = picoweb.WebApp(__name__, serve_static=False)

# Each installation needs its own secret.
Sessions(app, b"change me")


@app.route("/")
def index(req, resp):
    req.session["visits"] = req.session.get("visits", 0) + 1
    return "Visit number %d" % req.session["visits"]


@app.route("/logout", methods="POST")
def logout(req, resp):
    req.session.clear()
    yield from picoweb.redirect(resp, "/", 303)


@app.route("/theme", methods="GET")
def theme(req, resp):
    return "The theme is %s" % ("dark" if get_cookie(req, "theme") == "dark" else "light")


@app.route("/theme", methods="POST")
def change_theme(req, resp):
    return "Now it is dark", 200, [set_cookie("theme", "dark", max_age=365 * 86400)]


if __name__ == "__main__":
    app.run(debug=True)
