# Typed routes, such as "/user/<int:id>/<path:rest>".
from .loop import re
from .utils import unquote


# A segment has at most one parameter, with literal text before and after it; a route has at most one path. So there is one way to match,
# and no need to search for it.
class Pattern:

    def __init__(self, url):
        literal, *params = url.split("<")
        self.segments = [(part, None, "", "") for part in literal.split("/")]  # (prefix, name, kind, suffix)
        self.path = None  # the index of the parameter that takes several segments
        names = [None]
        for param in params:
            spec, end, literal = param.partition(">")
            kind, _, name = spec.rpartition(":")
            prefix, taken = self.segments.pop()[:2]
            if not (end and name) or taken or name in names or kind == "path" and self.path is not None:
                raise ValueError("not a typed route: %r" % url)
            names.append(name)
            if kind == "path":
                self.path = len(self.segments)
            elif kind[:3] == "re:":
                kind = re.compile("^(?:%s)$" % kind[3:])
            elif kind not in ("", "string", "int"):
                raise ValueError("no such type: %r" % url)
            suffix, *literals = literal.split("/")
            self.segments += [(prefix, name, kind, suffix)] + [(part, None, "", "") for part in literals]

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
        for part, (prefix, name, kind, suffix) in zip(parts, self.segments):
            value = unquote(part)  # after the split: an encoded slash belongs to its segment
            if name:
                if not value.startswith(prefix) or not value.endswith(suffix):
                    return None
                args[name] = _convert(kind, value[len(prefix):len(value) - len(suffix)])
                if args[name] is None:
                    return None
            elif prefix != value and prefix != part:
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
