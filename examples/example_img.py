# A page with an image: every file in static/ is served at its own path, and sendfile() sends any other file.

import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(b'Static: <img src="static/checks.png"> By a handler: <img src="checks">')


@app.route("/checks")
def checks(req, resp):
    yield from app.sendfile(resp, "static/checks.png", headers={"Cache-Control": "max-age=3600"})


if __name__ == "__main__":
    app.run(debug=True)
