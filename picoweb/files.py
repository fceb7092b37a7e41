# Files: what the app's package or folder has, and the static ones.
import sys

from . import HTTPException, start_response
from .utils import unquote

_NO_ENGINE = "templates need utemplate: copy its folder beside the app, or set app.template_loader (docs: How-to, Templates)"


# Shows that on the page; what it raises is in the log.
def _no_engine(*args):
    yield _NO_ENGINE
    raise ImportError(_NO_ENGINE)


# Any engine will do whose templates are functions that yield their text.
def load_template(app, name):
    if app.template_loader is None:
        try:
            import utemplate.source
        except ImportError:
            if app.debug > 0:
                return _no_engine
            raise ImportError(_NO_ENGINE)
        app.template_loader = utemplate.source.Loader(app.pkg, "templates")
    try:
        return app.template_loader.load(name)
    except OSError as e:
        raise OSError(e.args[0], "template %s" % name)


# errno of names that no file has: ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG.
_NO_FILE = (2, 13, 20, 21, 22, 36)

# Extensions by type. Strings take a fraction of the memory of a dict, and short ones fit into the gaps of a small heap.
_TYPES = (
    " html:text/html htm:text/html css:text/css js:text/javascript mjs:text/javascript txt:text/plain log:text/plain ",
    " md:text/markdown csv:text/csv xml:text/xml json:application/json map:application/json svg:image/svg+xml ",
    " ico:image/x-icon png:image/png jpg:image/jpeg jpeg:image/jpeg gif:image/gif webp:image/webp avif:image/avif ",
    " woff:font/woff woff2:font/woff2 ttf:font/ttf otf:font/otf wasm:application/wasm pdf:application/pdf ",
    " zip:application/zip gz:application/gzip webmanifest:application/manifest+json mp3:audio/mpeg wav:audio/wav ",
    " ogg:audio/ogg mp4:video/mp4 webm:video/webm ",
)


def mime_type(fname):
    ext = fname.rsplit("/", 1)[-1].rsplit(".", 1)
    if len(ext) > 1:
        key = " %s:" % ext[1].lower()
        for types in _TYPES:
            start = types.find(key) + len(key)
            if start >= len(key):
                mime = types[start:types.find(" ", start)]
                return mime + "; charset=utf-8" if mime.startswith("text/") else mime
    return "application/octet-stream"


# A binary file of the app's package or folder; HTTPException(404) where there is none.
def open_file(pkg, fname):
    f = None
    try:
        f = _open(pkg, fname)
        f.read(1)  # a directory may be opened, but not read
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
        if sys.implementation.name != "cpython":  # which has another package of that name
            import pkg_resources
            return pkg_resources.resource_stream(pkg, fname)
    except KeyError:  # it is not among the resources in R.py
        raise OSError(2)
    except ImportError:
        pass
    if pkg:
        path = __import__(pkg).__path__
        fname = (path if isinstance(path, str) else path[0]) + "/" + fname
    return open(fname, "rb")


def sendfile(app, writer, fname, content_type=None, headers=None):
    f = open_file(app.pkg, fname)
    try:
        yield from start_response(writer, content_type or mime_type(fname), "200", headers)
        yield from sendstream(writer, f)
    finally:
        f.close()


# Copies a binary file through one buffer.
def sendstream(writer, f):
    from . import SEND_BUFSZ
    f = getattr(f, "buffer", f)  # CPython's, opened as text
    buf = bytearray(SEND_BUFSZ)
    n = f.readinto(buf)
    while n:
        yield from writer.awrite(buf, 0, n)
        n = f.readinto(buf)


# Whether the client takes gzip (RFC 9110 section 12.5.3).
def _takes_gzip(req):
    for coding in req.headers.get(b"Accept-Encoding", b"").split(b","):
        coding, _, q = coding.partition(b";")
        if coding.strip() == b"gzip":
            return q.strip() not in (b"q=0", b"q=0.0")


# What is below "static/". Its segments are judged as the file system will see them.
def handle_static(app, req, resp):
    segments = [unquote(segment) for segment in req.url_match.group(1).split("/")]
    path = "/".join(segments)
    # CPython's "." is no line end: the match would be a part of the path only.
    if "\0" in path or "\n" in req.path or ".." in path.replace("\\", "/").split("/") or "/" in "".join(segments):
        raise HTTPException(403)
    headers = ""
    name = path
    if getattr(req, "headers", None) and _takes_gzip(req):
        try:
            open_file(app.pkg, path + ".gz").close()
            name += ".gz"
            headers = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
        except HTTPException:
            pass
    f = open_file(app.pkg, name)
    size = f.seek(0, 2)
    f.close()
    yield from app.sendfile(resp, name, mime_type(path), "Content-Length: %d\r\n%s" % (size, headers))
