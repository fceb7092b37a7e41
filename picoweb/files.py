# Static files: types, gzip siblings, validators.
import sys

try:
    import os
except ImportError:
    import uos as os
from . import HTTPException, WebApp, start_response

# No such file: ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG.
_NO_FILE = (2, 13, 20, 21, 22, 36)

# Types by extension, which is added after a final "/". Short strings fit into the gaps of a small heap.
_TYPES = (
    " html:text/ htm:text/html css:text/ js:text/javascript mjs:text/javascript txt:text/plain log:text/plain md:text/markdown ",
    " csv:text/ xml:text/ json:application/ map:application/json svg:image/svg+xml ico:image/x-icon png:image/ jpg:image/jpeg ",
    " jpeg:image/ gif:image/ webp:image/ avif:image/ woff:font/ woff2:font/ ttf:font/ otf:font/ wasm:application/ pdf:application/ ",
    " zip:application/ gz:application/gzip webmanifest:application/manifest+json mp3:audio/mpeg wav:audio/ ogg:audio/ mp4:video/ webm:video/ ",
)


def mime_type(fname):
    _, dot, ext = fname.lower().rpartition(".")
    for types in _TYPES if dot else ():
        _, found, mime = types.partition(" %s:" % ext)
        if found:
            mime = mime.split(" ", 1)[0]
            mime += ext if mime[-1] == "/" else ""
            return mime + "; charset=utf-8" if mime[:5] == "text/" else mime
    return "application/octet-stream"


# A file in the app's package or folder; 404 if there is none.
def open_file(pkg, fname):
    try:
        if not _stat(pkg, fname)[0] & 0x4000:  # some systems open directories
            return _open(pkg, fname)
    except OSError as e:
        if e.args[0] not in _NO_FILE:
            raise
    raise HTTPException(404, None, fname)


def _open(pkg, fname):
    try:
        if sys.implementation.name != "cpython":  # which has another package of that name
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


# Zeros if there is none, as for a resource in R.py
def _stat(pkg, fname):
    try:
        return os.stat(_path(pkg, fname))
    except OSError:
        return (0,) * 10


# The file, or its gzip sibling if the client likes that best (RFC 9110 section 12.5.3); its name; header fields.
def _find(pkg, path, fields):
    accepted = b"," + fields.get(b"Accept-Encoding", b"").replace(b" ", b"")
    if b",gzip" in accepted and b",gzip;q=0" not in accepted:
        try:
            return open_file(pkg, path + ".gz"), path + ".gz", "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        except HTTPException:
            pass
    return open_file(pkg, path), path, ""


# The path below "static/", checked as the file system will see it
def handle_static(app, req, resp):
    segments = req.url_match.group(1).split("/")
    if "%" in req.path:
        from .utils import unquote
        segments = [unquote(segment) for segment in segments]
    path = "/".join(segments)
    if "\0" in path or ".." in path.replace("\\", "/").split("/") or "/" in "".join(segments):
        raise HTTPException(403)
    if type(app).sendfile is not WebApp.sendfile:  # the app's own
        return (yield from app.sendfile(resp, path))
    fields = getattr(req, "headers", None) or {}
    f, name, lines = _find(app.pkg, path, fields)
    with f:
        info, etag = _stat(app.pkg, name), ""
        if info[8] and not hasattr(f, "getvalue"):  # there are times, and it is not from R.py
            etag = '"%x-%x"' % (info[6], info[8])
            lines += "ETag: %s\r\n" % etag
        if app.cache_control:
            lines += "Cache-Control: %s\r\n" % app.cache_control
        status, start, end = 200, 0, f.seek(0, 2)
        if b"If-None-Match" in fields or b"If-Match" in fields or b"Range" in fields:
            from .conditional import evaluate
            status, start, end, lines = evaluate(req, etag.encode(), end, lines)
        if status != 304:
            lines = "Content-Length: %d\r\nAccept-Ranges: bytes\r\n%s" % (end - start, lines)
        yield from start_response(resp, mime_type(path), status, lines)
        f.seek(start)
        yield from sendstream(resp, f, end - start)


def sendfile(app, writer, fname, content_type, headers):
    with open_file(app.pkg, fname) as f:
        yield from start_response(writer, content_type or mime_type(fname), "200", headers)
        yield from sendstream(writer, f)


# Copies a binary file, or the next n bytes of it, through one buffer.
def sendstream(writer, f, left=sys.maxsize):
    from . import SEND_BUFSZ  # apps may set it
    f = getattr(f, "buffer", f)  # opened as text on CPython
    buf = bytearray(SEND_BUFSZ)
    while left:
        n = min(f.readinto(buf), left)
        if not n:
            break
        yield from writer.awrite(buf, 0, n)
        left -= n
