# For apps that accept connections themselves, or keep them.
import sys

from .loop import Stream, coroutine, create_task, current_task, get_event_loop, sleep_ms, ticks_diff, ticks_ms


# A connection that the runtime's own server has accepted
def adopt(app, writer):
    loop = get_event_loop()
    if not app._watching or getattr(app, "_adopting", loop) is not loop:  # each asyncio.run() has a loop of its own
        create_task(app._watch())
    app._adopting = loop
    conn = Stream(app, getattr(writer, "s", None) or writer.ios, writer.get_extra_info("peername"))
    conn.raw = getattr(writer, "polls", conn.s)
    if app._ports:
        conn.port = app._ports[0]  # shutdown() ends it, too
    conn.task = current_task()
    return conn


# An app's own _handle(), which reads the head itself or calls super()._handle(). It closes the connection itself; if it raises, this does.
def guard(app):
    from .reader import Reader

    def handle(reader, conn):
        if not isinstance(conn, Stream):
            conn = adopt(app, conn)
        conn.left = sys.maxsize
        conn.begin()
        try:
            yield from coroutine(type(app)._handle)(app, Reader(conn), conn)
        except BaseException:
            conn.close()
            raise
    return coroutine(handle)


# On a connection that its handler keeps, another task may be waiting to read, and Pycopy's loop has one entry for each socket: so this polls.
def write_kept(conn, buf, off, sz):
    since = ticks_ms()
    while sz:
        if conn.dropped or ticks_diff(ticks_ms(), since) > 1000 * conn.app.write_timeout:
            raise OSError(110)  # ETIMEDOUT
        yield from sleep_ms(20)
        n = conn.s.write(buf, off, sz)
        if n:
            off += n
            sz -= n
            since = ticks_ms()
