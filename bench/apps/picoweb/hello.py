import sys
import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello")


app.run(debug=-1, port=int(sys.argv[1]))
