# A form, sent in the query string (GET) and in the body (POST).

import picoweb

app = picoweb.WebApp(__name__, serve_static=False)

PAGE = """<!DOCTYPE html>
<meta charset="utf-8">
<title>Form</title>
<form action="/get" method="get">What is your name? <input name="name"> <button>GET</button></form>
<form action="/post" method="post">What is your name? <input name="name"> <button>POST</button></form>
"""


# Text from outside must not become markup.
def escape(s):
    return s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# The value is a list if the name occurs twice, and True if there is no "=".
def field(req, name):
    value = req.form.get(name, "")
    return value if isinstance(value, str) else ""


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite(PAGE)


@app.route("/get")
def form_get(req, resp):
    req.parse_qs()
    yield from greet(req, resp)


@app.route("/post", methods=("POST",))
def form_post(req, resp):
    yield from req.read_form_data()
    yield from greet(req, resp)


def greet(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello, %s!" % escape(field(req, "name") or "stranger"))


if __name__ == "__main__":
    app.run(debug=True)
