import sys
import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    yield from req.read_form_data()
    yield from picoweb.start_response(resp)
    yield from resp.awrite("%s, %s" % (req.form["name"], req.form["city"]))


app.run(debug=-1, port=int(sys.argv[1]))
