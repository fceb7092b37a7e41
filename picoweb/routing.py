# Routes that have methods=, and tables of many.
from ._connection import HTTPException


# The routes that path may match, in the order of the table. What is found for an exact route is kept: a table of a hundred
# then costs about as much as one of one.
def shortlist(app, path):
    routes = app.url_map
    index = getattr(app, "_index", None)
    if not index or index[0] is not routes or index[1] != len(routes):
        patterns = [route for route in routes if not isinstance(route[0], str)]
        index = app._index = (routes, len(routes), {route[0]: None for route in routes if isinstance(route[0], str)}, patterns)
    found = index[2].get(path, index[3])
    if found is None:
        found = index[2][path] = [route for route in routes if route[0] == path or not isinstance(route[0], str)]
    return found


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
