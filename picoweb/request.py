# What a request may have beside its path; and what HTTPRequest and Connection have, but do not hold.
from ._connection import HTTPException
from ._memory import load


# What HTTPRequest has, but does not hold.
def attribute_of(req, name):
    if name == "headers" and getattr(req, "_head", None):
        req.headers = load("headers").split(req._head)
        return req.headers
    if name not in ("parse_qs", "read_form_data", "get_data", "get_json"):
        raise AttributeError(name)
    return lambda: getattr(load("body"), name)(req)


# The methods of a Connection that few handlers use.
def method_of(conn, name):
    if name not in ("read", "readinto", "readexactly", "readline", "awriteiter", "get_extra_info"):
        raise AttributeError(name)
    return lambda *args: getattr(load("body"), name)(conn, *args)


# RFC 9112 section 2.2: blank lines may come before a request.
def skip_blank_lines(conn):
    rest = conn.buf.lstrip(b"\r\n")
    # No method begins with what is left; and an endless row of blank lines would never let the others have their turn.
    if len(rest) == len(conn.buf) or len(conn.buf) > 4 and not rest:
        raise HTTPException(400)
    conn.buf = rest


# A request target with an authority, a query or percent-encoding (RFC 9112 section 3.2).
def parse_target(req, target):
    path, _, qs = target.partition(b"?")
    if path[:1] != b"/" and path != b"*":
        scheme, slashes, rest = path.partition(b"://")
        if not slashes:
            raise HTTPException(400)
        path = b"/" + rest.partition(b"/")[2]
    utils = load("utils")
    req.path = utils.decode(utils.unquote_to_bytes(path))
    req.qs = utils.decode(qs)


# Notes a field that frames the body (RFC 9112 section 6.3). Whatever could be read in two ways is refused.
def frame(conn, name, value):
    name = name.lower()
    value = value.strip(b" \t\r")
    if name == b"content-length":
        if not value.isdigit() or conn.length not in (None, int(value)):
            raise HTTPException(400)
        conn.length = conn.left = int(value)
    elif name == b"transfer-encoding":
        # No body can be read then. -1 is no length that could be sent, so that one before or after this is an error.
        if conn.length not in (None, -1):
            raise HTTPException(400)
        conn.length = -1
    elif name == b"expect":
        # RFC 9110 section 10.1.1: from an HTTP/1.0 client, it is to be ignored.
        conn.expect = value.lower() == b"100-continue" and b" HTTP/1.0" not in conn.buf[:conn.buf.find(b"\n")]
