# The event loop: its names on each runtime, and a client's connection. There is no HTTP here.
import gc
import sys

if sys.implementation.name == "cpython":
    from ._cpython import *  # noqa: F403
else:
    import uerrno, ujson as json, ure as re, usocket as socket  # noqa: E401
    from uasyncio import CancelledError, get_event_loop, sleep_ms
    from utime import ticks_diff, ticks_ms

    mark = None

    # Generators are coroutines here.
    def coroutine(func):
        return func

    try:
        from uasyncio import core, create_task, current_task

        # The caller yields what this returns.
        def io_wait(s, write):
            return core._io_queue._enqueue(s, int(write))

        # A wait that ran out of memory may leave its entry.
        def io_forget(s):
            core._io_queue.map.pop(id(s), None)

        # Another task may still wait for it.
        def io_done(s):
            pass

        def task_cancel(task):
            task.cancel()
    except ImportError:  # Pycopy
        from uasyncio import IORead, IOWrite, cancel
        loop = get_event_loop(64, 64)  # its queues do not grow, and one entry too many ends it
        io_forget = io_done = loop.remove_reader  # a client that has gone would wake its task again and again

        def io_wait(s, write):
            return IOWrite(s) if write else IORead(s)

        def create_task(coro):
            loop.create_task(coro)
            return coro

        def current_task():
            return loop.cur_task

        def task_cancel(task):
            try:
                cancel(task)
            except Exception:
                pass  # it has ended

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


# A client's connection
class Stream:
    buf = b""  # not consumed yet
    left = 0  # unread bytes of the body or chunk
    next_chunk = None  # reads the next chunk's size
    interim = None  # 100 Continue, if expected
    sent = None  # the first write
    out = b""  # of write(), which drain() sends
    dropped = gone = False  # by the server, by the client
    start = None  # when its request had come
    port = None  # that has accepted it

    def __init__(self, app, s, peer):
        self.app = app
        self.s = self.raw = s
        self.peer = peer
        self.task = None  # of the handler
        self.waiter = None  # the task that waits for the client: wait_for() reads in one of its own
        self.writing = False
        self.idle_since = None  # while the client is waited for
        app._conns.append(self)

    # Its request has come.
    def begin(self):
        self.idle_since = None
        self.start = ticks_ms()

    def idle(self):
        return 0 if self.idle_since is None else ticks_diff(ticks_ms(), self.idle_since)

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
            self.waiter = None
        io_done(self.raw)

    # Calls op(n) until it returns data.
    def receive(self, op, n):
        data = None
        try:
            while data is None:
                yield from self._wait(False)
                data = op(n)
        except OSError:
            self.gone = not self.dropped
            raise
        return data

    # Reads through a shared buffer: shrunk buffers would leave holes in the heap.
    def take(self, _):
        buf = self.app._buf
        if not buf:
            buf = self.app._buf = bytearray(640)
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
                if self not in self.app._conns:
                    from .streams import write_kept
                    yield from write_kept(self, buf, off, sz)
                    break
                yield from self._wait(True)
        except OSError:
            self.gone = not self.dropped
            raise
        self.idle_since = None
        app = self.app
        app._writes += 1
        if not app._writes & 15:
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
        app = self.app
        if self in app._conns:
            app._conns.remove(self)
            if app._full and len(app._conns) < app.max_connections:
                app._full = 0

    def close(self):
        self.release()
        raw, self.raw = self.raw, None
        if raw:
            if self.waiter:
                task_cancel(self.waiter)  # it would never wake
                io_forget(raw)
            self.s.close()
            self.task = None  # tasks that have ended keep each other in memory

    def aclose(self):
        self.close()
        return
        yield

    wait_closed = aclose

    # Cancels its task, which may still send 408.
    def drop(self):
        self.dropped = True
        self.release()
        task_cancel(self.task)
