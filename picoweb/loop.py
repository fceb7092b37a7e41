# The event loop: its names on each runtime, and a client's connection. There is no HTTP here.
import gc
import sys

if sys.implementation.name == "cpython":
    from ._cpython import *  # noqa: F403
else:
    import uerrno, ujson as json, ure as re, usocket as socket  # noqa: E401
    from uasyncio import CancelledError, get_event_loop, sleep_ms
    from utime import ticks_diff, ticks_ms
    try:
        from uasyncio import core, create_task, current_task
        HANDSHAKE = "do_handshake_on_connect"

        # The caller yields what this returns.
        def io_wait(s, write):
            return core._io_queue._enqueue(s, int(write))

        # A wait that ran out of memory may leave its entry.
        def io_forget(s):
            core._io_queue.map.pop(id(s), None)

        def io_done(s):
            pass

        def task_cancel(task):
            task.cancel()
    except ImportError:  # Pycopy
        from uasyncio import IORead, IOWrite, cancel
        HANDSHAKE = "do_handshake"
        loop = get_event_loop(64, 64)  # its queues do not grow, and one entry too many ends it
        create_task = loop.create_task
        io_forget = io_done = loop.remove_reader  # a client that has gone would wake its task again and again

        def io_wait(s, write):
            return IOWrite(s) if write else IORead(s)

        def task_cancel(task):
            try:
                cancel(task)
            except Exception:
                pass  # it has ended

        def current_task():
            return loop.cur_task

    def wrap_tls(ssl, s):
        return ssl.wrap_socket(s, server_side=True, **{HANDSHAKE: False})

    # Generators are coroutines here.
    def coroutine(func):
        return func

    mark = None

    def run_forever(loop, app):
        while True:
            try:
                return loop.run_forever()
            except Exception as e:  # ends Pycopy's loop: the current task gets it, if still alive
                gc.collect()
                try:
                    loop.cur_task.pend_throw(e)
                    loop.call_soon(loop.cur_task)
                except Exception:
                    sys.print_exception(e)
            except KeyboardInterrupt:
                loop.run_until_complete(app._stop())
                raise


def listen(host, port, backlog):
    family, kind, proto, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    s = socket.socket(family, kind, proto)
    try:
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(address)
        if sys.platform == "linux":
            s.setsockopt(socket.SOL_SOCKET, 7, 32768)  # SO_SNDBUF: more would hide clients that do not read
        s.listen(backlog)
        return s
    except BaseException:
        s.close()
        raise


# A client's connection
class Stream:
    buf = None  # not consumed yet; None before its task has begun
    left = 0  # unread bytes of the body or chunk
    next_chunk = None  # reads the next chunk's size
    interim = None  # 100 Continue, if expected
    sent = None  # the first write
    out = b""  # of write(), which drain() sends
    dropped = gone = False  # by the server, by the client
    writing = None  # True: waits to write, False: to read

    def __init__(self, server, s, peer=None, raw=None):
        self.server = server
        self.s = s
        self.raw = raw or s  # the socket below TLS
        self.peer = peer
        self.task = None  # of the handler
        self.waiter = None  # the task that waits to read or write: wait_for() reads in one of its own
        self.start = self.idle_since = ticks_ms()  # idle_since is None while the client is not waited for
        server.conns.append(self)

    def idle(self):
        return 0 if self.idle_since is None or self.buf is None else ticks_diff(ticks_ms(), self.idle_since)

    def _wait(self, write):
        if self.dropped:
            raise OSError(110)  # ETIMEDOUT
        if self.idle_since is None:
            self.idle_since = ticks_ms()
        self.waiter, self.writing = current_task(), write
        try:
            yield io_wait(self.raw, write)
        except BaseException:
            self.idle_since = None  # if the handler has cancelled it, that is at work
            if self.raw:
                io_forget(self.raw)
            raise
        finally:
            self.writing = None
        io_done(self.raw)

    # Calls op(n) until it returns data; TLS may already hold some.
    def receive(self, op, n):
        try:
            data = None
            if self.raw is not self.s:
                yield from sleep_ms(0)  # so that a fast client does not starve the others
                data = op(n)
            while data is None:
                yield from self._wait(False)
                data = op(n)
            return data
        except OSError:
            self.gone = not self.dropped
            raise

    # Reads through a shared buffer: shrunk buffers would leave holes in the heap.
    def take(self, _):
        buf = self.server.buf
        n = self.s.readinto(buf)
        return n and bytes(memoryview(buf)[:n])

    # Adds what comes next to buf.
    def more(self):
        data = yield from self.receive(self.take, 0)
        if not data:
            raise EOFError(self)  # an app's own has other arguments
        self.buf += data

    def awrite(self, buf, off=0, sz=-1):
        if isinstance(buf, str):
            buf = buf.encode()
        if sz < 0:
            sz = len(buf) - off
        if not self.sent:
            self.sent = buf
        try:
            while sz:
                n = self.s.write(buf, off, sz)  # trying before waiting is faster
                if n == sz:
                    break
                if n:
                    self.idle_since = None
                    off += n
                    sz -= n
                if self not in self.server.conns:
                    from .streams import write_kept
                    yield from write_kept(self, buf, off, sz)
                    break
                yield from self._wait(True)
        except OSError:
            self.gone = not self.dropped
            raise
        self.idle_since = None
        self.server.writes += 1
        if not self.server.writes & 15:
            yield from sleep_ms(0)  # so that a fast client does not starve the others

    awritestr = awrite

    def awriteiter(self, iterable):
        for buf in iterable:
            yield from self.awrite(buf)

    def write(self, buf):
        self.out += buf.encode() if isinstance(buf, str) else bytes(buf)

    def drain(self):
        buf, self.out = self.out, b""
        return self.awrite(buf)

    def get_extra_info(self, name, default=None):
        return self.peer if name == "peername" else default

    # Frees its place. If kept by the app, only its writes have a time limit.
    def release(self):
        if self in self.server.conns:
            self.server.conns.remove(self)

    def aclose(self):
        self.close()
        return
        yield

    wait_closed = aclose

    def close(self):
        self.release()
        raw, self.raw = self.raw, None
        if raw:
            if self.writing is not None:
                if self.waiter is not current_task():  # a waiting task would never wake
                    task_cancel(self.waiter)
                io_forget(raw)
            self.s.close()
            if raw is not self.s:  # a failed TLS socket leaves it open
                raw.close()
            self.task = self.waiter = None  # tasks that have ended keep each other in memory

    # Cancels its task, which may still send 408.
    def drop(self):
        self.dropped = True
        self.release()
        task_cancel(self.task)
        if self.buf is None:  # the task never began
            self.close()
