# JSON in and out. A body that is not JSON gets 400. One longer than app.max_body gets 413, before it is read.
#     curl http://127.0.0.1:8081/state

import picoweb

app = picoweb.WebApp(__name__, serve_static=False)
app.max_body = 1024

state = {"led": False, "name": "płytka"}


@app.route("/state", methods=("GET",))
def show(req, resp):
    yield from picoweb.jsonify(resp, sorted(state.items()))


@app.route("/state", methods=("PUT",))
def change(req, resp):
    new = yield from req.get_json()
    if not isinstance(new, dict):
        raise picoweb.HTTPException(400)
    for key in new:
        if key not in state:
            raise picoweb.HTTPException(422)
    state.update(new)
    yield from picoweb.jsonify(resp, sorted(state.items()))


if __name__ == "__main__":
    app.run(debug=True)
