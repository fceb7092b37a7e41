# An app as boards have them: three pages by templates, a form, a JSON API, static files. test_small_heap.py has it served
# from a heap of 36 KB.

import picoweb
from utemplate.compiled import Loader

app = picoweb.WebApp("board")
app.template_loader = Loader("board", "templates")
readings = [("kitchen", 21), ("cellar", 12)]
name = "my board"


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "index.tpl", (name, readings))


@app.route("/settings", methods=("GET",))
def settings(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "settings.tpl", (name,))


@app.route("/settings", methods=("POST",))
def change(req, resp):
    global name
    yield from req.read_form_data()
    name = req.form["name"]
    yield from picoweb.redirect(resp, "/settings", 303)


@app.route("/about")
def about(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "about.tpl")


@app.route("/api/readings", methods=("GET",))
def api(req, resp):
    yield from picoweb.jsonify(resp, [{"room": room, "degrees": degrees} for room, degrees in readings])


@app.route("/api/readings", methods=("POST",))
def api_add(req, resp):
    data = yield from req.get_json()
    readings.append((data["room"], data["degrees"]))
    del readings[:-10]
    yield from picoweb.jsonify(resp, len(readings))
