# A REST API: typed parameters in paths, a token, requests from the pages of other sites, and every error as JSON.
#     curl -H "Authorization: Bearer change me" http://127.0.0.1:8081/items/1

import picoweb
from picoweb.auth import BearerAuth
from picoweb.cors import CORS

app = picoweb.WebApp(__name__, serve_static=False)
items = {1: {"name": "lamp", "on": False}}


def json_error(req, resp, e):
    return picoweb.jsonify(resp, {"error": e.status}, e.status, e.headers)


app.handle_error = json_error
BearerAuth("change me").protect(app)
CORS(app, ("http://localhost:3000",))


def check(id):
    if id not in items:
        raise picoweb.HTTPException(404)


def read_item(req):
    item = yield from req.get_json()
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not isinstance(item.get("on", False), bool):
        raise picoweb.HTTPException(422)
    return {"name": item["name"], "on": item.get("on", False)}


@app.route("/items", methods="GET")
def index(req, resp):
    return [dict(items[id], id=id) for id in sorted(items)]


@app.route("/items", methods="POST")
def create(req, resp):
    item = yield from read_item(req)
    id = max(items or (0,)) + 1
    items[id] = item
    return dict(item, id=id), 201, {"Location": "/items/%d" % id}


@app.route("/items/<int:id>", methods="GET")
def show(req, resp, id):
    check(id)
    return dict(items[id], id=id)


@app.route("/items/<int:id>", methods="PUT")
def replace(req, resp, id):
    check(id)
    items[id] = yield from read_item(req)
    return dict(items[id], id=id)


@app.route("/items/<int:id>", methods="DELETE")
def delete(req, resp, id):
    check(id)
    del items[id]
    return "", 204


if __name__ == "__main__":
    app.run(debug=True)
