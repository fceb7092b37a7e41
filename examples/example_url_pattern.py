# Routes of the app's own kind: any object with a method match(path) can stand where a path or a regular expression does.
# What it returns, when it is true, is the handler's req.url_match. This one knows "<name>" and "<int:name>".

import picoweb


class URLPattern:

    def __init__(self, pattern):
        self.parts = pattern.split("/")

    def match(self, path):
        found = path.split("/")
        if len(found) != len(self.parts):
            return None
        args = {}
        for part, text in zip(self.parts, found):
            if not part.startswith("<"):
                if part != text:
                    return None
                continue
            kind, _, name = part[1:-1].rpartition(":")
            if not text or kind == "int" and not text.isdigit():
                return None
            args[name] = int(text) if kind == "int" else text
        # A match without a name in it is a match too, but {} would be false.
        return args or True


# Hands the arguments to the handler by name.
def route(pattern, **kwargs):
    def decorator(handler):
        def call(req, resp):
            return (yield from handler(req, resp, **req.url_match))
        app.add_url_rule(URLPattern(pattern), call, **kwargs)
        return handler
    return decorator


app = picoweb.WebApp(__name__, serve_static=False)


@route("/user/<name>")
def user(req, resp, name):
    yield from picoweb.start_response(resp, content_type="text/plain; charset=utf-8")
    yield from resp.awrite("User %s" % name)


@route("/user/<name>/post/<int:id>")
async def post(req, resp, name, id):
    await picoweb.start_response(resp, content_type="text/plain; charset=utf-8")
    await resp.awrite("Post %d of %s, the next is %d" % (id, name, id + 1))


if __name__ == "__main__":
    app.run(debug=True)
