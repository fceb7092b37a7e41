# Shared by sessions, authentication and CORS; apps may use it, too.
from . import WebApp
from . import answers, headers  # noqa: F401 (requests need them anyway, and now the heap is not fragmented yet)


# Calls func(req, resp) before each handler of an app. It may be a coroutine, and may raise HTTPException.
def before(app, func):
    inner = app.dispatch

    def dispatch(req, resp, handler, args):
        yield from WebApp.dispatch(app, req, resp, func, {})
        return (yield from inner(req, resp, handler, args))

    app.dispatch = dispatch


# Adds header fields to a response, regardless of who writes it: the lines that make() returns follow the status line.
def add_headers(resp, make):
    awrite = resp.awrite
    head = b""

    def write(buf, off=0, sz=-1):
        nonlocal head
        if head is None:
            return (yield from awrite(buf, off, sz))
        buf = buf.encode() if isinstance(buf, str) else bytes(buf)
        head += buf[off:off + sz] if sz >= 0 else buf[off:]
        end = head.find(b"\n") + 1
        if end:
            buf, head = head, None
            if resp.awrite is write:  # else it is below head_only()
                resp.awrite = resp.awritestr = awrite
            yield from awrite(buf[:end] + make().encode() + buf[end:])

    resp.awrite = resp.awritestr = write


# Compares bytes in a time that does not reveal how many agree.
def same(a, b):
    diff = len(a) ^ len(b)
    for i in range(min(len(a), len(b))):
        diff |= a[i] ^ b[i]
    return not diff
