# Sockets and the event loop: a Stream for each client, and the Server that accepts them. There is no HTTP here.
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

        def wrap_tls(ssl, s):
            return ssl.wrap_socket(s, server_side=True, do_handshake_on_connect=False)
    except ImportError:  # Pycopy
        from uasyncio import IORead, IOWrite, cancel
        loop = get_event_loop(64, 64)  # its queues do not grow, and one entry too many ends it
        create_task = loop.create_task
        io_forget = io_done = loop.remove_reader  # a client that has gone would wake its task again and again

        def task_cancel(task):
            try:
                cancel(task)
            except Exception:
                pass  # it has ended

        def current_task():
            return loop.cur_task

        def io_wait(s, write):
            return IOWrite(s) if write else IORead(s)

        def wrap_tls(ssl, s):
            return ssl.wrap_socket(s, server_side=True, do_handshake=False)

    def coroutine(func):
        return func  # generators are coroutines here

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
                loop.run_until_complete(stop(app))
                raise


# A client's connection
class Stream:
    buf = None  # not consumed yet; None before its task has begun
    left = 0  # unread bytes of the body or chunk
    next_chunk = None  # reads the next chunk's size
    interim = None  # 100 Continue, if expected
    sent = None  # the first write
    dropped = False
    gone = False  # closed by the client
    start = 0  # for the log
    writing = None  # True: waits to write, False: to read

    def __init__(self, server, s, peer=None, raw=None):
        self.server = server
        self.s = s
        self.raw = raw or s  # the socket below TLS
        self.peer = peer
        self.idle_since = ticks_ms()  # None: not waiting for the client
        server.conns.append(self)
        if server.app.debug >= 0:
            self.start = self.idle_since

    def idle(self):
        return 0 if self.idle_since is None or self.buf is None else ticks_diff(ticks_ms(), self.idle_since)

    def _wait(self, write):
        if self.dropped:
            raise OSError(110)  # ETIMEDOUT
        if self.idle_since is None:
            self.idle_since = ticks_ms()
        self.task = current_task()
        self.writing = write
        yield io_wait(self.raw, write)
        self.writing = None
        io_done(self.raw)

    # Calls op(n) until it returns data; TLS may already hold some.
    def receive(self, op, n):
        try:
            data = None if self.raw is self.s else op(n)
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
            raise EOFError
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

    # Frees its place. If kept by the app, only its writes have a time limit.
    def release(self):
        if self in self.server.conns:
            self.server.conns.remove(self)

    def aclose(self):
        self.close()
        return
        yield

    def close(self):
        self.release()
        raw, self.raw = self.raw, None
        if raw:
            if self.writing is not None:
                if self.task is not current_task():  # it would wait for ever
                    task_cancel(self.task)
                io_forget(raw)
            self.s.close()
            if raw is not self.s:  # a failed TLS socket leaves it open
                raw.close()

    # Rarely used attributes
    def __getattr__(self, name):
        from .streams import attribute
        return attribute(self, name)

    # Cancels its task, which may still send 408.
    def drop(self):
        self.dropped = True
        self.release()
        task_cancel(self.task)
        if self.buf is None:  # the task never began
            self.close()


