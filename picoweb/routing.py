# Routes that have methods=, and tables of many.
from ._connection import HTTPException


# The routes that path may match, in the order of the table: the exact one comes from an index.
def shortlist(app, path):
    index = getattr(app, "_index", None)
    if not index or index[0] is not app.url_map or index[1] != len(app.url_map):
        index = app._index = _index(app.url_map)
    _, _, exact, patterns = index
    places = exact.get(path, ())
    if patterns:
        places = sorted(patterns + list(places))
    return [app.url_map[i] for i in places]


def _index(url_map):
    exact = {}
    patterns = []
    for i, route in enumerate(url_map):
        if isinstance(route[0], str):
            exact[route[0]] = exact.get(route[0], ()) + (i,)
        else:
            patterns.append(i)
    return url_map, len(url_map), exact, patterns


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
