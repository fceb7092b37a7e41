# Header fields of a response: as a dict, as pairs if a name occurs twice, and as ready-made lines, which cost the least.
# Also a gzipped file, sent by the app and by picoweb.

import picoweb

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp, headers={"X-MyHeader1": "foo", "X-MyHeader2": "bar"})
    yield from resp.awrite('<link rel="stylesheet" href="/style.css">The style is compressed.')


@app.route("/pairs")
def pairs(req, resp):
    yield from picoweb.start_response(resp, headers=(("Link", "</a>; rel=next"), ("Link", "</b>; rel=prev")))
    yield from resp.awrite("Two links")


# Only for clients that accept gzip, as browsers do. (/static/style.css needs no code: it sends static/style.css.gz to
# clients that accept gzip, and static/style.css to the others.)
@app.route("/style.css")
def style(req, resp):
    yield from app.sendfile(resp, "static/style.css.gz", "text/css; charset=utf-8",
        b"Cache-Control: max-age=86400\r\nContent-Encoding: gzip\r\n")


if __name__ == "__main__":
    app.run(debug=True)
