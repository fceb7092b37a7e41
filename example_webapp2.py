# The Flask-style way: each handler stands below its route. A handler is a generator with "yield from", or an "async def"
# with "await".

import picoweb

try:
    import re
except ImportError:
    import ure as re

app = picoweb.WebApp(__name__)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite('I can show you a table of <a href="squares">squares</a>.')


@app.route("/squares")
async def squares(req, resp):
    await picoweb.start_response(resp)
    await app.render_template(resp, "squares.tpl", (10,))


@app.route(re.compile("^/hello/([^/]+)$"))
async def hello(req, resp):
    await picoweb.start_response(resp, content_type="text/plain; charset=utf-8")
    await resp.awrite("Hello, %s!\n" % req.url_match.group(1))


@app.route("/sum", methods=("POST",))
async def add(req, resp):
    numbers = await req.get_json()
    await picoweb.jsonify(resp, {"sum": sum(numbers)})


if __name__ == "__main__":
    app.run(debug=True)
