# Static files: types, gzip siblings, validators.
import sys

try:
    import os
except ImportError:
    import uos as os
from . import HTTPException, WebApp, start_response
from .utils import unquote

# errno when there is no such file: ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG.
_NO_FILE = (2, 13, 20, 21, 22, 36)

# Types by extension, which is added after a final "/". Short strings fit into the gaps of a small heap.
_TYPES = (
    " html:text/ htm:text/html css:text/ js:text/javascript mjs:text/javascript txt:text/plain log:text/plain md:text/markdown ",
    " csv:text/ xml:text/ json:application/ map:application/json svg:image/svg+xml ico:image/x-icon png:image/ jpg:image/jpeg ",
    " jpeg:image/ gif:image/ webp:image/ avif:image/ woff:font/ woff2:font/ ttf:font/ otf:font/ wasm:application/ pdf:application/ ",
    " zip:application/ gz:application/gzip webmanifest:application/manifest+json mp3:audio/mpeg wav:audio/ ogg:audio/ mp4:video/ ",
    " webm:video/ ",
)


def mime_type(fname):
    ext = fname.rsplit("/", 1)[-1].rsplit(".", 1)[1:]
    key = " %s:" % "".join(ext).lower()
    for types in _TYPES:
        start = types.find(key) + len(key)
        if start >= len(key):
            mime = types[start:types.find(" ", start)]
            mime += key[1:-1] if mime[-1] == "/" else ""
            return mime + "; charset=utf-8" if mime[:5] == "text/" else mime
    return "application/octet-stream"


# A file in the app's package or folder; 404 if there is none.
def open_file(pkg, fname):
    f = None
    try:
        f = _open(pkg, fname)
        f.read(1)  # a directory can be opened, but not read
        f.seek(0)
        return f
    except OSError as e:
        if f:
            f.close()
        if e.args[0] in _NO_FILE:
            raise HTTPException(404, None, fname)
        raise


def _open(pkg, fname):
    try:
        if sys.implementation.name != "cpython":  # which has a different package of that name
            import pkg_resources
            return pkg_resources.resource_stream(pkg, fname)
    except KeyError:  # not in R.py
        raise OSError(2)
    except (AttributeError, ImportError):  # a plain module; no pkg_resources
        pass
    return open(_path(pkg, fname), "rb")


def _path(pkg, fname):
    path = pkg and getattr(__import__(pkg), "__path__", None) or "."  # a plain module has none
    return (path if isinstance(path, str) else path[0]) + "/" + fname


# An ETag from size and time; "" for a resource in R.py, or if there are no times.
def _etag(pkg, fname, f):
    try:
        info = os.stat(_path(pkg, fname))
        if info[8] and not hasattr(f, "getvalue"):
            return '"%x-%x"' % (info[6], info[8])
    except (AttributeError, OSError):
        pass
    return ""


# Whether the client accepts gzip (RFC 9110 section 12.5.3).
def _takes_gzip(fields):
    for coding in fields.get(b"Accept-Encoding", b"").split(b","):
        name, _, q = coding.replace(b" ", b"").partition(b";q=")
        if name == b"gzip":
            return not q or q.strip(b"0.")


# The path below "static/", checked as the file system will see it
def handle_static(app, req, resp):
    segments = [unquote(segment) for segment in req.url_match.group(1).split("/")]
    path = "/".join(segments)
    # On CPython "." does not match a line end: only part of the path would match.
    if "\0" in path or "\n" in req.path or ".." in path.replace("\\", "/").split("/") or "/" in "".join(segments):
        raise HTTPException(403)
    if type(app).sendfile is not WebApp.sendfile:  # the app's own
        return (yield from app.sendfile(resp, path))
    fields = getattr(req, "headers", None) or {}
    name, lines = path, ""
    if _takes_gzip(fields):
        try:
            open_file(app.pkg, path + ".gz").close()
            name, lines = path + ".gz", "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        except HTTPException:
            pass
    f = open_file(app.pkg, name)
    size, etag = f.seek(0, 2), _etag(app.pkg, name, f)
    f.close()
    if etag:
        lines += "ETag: %s\r\n" % etag
    if app.cache_control:
        lines += "Cache-Control: %s\r\n" % app.cache_control
    if b"If-None-Match" in fields or b"If-Match" in fields or b"Range" in fields:
        from .conditional import answer
        if (yield from answer(app, req, resp, name, size, etag.encode(), mime_type(path), lines)):
            return
    yield from sendfile(app, resp, name, mime_type(path), "Content-Length: %d\r\nAccept-Ranges: bytes\r\n%s" % (size, lines))


def sendfile(app, writer, fname, content_type, headers):
    with open_file(app.pkg, fname) as f:
        yield from start_response(writer, content_type or mime_type(fname), "200", headers)
        yield from sendstream(writer, f)


# Copies a binary file through one buffer.
def sendstream(writer, f):
    from . import SEND_BUFSZ  # apps may set it
    f = getattr(f, "buffer", f)  # opened as text on CPython
    buf = bytearray(SEND_BUFSZ)
    n = f.readinto(buf)
    while n:
        yield from writer.awrite(buf, 0, n)
        n = f.readinto(buf)
