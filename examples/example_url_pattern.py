# Routes with parameters in the path, which the handler gets as keyword arguments. And a pattern class of your own: any object
# with a match(path) method, which gets the path as the client sent it. If the result is true, it becomes req.url_match.
#     curl http://127.0.0.1:8081/user/ann/post/41

import picoweb

app = picoweb.WebApp(__name__, serve_static=False)


def text(s):
    return s, 200, {"Content-Type": "text/plain; charset=utf-8"}


@app.route("/user/<name>")
def user(req, resp, name):
    return text("User %s" % name)


@app.route("/user/<name>/post/<int:id>")
async def post(req, resp, name, id):
    return text("Post %d of %s, the next is %d" % (id, name, id + 1))


@app.route("/color/<re:[0-9a-f]+:rgb>.html")
def color(req, resp, rgb):
    return text("#" + rgb)


@app.route("/wiki/<path:page>/edit")
def edit(req, resp, page):
    return text("Edit " + page)


class Suffix:

    def __init__(self, suffix):
        self.suffix = suffix

    def match(self, path):
        return path.endswith(self.suffix) and path[:-len(self.suffix)]


@app.route(Suffix(".php"))
def php(req, resp):
    return text("No PHP here: %s" % req.url_match)


if __name__ == "__main__":
    app.run(debug=True)
