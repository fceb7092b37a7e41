# Long route tables, encoded paths, mounted apps, and requests that no route accepts.
from . import HTTPException


# The longest prefix first: it is the closest match.
def mount(app, url, sub):
    sub.url = url
    app.mounts.append(sub)
    app._prefixes = sorted(list(app._prefixes) + [(url.rstrip("/"), sub)], key=lambda m: -len(m[0]))


# Follows the mounts; req.path becomes what is left of it.
def find_app(app, req):
    req.target = req.target or req.path  # for the log
    for prefix, sub in app._prefixes:
        n = prefix.count("/") + 1
        parts = req.path.split("/", n)
        if _decoded("/".join(parts[:n])) == prefix:
            req.path = "/" + "/".join(parts[n:])
            if not sub.inited:
                sub._begin(app.debug, app.log, True)
            return find_app(sub, req)
    return app


def _decoded(path):
    if "%" not in path:
        return path
    from .utils import unquote
    return unquote(path)


# The routes that may match path, in the order of the table. Those for the path of an exact route are kept, so that a table of a hundred
# of them costs about as much as one with a single route.
def candidates(app, path):
    plain = _decoded(path)
    if plain != path:
        # An exact route can be encoded in many ways.
        return [(path,) + tuple(route[1:]) if route[0] == plain else route for route in app.url_map]
    if not app._index or app.url_map != app._index[None]:  # apps may change it
        app._index = {None: list(app.url_map)}
    routes = app._index.get(path)
    if not routes:
        routes = [route for route in app.url_map if not isinstance(route[0], str) or route[0] == path]
        if path in [route[0] for route in routes]:
            app._index[path] = routes
    return routes


# Called if no route accepts the request.
def refuse(req, routes):
    allow = []
    for url, _, *extra in routes:
        methods = extra and extra[0].get("methods")
        if methods and (url == req.path if isinstance(url, str) else url.match(req.path)):
            allow.extend([methods] if isinstance(methods, str) else methods)
    if not allow:
        raise HTTPException(404)
    allow += ["HEAD", "OPTIONS"] if "GET" in allow else ["OPTIONS"]
    allow = ", ".join([method for i, method in enumerate(allow) if method not in allow[:i]])
    raise HTTPException(204 if req.method == "OPTIONS" else 405, {"Allow": allow})
