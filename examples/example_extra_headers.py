# Header fields beside Content-Type: from a dict, from pairs where a name comes twice, and as lines that are ready,
# which costs least. And a file that lies there gzipped: one by the app's own hand, one by picoweb's.

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


# For clients that all take gzip, as those of a board's own pages do. (/static/style.css serves static/style.css.gz to
# clients that take gzip, and static/style.css to the others, without a line of code.)
@app.route("/style.css")
def style(req, resp):
    yield from app.sendfile(resp, "static/style.css.gz", "text/css; charset=utf-8",
        b"Cache-Control: max-age=86400\r\nContent-Encoding: gzip\r\n")


if __name__ == "__main__":
    app.run(debug=True)
