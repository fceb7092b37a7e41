# 1.8.2 has nothing for JSON bodies: this is how its apps read one.
import sys
import ujson
import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    body = yield from req.reader.readexactly(int(req.headers[b"Content-Length"]))
    obj = ujson.loads(body)
    obj["sum"] = sum(obj["values"])
    yield from picoweb.jsonify(resp, obj)


app.run(debug=-1, port=int(sys.argv[1]))
