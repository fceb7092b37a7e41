# Files and templates.
from . import start_response
from ._connection import HTTPException
from .response import fields

# Extensions by type. Strings take a fraction of the memory of a dict, and short ones fit into the gaps of a small heap.
_TYPES = (
    " html:text/html htm:text/html css:text/css js:text/javascript mjs:text/javascript txt:text/plain log:text/plain ",
    " md:text/markdown csv:text/csv xml:text/xml json:application/json map:application/json svg:image/svg+xml ",
    " ico:image/x-icon png:image/png jpg:image/jpeg jpeg:image/jpeg gif:image/gif webp:image/webp avif:image/avif ",
    " woff:font/woff woff2:font/woff2 ttf:font/ttf otf:font/otf wasm:application/wasm pdf:application/pdf ",
    " zip:application/zip gz:application/gzip webmanifest:application/manifest+json mp3:audio/mpeg wav:audio/wav ",
    " ogg:audio/ogg mp4:video/mp4 webm:video/webm ",
)

# errno of names that no file has: ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG.
_NO_FILE = (2, 13, 20, 21, 22, 36)


def get_mime_type(fname):
    ext = fname.rsplit("/", 1)[-1].rsplit(".", 1)
    if len(ext) > 1:
        key = " %s:" % ext[1].lower()
        for types in _TYPES:
            start = types.find(key) + len(key)
            if start >= len(key):
                mime = types[start:types.find(" ", start)]
                return mime + "; charset=utf-8" if mime.startswith("text/") else mime
    return "application/octet-stream"


# Copies a binary file to the writer through one buffer.
def sendstream(writer, f):
    from . import SEND_BUFSZ
    buf = bytearray(SEND_BUFSZ)
    while True:
        n = f.readinto(buf)
        if not n:
            break
        yield from writer.awrite(buf, 0, n)


# A file of the app's package (or folder), as a binary stream.
def open_resource(pkg, fname):
    try:
        import pkg_resources
    except ImportError:
        return open_file(pkg, fname)
    try:
        return pkg_resources.resource_stream(pkg, fname)
    except KeyError:  # not among the resources in R.py
        raise OSError(2)


def open_file(pkg, fname):
    if pkg:
        path = __import__(pkg).__path__
        fname = (path if isinstance(path, str) else path[0]) + "/" + fname
    return open(fname, "rb")


def _open(app, fname):
    f = None
    try:
        f = open_resource(app.pkg, fname)
        f.read(1)  # a directory may be opened, but not read
        size = f.seek(0, 2)
        f.seek(0)
        return f, size
    except OSError as e:
        if f:
            f.close()
        if e.args[0] in _NO_FILE:
            return None, 0
        raise


def sendfile(app, writer, fname, content_type=None, headers=None):
    f, size = _open(app, fname)
    if not f:
        raise HTTPException(404)
    try:
        lines = "Content-Length: %d\r\n" % size
        if headers:
            lines += fields(headers)
        yield from start_response(writer, content_type or get_mime_type(fname), "200", lines)
        yield from sendstream(writer, f)
    finally:
        f.close()


# Whether the client takes gzip (RFC 9110 section 12.5.3). To split the whole head for that would take a kilobyte.
def _takes_gzip(req):
    head = getattr(req, "_head", None) or b""
    at = head.find(b"gzip")
    while at >= 0:
        name, _, value = head[head.rfind(b"\n", 0, at) + 1:head.find(b"\n", at)].partition(b":")
        if name.lower() == b"accept-encoding":
            for coding in value.split(b","):
                coding, _, q = coding.partition(b";")
                if coding.strip() == b"gzip":
                    return q.strip() not in (b"q=0", b"q=0.0")
        at = head.find(b"gzip", at + 1)
    return False


# Serves what is below "static/". The path is decoded, so its segments are what the file system will see.
def handle_static(app, req, resp):
    path = req.url_match.group(1)
    # CPython's "." is no line end: the match would be a part of the path only.
    if "\0" in path or "\n" in req.path or ".." in path.replace("\\", "/").split("/"):
        raise HTTPException(403)
    if _takes_gzip(req):
        f, _ = _open(app, path + ".gz")
        if f:
            f.close()
            headers = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n"
            yield from app.sendfile(resp, path + ".gz", get_mime_type(path), headers)
            return
    yield from app.sendfile(resp, path)


def load_template(app, name):
    if app.template_loader is None:
        import utemplate.source
        app.template_loader = utemplate.source.Loader(app.pkg, "templates")
    return app.template_loader.load(name)


# Templates yield many small pieces, and each write has its price.
def render_template(app, writer, tmpl_name, args=()):
    pieces = []
    size = 0
    for s in load_template(app, tmpl_name)(*args):
        pieces.append(s)
        size += len(s)
        if size >= 512:
            yield from writer.awritestr("".join(pieces))
            pieces = []
            size = 0
    if pieces:
        yield from writer.awritestr("".join(pieces))


def render_str(app, tmpl_name, args=()):
    return "".join(load_template(app, tmpl_name)(*args))
