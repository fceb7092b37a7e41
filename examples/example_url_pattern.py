# Your own kind of route: any object with a method match(path) can be used like a path or a regular expression. If the
# method returns something true, that is req.url_match. This one knows "<name>" and "<int:name>".

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
            # The path is as the client sent it.
            text = picoweb.utils.unquote_plus(text)
            if not text or kind == "int" and not text.isdigit():
                return None
            args[name] = int(text) if kind == "int" else text
        # A pattern without names matches too, but {} would be false.
        return args or True


# Passes the arguments to the handler by name.
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
