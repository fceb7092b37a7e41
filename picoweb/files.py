# Files.
from . import get_mime_type, start_response
from ._connection import HTTPException
from ._memory import load

# errno of names that no file has: ENOENT, EACCES, ENOTDIR, EISDIR, EINVAL, ENAMETOOLONG.
_NO_FILE = (2, 13, 20, 21, 22, 36)


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
            lines += load("response").fields(headers)
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
