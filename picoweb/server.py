# Sockets and the event loop: a Stream for each client, and the Server that accepts them. Nothing here knows HTTP.
import gc
import sys

gc.collect()  # what compiling a module leaves would scatter the next one over the heap

# The event loop of each runtime, under MicroPython's names
if sys.implementation.name == "cpython":
    from ._cpython import *  # noqa: F403
else:
    try:
        import json, re, socket  # noqa: E401
        from asyncio import CancelledError, core, create_task, current_task, get_event_loop, sleep_ms
        from time import ticks_diff, ticks_ms

        # The caller yields what this returns.
        def io_wait(s, write):
            return core._io_queue._enqueue(s, 1 if write else 0)

        # A wait that found no memory has left half an entry.
        def io_forget(s):
            core._io_queue.map.pop(id(s), None)

        def task_cancel(task):
            task.cancel()

        def parse_qs(s):
            from .utils import parse_qs
            return parse_qs(s)
    except ImportError:
        import ujson as json, ure as re, usocket as socket  # noqa: E401
        from uasyncio import CancelledError, IORead, IOWrite, cancel as task_cancel, get_event_loop, sleep_ms
        from utime import ticks_diff, ticks_ms
        from .utils import parse_qs

        loop = get_event_loop(64, 64)  # its queues never grow, and an entry too many ends it
        create_task = loop.create_task
        io_forget = loop.remove_reader

        def current_task():
            return loop.cur_task

        def io_wait(s, write):
            return IOWrite(s) if write else IORead(s)

    print_exception = sys.print_exception

    def coroutine(func):
        return func  # generators are coroutines here

    # A loop without memory ends. Pycopy's forgets a task, too: the one that runs gets the error, the server's begin anew.
    def run_forever(loop, server):
        error = None
        errors = MemoryError, AssertionError, IndexError  # made while there is memory
        while True:
            try:
                if error and getattr(loop, "cur_task", None):
                    task, loop.cur_task = loop.cur_task, None
                    task.pend_throw(error)
                    loop.call_soon(task)
                    if isinstance(error, MemoryError):
                        server.start()
                return loop.run_forever()
            except errors as e:
                error = e
                gc.collect()


# One client
class Stream:
    buf = None  # what was read too early; None before its task has begun
    left = 0  # bytes that may still be read
    greeting = None  # sent before the next read
    first = None  # the first bytes of the output
    polls = None  # the socket below TLS
    task = None  # False once it is closed
    writing = None
    late = gone = False
    start = 0

    def __init__(self, server, s, peer):
        self.server = server
        self.s = s
        self.peer = peer
        self.since = ticks_ms()  # when the server began to wait for the client; None: it does not
        server.conns.append(self)

    # How many ms the server has waited.
    def idle(self):
        return 0 if self.since is None else ticks_diff(ticks_ms(), self.since)

    # Ends this wait, and later ones. Only a task that has begun can be cancelled; on Pycopy, once.
    def give_up(self):
        if self.buf is not None and not self.late:
            task_cancel(self.task)
        self.late = True

    def _wait(self, write):
        if self.late:
            raise OSError(110)  # ETIMEDOUT
        if self.since is None:
            self.since = ticks_ms()
        self.writing = write
        yield io_wait(self.polls or self.s, write)

    # Up to n bytes; b"" when the client sends no more. method is the socket's: read, or readinto, for which n is a buffer.
    def receive(self, n, method=None):
        method = method or self.s.read
        try:
            data = method(n)  # trying before waiting saves a turn of the loop
            while data is None:
                yield from self._wait(False)
                data = method(n)
        except OSError:
            self.gone = not self.late
            raise
        self.server.turns += 1
        if not self.server.turns & 15:  # a fast client must not keep the others from their turn
            yield from sleep_ms(0)
        return data

    # More of what is not whole yet
    def more(self):
        data = yield from self.receive(640)
        if not data:
            raise EOFError
        self.buf += data

    def awrite(self, buf, off=0, sz=-1):
        if isinstance(buf, str):
            buf = buf.encode()
        if sz < 0:
            sz = len(buf) - off
        if not self.first:
            self.first = buf[off:off + 12] or b" "
        try:
            while sz:
                n = self.s.write(buf, off, sz)
                if n == sz:
                    break
                if n:
                    self.since = None
                    off += n
                    sz -= n
                yield from self._wait(True)
        except OSError:
            self.gone = not self.late
            raise
        self.since = None
        self.server.turns += 1
        if not self.server.turns & 15:
            yield from sleep_ms(0)

    awritestr = awrite

    def awriteiter(self, iterable):
        for buf in iterable:
            yield from self.awrite(buf)

    def get_extra_info(self, name, default=None):
        return self.peer if name == "peername" else default

    def release(self):
        if self in self.server.conns:
            self.server.conns.remove(self)

    def aclose(self):
        self.close()
        return
        yield

    def close(self):
        if self.task is not False:
            self.task = None  # should Ctrl-C come now
            if self.writing is not None:
                io_forget(self.polls or self.s)
            self.s.close()
            if self.polls:  # a failed TLS socket leaves it open
                self.polls.close()
            self.task = False
        self.release()


