# For apps that accept connections themselves, or keep them, and for TLS.
import sys

from .loop import Stream, coroutine, create_task, current_task, sleep_ms, ticks_diff, ticks_ms

try:
    from .loop import wrap_tls  # CPython
except ImportError:
    try:
        from .loop import IORead  # noqa: F401 (Pycopy has it)
        HANDSHAKE = "do_handshake"
    except ImportError:
        HANDSHAKE = "do_handshake_on_connect"

    def wrap_tls(ssl, s):
        return ssl.wrap_socket(s, server_side=True, **{HANDSHAKE: False})


# A connection that the runtime's own server has accepted
def adopt(app, writer):
    if not app._watching:
        create_task(app._watch())
    conn = Stream(app, getattr(writer, "s", None) or writer.ios, writer.get_extra_info("peername"))
    conn.raw = getattr(writer, "polls", conn.s)
    conn.task = current_task()
    return conn


# An app's own _handle(), which reads the head itself or calls super()._handle(). It closes the connection itself; if it raises, this does.
def guard(app):
    from .reader import Reader

    def handle(reader, conn):
        conn.left = sys.maxsize
        conn.begin()
        try:
            yield from coroutine(type(app)._handle)(app, Reader(conn), conn)
        except BaseException:
            conn.close()
            raise
    return handle


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


def secure(app, s, peer, ssl):
    conn = TLSStream(app, s, peer)
    try:
        conn.s = wrap_tls(ssl, s)
    except BaseException:
        conn.close()
        raise
    return conn


class TLSStream(Stream):
    first = False

    def receive(self, op, n):
        self.first = True
        return super().receive(op, n)

    # Before the first wait, what it may already hold is read.
    def _wait(self, write):
        if self.first and not write:
            self.first = False
            return sleep_ms(0)  # so that a fast client does not starve the others
        return super()._wait(write)

    def close(self):
        raw = self.raw
        super().close()
        if raw:  # a failed TLS socket leaves it open
            raw.close()
