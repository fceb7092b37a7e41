# Routes beyond a few plain ones: long tables, encoded paths, methods, and apps below apps.
from . import HTTPException
from .utils import unquote


# The routes that path may match, in the order of the table. What is found for an exact route is kept: a table of a hundred then
# costs about as much as one of one.
def candidates(app, path):
    if not app._index or app._index[0] != len(app.url_map):
        app._index = (len(app.url_map), {route[0]: None for route in app.url_map if isinstance(route[0], str)},
                      [route for route in app.url_map if not isinstance(route[0], str)])
    _, exact, patterns = app._index
    plain = unquote(path) if "%" in path else path
    if plain != path:
        # An exact route may be spelt in many ways.
        return [(path,) + tuple(route[1:]) if route[0] == plain else route for route in app.url_map]
    routes = exact.get(path, patterns)
    if routes is None:
        routes = exact[path] = [route for route in app.url_map if not isinstance(route[0], str) or route[0] == path]
    return routes


# For when none of the routes takes the request.
def refuse(req, routes):
    allow = []
    for route in routes:
        if len(route) > 2 and "methods" in route[2] and (route[0] == req.path or not isinstance(route[0], str) and route[0].match(req.path)):
            methods = route[2]["methods"]
            allow.extend((methods,) if isinstance(methods, str) else methods)
    if not allow:
        raise HTTPException(404)
    if "GET" in allow:
        allow.append("HEAD")
    allow.append("OPTIONS")
    allow = ", ".join([method for i, method in enumerate(allow) if method not in allow[:i]])
    raise HTTPException(204 if req.method == "OPTIONS" else 405, {"Allow": allow})


def mount(app, url, sub):
    sub.url = url
    if sub not in app.mounts:
        app.mounts.append(sub)
    app._plain = False
    # The longest prefix first: it is the closest match.
    app._prefixes = sorted(list(app._prefixes) + [(url.rstrip("/"), sub)], key=lambda m: -len(m[0]))


def begin(app):
    for sub in app.mounts:
        if not sub.inited:
            sub._begin(app.debug, app.log)


# Follows the mounts to the app that the path belongs to; req.path becomes what is left of it.
def find_app(root, req):
    app = root
    req._target = req.path  # for the log
    while True:
        for prefix, sub in app._prefixes:
            n = prefix.count("/") + 1
            parts = req.path.split("/", n)
            head = "/".join(parts[:n])
            if head == prefix or "%" in head and unquote(head) == prefix:
                req.path = "/" + "/".join(parts[n:])
                app = sub
                break
        else:
            break
    if not app.inited:
        app._begin(root.debug, root.log)
    return app
