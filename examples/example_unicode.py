# Text that is not ASCII, in a template, a form, a path, a query string and JSON. It is UTF-8 on the wire and str in the app.

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


# An exact route matches whichever way the client encodes it.
@app.route("/żółw")
def turtle(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Żółw 🐢 to po angielsku turtle.")


# A regular expression gets the path as the client sent it.
@app.route(re.compile("^/word/(.+)$"))
def word(req, resp):
    text = picoweb.utils.unquote_plus(req.url_match.group(1))
    yield from picoweb.jsonify(resp, {"słowo": text})


if __name__ == "__main__":
    app.run(debug=True)
