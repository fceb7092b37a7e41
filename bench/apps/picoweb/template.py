import sys
import picoweb

app = picoweb.WebApp(__name__)
rows = [(i, "name %d" % i) for i in range(50)]


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from app.render_template(resp, "rows.tpl", (rows,))


app.run(debug=-1, port=int(sys.argv[1]))