# A listening socket and its clients
class Server:
    s = ssl = task = ends = None
    grace = 200  # ms that a client may take while others wait for its place
    starts = turns = 0

    def __init__(self, app, loop=None):
        self.app = app
        self.loop = loop  # stopped in the end
        self.conns = []
        app._servers.append(self)

    def listen(self, host, port, backlog, ssl):
        self.ssl = ssl
        ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        s = self.s = socket.socket(ai[0], ai[1], ai[2])
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(ai[-1])
        if sys.platform == "linux":
            s.setsockopt(socket.SOL_SOCKET, 7, 32768)  # SO_SNDBUF: megabytes would look like progress of one that never reads
        s.listen(backlog or self.app.backlog)
        self.start()
        return self

    def start(self):
        self.starts += 1
        create_task(self.serve(self.starts))
        create_task(self.sweep(self.starts))

    # Accepts clients until close().
    def serve(self, start):
        self.task = current_task()
        full = 0
        failed = False
        while self.s and self.starts == start:
            try:
                yield io_wait(self.s, False)
                if failed:
                    failed = False
                    self.evict()
                if len(self.conns) < self.app.max_connections or self.evict():
                    full = 0
                    self.accept()
                elif full < 200:
                    full += 1
                    yield from sleep_ms(5)
                else:  # handlers at work have had all places for a second
                    self.refuse()
            except Exception:  # no memory or descriptor; on Pycopy, close()
                failed = True
                gc.collect()
                yield from sleep_ms(20)

    def accept(self):
        conn, peer = self.s.accept()
        try:
            conn.setblocking(False)
            conn = Stream(self, conn, peer)
            if self.ssl:
                from .reader import wrap_socket
                conn.polls = conn.s
                conn.s = wrap_socket(self.ssl, conn.s)
            if self.app.debug >= 0:
                conn.start = conn.since
            coro = self.app._handle(conn, conn)
            conn.task = create_task(coro) or coro
        except Exception:
            conn.close()
            raise

    def refuse(self):
        from .answers import BUSY
        s = self.s.accept()[0]
        s.setblocking(False)
        s.read(1024)
        s.write(BUSY)
        s.close()

    # Takes the place of the client that is waited for longest. The more want one, the less patience there is.
    def evict(self):
        longest, idlest = self.grace, None
        for conn in self.conns:
            if conn.idle() >= longest:
                longest, idlest = conn.idle(), conn
        self.grace = max(self.grace * 7 // 8, 8)
        if idlest:
            idlest.give_up()
            idlest.release()
        return idlest

    # Looks at all clocks: a timer for each wait would cost more than the request. Returns when all is closed.
    def sweep(self, start):
        while (self.s or self.conns) and self.starts == start:
            yield from sleep_ms(500 if self.s else 20)
            self.grace = min(self.grace * 2, 200)
            try:
                self.end_waits()
            except MemoryError:
                gc.collect()
        if self in self.app._servers and self.starts == start:
            self.app._servers.remove(self)
            if self.loop:
                self.loop.stop()

    def end_waits(self):
        app = self.app
        over = self.ends is not None and ticks_diff(ticks_ms(), self.ends) > app.shutdown_timeout * 1000
        for conn in list(self.conns):
            if not (self.s or conn.task) or over and conn.late:  # Ctrl-C came as it was accepted, or its task is lost
                conn.close()
            elif over or conn.idle() > 1000 * (app.write_timeout if conn.writing else app.read_timeout):
                conn.give_up()

    # Frees the port at once. Whoever has sent a request has app.shutdown_timeout seconds.
    def close(self):
        s, self.s = self.s, None
        if s:
            self.ends = ticks_ms()
            try:
                task_cancel(self.task)
            except Exception:
                pass  # Ctrl-C has ended it
            io_forget(s)
            s.close()
            for conn in self.conns:
                if conn.since is not None and not (conn.first or conn.left):
                    conn.give_up()

    def wait_closed(self):
        while self in self.app._servers:
            yield from sleep_ms(20)


# For Ctrl-C, after which a task may never go on
def stop(app):
    for server in list(app._servers):
        server.loop = None
        server.close()
        yield from server.sweep(server.starts)
