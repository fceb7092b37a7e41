# Templates with another engine: Jinja on CPython (pip install jinja2). A template loader is any object whose load(name)
# returns a function that yields text. Jinja's arguments have names, so they are a dict here.

import picoweb
import jinja2


class Jinja:

    def __init__(self, folder):
        self.environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)

    def load(self, name):
        return self.environment.get_template(name).generate


app = picoweb.WebApp(__name__, serve_static=False)
app.template_loader = Jinja("templates")


@app.route("/")
async def index(req, resp):
    req.parse_qs()
    await picoweb.start_response(resp)
    await app.render_template(resp, "hello.html", ({"name": req.form.get("name", "world")},))


if __name__ == "__main__":
    app.run(debug=True)
