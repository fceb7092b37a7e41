# For apps that accept or keep connections themselves, and for the methods that asyncio's streams have.
import sys

from .server import Server, Stream, create_task, current_task, sleep_ms, ticks_diff, ticks_ms


# A connection that the runtime's own server has accepted
def adopt(app, writer):
    if not app._servers:
        create_task(Server(app).sweep())
    s = getattr(writer, "s", None) or writer.ios
    conn = Stream(app._servers[0], s, None, getattr(writer, "polls", s))
    conn.task = current_task()
    return conn


# An app's own _handle() closes its connection by itself, unless it fails.
def guard(conn, coro):
    try:
        yield from coro
    except BaseException:
        conn.close()
        raise


# On a connection that its handler keeps, another task may be waiting to read, and Pycopy's loop has one entry for each socket: so this polls.
def write_kept(conn, buf, off, sz):
    since = ticks_ms()
    while sz:
        if conn.dropped or ticks_diff(ticks_ms(), since) > 1000 * conn.server.app.write_timeout:
            raise OSError(110)  # ETIMEDOUT
        yield from sleep_ms(20)
        n = conn.s.write(buf, off, sz)
        if n:
            off += n
            sz -= n
            since = ticks_ms()


# Attributes that asyncio's streams have and Stream lacks
def attribute(conn, name):
    if name == "out":
        return b""
    if name in ("read", "readexactly", "readinto", "readline"):
        from .reader import Reader
        if conn.buf is None:  # an app's own _handle() reads the head
            conn.buf, conn.left = b"", sys.maxsize
        return getattr(Reader(conn), name)
    func = globals().get("stream_" + name)
    if not func:
        raise AttributeError(name)
    return lambda *args, **kwargs: func(conn, *args, **kwargs)


def stream_get_extra_info(conn, name, default=None):
    return conn.peer if name == "peername" else default


# As in asyncio: drain() sends it.
def stream_write(conn, data):
    conn.out += data.encode() if isinstance(data, str) else bytes(data)


def stream_drain(conn):
    data, conn.out = conn.out, b""
    return conn.awrite(data)


def stream_wait_closed(conn):
    return conn.aclose()
