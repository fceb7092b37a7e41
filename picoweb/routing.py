# Routes beyond a few exact ones: typed routes, long tables, encoded paths, methods.
from . import HTTPException
from .loop import re
from .utils import unquote


# A typed route, such as "/user/<int:id>/<path:rest>". A segment has at most one parameter, with literal text before and after it;
# a route has at most one path. So there is one way to match, and no need to search for it.
class Pattern:

    def __init__(self, url):
        literal, *params = url.split("<")
        self.segments = [(segment, None, None, "") for segment in literal.split("/")]  # (prefix, kind, name, suffix)
        self.path = None  # the index of the parameter that takes several segments
        names = []
        for param in params:
            spec, end, literal = param.partition(">")
            kind, _, name = spec.rpartition(":")
            prefix, taken = self.segments[-1][:2]
            if not (end and name) or taken is not None or name in names or kind == "path" and self.path is not None:
                raise ValueError("not a typed route: %r" % url)
            names.append(name)
            if kind == "path":
                self.path = len(self.segments) - 1
            elif kind[:3] == "re:":
                kind = re.compile("^(?:%s)$" % kind[3:])
            elif kind not in ("", "string", "int"):
                raise ValueError("no such type: %r" % url)
            suffix, *literals = literal.split("/")
            self.segments[-1] = prefix, kind, name, suffix
            self.segments += [(segment, None, None, "") for segment in literals]

    # The parameters as keyword arguments; None if the path, as the client sent it, does not match.
    def match(self, path):
        parts = path.split("/")
        more = len(parts) - len(self.segments)
        if more > 0 and self.path is not None:
            end = self.path + more + 1
            parts[self.path:end] = ["/".join(parts[self.path:end])]
        elif more:
            return None
        args = {}
        for part, (prefix, kind, name, suffix) in zip(parts, self.segments):
            # Decoded after the split: an encoded slash belongs to its segment.
            value = unquote(part)
            if kind is None:
                if prefix != value and prefix != part:
                    return None
            else:
                if not value.startswith(prefix) or not value.endswith(suffix):
                    return None
                args[name] = _convert(kind, value[len(prefix):len(value) - len(suffix)])
                if args[name] is None:
                    return None
        return args


# The value of a parameter; None if the text is not of its type. A path must not begin with a slash: it would be absolute.
def _convert(kind, value):
    if not value or kind == "path" and value[0] == "/":
        return None
    if kind == "int":
        # Bounded: the time that int() takes grows with the square of the digits.
        return int(value) if len(value) <= 18 and value.encode().isdigit() else None
    if hasattr(kind, "match"):
        match = kind.match(value)
        # On CPython, "$" also matches before a final line end.
        return value if match and match.group(0) == value else None
    return value


# The routes that may match path, in the order of the table. Results for exact routes are kept, so that a table of a hundred routes
# costs about as much as one with a single route.
def candidates(app, path):
    plain = unquote(path) if "%" in path else path
    if plain != path:
        # An exact route can be encoded in many ways.
        return [(path,) + tuple(route[1:]) if route[0] == plain else route for route in app.url_map]
    if not app._index or app.url_map != app._index[0]:  # apps may change it
        table = list(app.url_map)
        app._index = (table, {route[0]: None for route in table if isinstance(route[0], str)},
                      [route for route in table if not isinstance(route[0], str)])
    _, exact, patterns = app._index
    routes = exact.get(path, patterns)
    if routes is None:
        routes = exact[path] = [route for route in app.url_map if not isinstance(route[0], str) or route[0] == path]
    return routes


# Called if no route accepts the request.
def refuse(req, routes):
    allow = []
    for url, _, *extra in routes:
        if extra and extra[0] and "methods" in extra[0] and (url == req.path if isinstance(url, str) else url.match(req.path)):
            methods = extra[0]["methods"]
            for method in (methods,) if isinstance(methods, str) else methods:
                if method not in allow:
                    allow.append(method)
    if not allow:
        raise HTTPException(404)
    for method in ("HEAD", "OPTIONS") if "GET" in allow else ("OPTIONS",):
        if method not in allow:
            allow.append(method)
    raise HTTPException(204 if req.method == "OPTIONS" else 405, {"Allow": ", ".join(allow)})