# A listening socket and its clients
class Server:
    s = closed_at = None
    writes = 0
    full_checks = 0

    def __init__(self, app, loop=None):
        self.app = app
        self.loop = loop  # stopped at the end
        self.conns = []
        self.buf = bytearray(640)
        app._servers.append(self)

    def listen(self, host, port, backlog=None, ssl=None):
        self.ssl = ssl
        ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        s = self.s = socket.socket(ai[0], ai[1], ai[2])
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(ai[-1])
        if sys.platform == "linux":
            s.setsockopt(socket.SOL_SOCKET, 7, 32768)  # SO_SNDBUF: more would hide clients that do not read
        s.listen(backlog or self.app.backlog)
        create_task(self.serve())
        create_task(self.sweep())
        return self

    def serve(self):
        self.task = current_task()
        failed = False
        while self.s:
            try:
                yield io_wait(self.s, False)
                if failed:
                    failed = False
                    self.evict()  # frees memory or a descriptor
                room = self.app.max_connections - len(self.conns)
                if room > 0 or self.evict() and not room:
                    self.full_checks = 0
                elif not self.overloaded() or room < -2:  # a few at a time are told
                    self.full_checks += 1
                    yield from sleep_ms(5)
                    continue
                self.accept()
            except Exception:  # no memory, no descriptor; on Pycopy, close()
                failed = True
                gc.collect()
                yield from sleep_ms(20)

    # If working handlers hold all places for a second, newcomers get 503.
    def overloaded(self):
        return self.full_checks >= 200

    def accept(self):
        s, peer = self.s.accept()
        conn = None
        try:
            s.setblocking(False)
            conn = Stream(self, wrap_tls(self.ssl, s) if self.ssl else s, peer, s)
            coro = self.app._handle(conn, conn)
            if self.app._own_handle:
                from .streams import guard
                coro = guard(conn, coro)
            conn.task = create_task(coro) or coro  # Pycopy returns None
        except Exception:
            (conn or s).close()
            raise

    # Evicts the client that has been idle longest, if at least 20 ms.
    def evict(self):
        conn = max(self.conns, key=Stream.idle) if self.conns else None
        if not conn or conn.idle() < 20:
            return False
        conn.drop()
        return True

    # Checks all timeouts: a timer for each wait would cost more than the request.
    def sweep(self):
        app = self.app
        while self.s or self.conns:
            yield from sleep_ms(500 if self.closed_at is None else 20)
            over = self.closed_at is not None and ticks_diff(ticks_ms(), self.closed_at) > 1000 * app.shutdown_timeout
            try:
                for conn in list(self.conns):
                    if over or conn.idle() > 1000 * (app.write_timeout if conn.writing else app.read_timeout):
                        conn.drop()
            except Exception:
                gc.collect()
        yield from sleep_ms(20)  # lets the last cancelled handlers clean up
        if self in app._servers:
            app._servers.remove(self)
            if self.loop:
                self.loop.stop()

    # Frees the port at once. Requests in progress have app.shutdown_timeout seconds.
    def close(self):
        s, self.s = self.s, None
        if s:
            self.closed_at = ticks_ms()
            task_cancel(self.task)
            io_forget(s)
            s.close()
            for conn in list(self.conns):
                if conn.idle_since is not None and not (conn.sent or conn.left or conn.next_chunk):
                    conn.drop()

    def wait_closed(self):
        while self in self.app._servers:
            yield from sleep_ms(20)


# Starts and stops an app
class Service:
    max_connections = 16
    read_timeout = write_timeout = 10
    shutdown_timeout = 5
    backlog = 1023 if sys.platform == "linux" else 16

    debug = -1
    log = None
    inited = _own_handle = False
    _own_fields = True  # the app may parse header fields itself

    def __init__(self):
        self._servers = []
        self._options = {}

    def init(self):
        self.inited = True

    def _begin(self, debug=False, log=None, lazy_init=False):
        from . import WebApp
        if debug >= 0:
            from . import answers, rare  # for logging, while the heap is not fragmented
            log = log or rare.logger(debug)
        self.debug, self.log = int(debug), log
        self.init()
        self.inited = True
        self._own_fields = self.headers_mode != "parse" or type(self).parse_headers is not WebApp.parse_headers
        self._own_handle = type(self)._handle is not WebApp._handle
        gc.collect()  # garbage from loading the app
        for app in () if lazy_init else self.mounts:
            if not app.inited:
                app._begin(debug, log)

    def serve(self, loop, host, port):
        Server(self, loop).listen(host, port, **self._options)
        run_forever(loop, self)

    def start_server(self, host="127.0.0.1", port=8081, debug=False, log=None, **options):
        self._begin(debug, log)
        return Server(self).listen(host, port, **options)
        yield  # a coroutine

    def shutdown(self):
        for server in self._servers:
            server.close()

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, **options):
        self._begin(debug, log, lazy_init)
        if debug >= 0:
            self.log.info("* Running on http://%s:%s/" % (host, port))
        self._options = options
        loop = get_event_loop()
        self.serve(loop, host, port)
        loop.close()


# After Ctrl-C, which may have ended the task that ran sweep()
def stop(app):
    for server in list(app._servers):
        server.loop = None
        server.close()
        yield from server.sweep()
