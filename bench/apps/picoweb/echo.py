import sys
import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    obj = yield from req.get_json()
    obj["sum"] = sum(obj["values"])
    yield from picoweb.jsonify(resp, obj)


app.run(debug=-1, port=int(sys.argv[1]))
