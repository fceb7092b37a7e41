# Routes that have methods=, and tables of many.
from ._connection import HTTPException


# The routes that path may match, in the order of the table. What is found for an exact route is kept: a table of a hundred
# then costs about as much as one of one.
def shortlist(app, path):
    routes, size, found, patterns = app._index
    if routes is not app.url_map or size != len(routes):
        routes = app.url_map
        found = {route[0]: None for route in routes if isinstance(route[0], str)}
        patterns = [route for route in routes if not isinstance(route[0], str)]
        app._index = (routes, len(routes), found, patterns)
    routes = found.get(path, patterns)
    if routes is None:
        routes = found[path] = [route for route in app.url_map if route[0] == path or not isinstance(route[0], str)]
    return routes


def _takes(route, method):
    methods = route[2].get("methods") if len(route) > 2 else None
    return not methods or method in methods or method == "HEAD" and "GET" in methods


# The first of routes, from first on, that matches and takes the method of req. first matches.
def check_method(req, routes, first):
    allow = []
    for route in routes[routes.index(first):]:
        match = route[0] == req.path or not isinstance(route[0], str) and route[0].match(req.path)
        if match:
            if _takes(route, req.method):
                req.url_match = None if match is True else match
                return route
            allow.extend(route[2]["methods"])
    if "GET" in allow:
        allow.append("HEAD")
    allow.append("OPTIONS")
    headers = {"Allow": ", ".join(m for i, m in enumerate(allow) if m not in allow[:i])}
    raise HTTPException(204 if req.method == "OPTIONS" else 405, headers)
