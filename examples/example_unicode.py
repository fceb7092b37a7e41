# Text beyond ASCII: in a template, a form, a path, a query string and JSON. It is UTF-8 on the wire, str in the app.

import picoweb

try:
    import re
except ImportError:
    import ure as re

app = picoweb.WebApp(__name__, serve_static=False)


def escape(s):
    return s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@app.route("/")
def index(req, resp):
    req.parse_qs()
    name = req.form.get("name", "świecie")
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "unicode.tpl", (escape(name),))


@app.route("/form", methods=("POST",))
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "unicode.tpl", (escape(req.form["name"]),))


# The path is decoded before routes are looked up, so a route is written as it reads.
@app.route("/żółw")
def turtle(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Żółw 🐢 to po angielsku turtle.")


@app.route(re.compile("^/słowo/(.+)$"))
def word(req, resp):
    text = req.url_match.group(1)
    yield from picoweb.jsonify(resp, {"słowo": text})


if __name__ == "__main__":
    app.run(debug=True)
