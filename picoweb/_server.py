# Connections: the listening socket, one reader-and-writer per client, and what keeps silent clients from holding the server.
import sys

if sys.implementation.name == "cpython":
    from ._cpython import CancelledError, get_event_loop, io_close, io_wait, io_wrap, sleep_ms, socket, task_cancel, task_create, task_current, ticks_diff, ticks_ms
else:
    try:
        import socket
        from asyncio import CancelledError, core, create_task as task_create, current_task as task_current, get_event_loop, sleep_ms
        from time import ticks_diff, ticks_ms

        # Files the running task under a socket; the caller yields what this returns.
        def io_wait(s, write):
            if write:
                core._io_queue.queue_write(s)
            else:
                core._io_queue.queue_read(s)

        def io_wrap(s, ssl):
            return ssl.wrap_socket(s, server_side=True, do_handshake_on_connect=False)

        def io_close(s, polls):
            s.close()

        def task_cancel(task):
            task.cancel()

    except ImportError:
        from ._pycopy import CancelledError, get_event_loop, io_close, io_wait, io_wrap, sleep_ms, socket, task_cancel, task_create, task_current, ticks_diff, ticks_ms

# A client that has kept the server waiting for so many ms gives way to a new one, at the connection limit:
# while its request is on the way, and while it takes no response.
_GRACE_REQUEST = 200
_GRACE_RESPONSE = 1000
# ms between two looks at the clock, while there are connections.
_TICK = 500


# Raised by a handler, it becomes the response: status is an int, headers are as for start_response().
class HTTPException(Exception):

    def __init__(self, status, headers=None):
        super().__init__(status)
        self.status = status
        self.headers = headers


# One client: both the reader and the writer of its request.
class Connection:
    # What most requests never change is a class attribute: it takes no memory.
    left = 0  # bytes of the body still to read
    length = None  # Content-Length; -1: there is a Transfer-Encoding
    expect = False  # the client waits for "100 Continue" before it sends the body
    tail = None  # HEAD: the end of what was written, until the blank line
    gone = False  # the client has closed or reset the connection
    late = False  # the client was too slow
    writing = False  # it is the response that the client is slow with
    polls = None  # what the event loop waits for, where that is not s: the socket below TLS
    buf = b""  # what was read too early
    writes = 0  # how often something was written

    def __init__(self, server, s, peer):
        self.server = server
        self.s = s
        self.peer = peer
        self.since = ticks_ms()  # when the server began to wait for the client; None: it does not wait

    # Every wait for the client is this one, so that it can be given up.
    def _wait(self, write):
        if self.since is None:
            self.since = ticks_ms()
        self.writing = write
        try:
            if not self.late:
                yield io_wait(self.polls or self.s, write)
        except CancelledError:
            if not self.late:
                raise
        if self.late:
            raise HTTPException(408)

    def give_up(self):
        self.late = True
        task_cancel(self.task)

    # Up to n bytes from the socket; b"" when the client has closed it. Asking before waiting saves a turn of the event loop.
    def receive(self, n):
        try:
            while True:
                data = self.s.read(n)
                if data is not None:
                    return data
                yield from self._wait(False)
        except OSError:
            self.gone = True
            raise

    def read(self, n=-1):
        from .request import read
        return read(self, n)

    def readinto(self, buf):
        from .request import readinto
        return readinto(self, buf)

    def readexactly(self, n):
        from .request import readexactly
        return readexactly(self, n)

    def readline(self):
        from .request import readline
        return readline(self)

    def awriteiter(self, iterable):
        from .response import awriteiter
        return awriteiter(self, iterable)


    def awrite(self, buf, off=0, sz=-1):
        if isinstance(buf, str):
            buf = buf.encode()
        if self.tail is not None:
            from .response import cut_body
            buf = cut_body(self, buf)
        if sz < 0:
            sz = len(buf) - off
        self.writes += 1
        try:
            while sz:
                n = self.s.write(buf, off, sz)
                if n == sz:
                    break
                if n:
                    off += n
                    sz -= n
                    self.since = None
                yield from self._wait(True)
        except OSError:
            self.gone = True
            raise
        self.since = None
        if not self.writes & 15:  # a fast client must not keep the others from their turn
            yield from sleep_ms(0)

    def awritestr(self, s):
        return self.awrite(s)

    def close(self):
        self.server.release(self)
        io_close(self.s, self.polls or self.s)

    def aclose(self):
        self.close()
        return
        yield

    def get_extra_info(self, name, default=None):
        return self.peer if name == "peername" else default


# The clients of an app, and the socket that they come in by.
class Server:
    s = None
    ssl = None
    task = None
    sweeping = False
    crowd = 0  # how many clients gave way since the last request

    def __init__(self, app):
        self.app = app
        self.conns = []

    def listen(self, host, port, backlog, ssl):
        ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        s = socket.socket(ai[0], ai[1], ai[2])
        try:
            s.setblocking(False)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(ai[-1])
            s.listen(backlog)
        except OSError:
            s.close()
            raise
        self.s = s
        self.ssl = ssl

    # Accepts clients until close(), then lets their requests end.
    def serve(self):
        self.task = task_current()
        try:
            while self.s:
                try:
                    yield io_wait(self.s, False)
                    while not self.room():
                        yield from sleep_ms(10)
                    self.accept()
                except (OSError, MemoryError):
                    # Descriptors or memory are used up, for now.
                    yield from sleep_ms(100)
        except CancelledError:
            if self.s:
                self.close()
                raise
        yield from self.wait_closed()

    def accept(self):
        s, peer = self.s.accept()
        try:
            s.setblocking(False)
            conn = Connection(self, s, peer)
            if self.ssl:
                conn.polls = s
                conn.s = io_wrap(s, self.ssl)
            self.admit(conn)
            conn.task = task_create(self.app._handle(conn, conn))
        except Exception:
            self.release(conn)
            s.close()
            raise

    def admit(self, conn):
        self.conns.append(conn)
        if not self.sweeping:
            task_create(self.sweep())
            self.sweeping = True

    def release(self, conn):
        if conn in self.conns:
            self.conns.remove(conn)

    # Whether one more client can be served. When all places are taken, the one that is waited for longest loses its own.
    def room(self):
        if len(self.conns) < self.app.max_connections:
            return True
        # In a rush of silent clients there is no grace: real ones could not get through.
        grace = _GRACE_REQUEST if self.crowd < self.app.max_connections else 0
        longest = -1
        for conn in self.conns:
            if conn.since is not None:
                waited = ticks_diff(ticks_ms(), conn.since) - (_GRACE_RESPONSE if conn.writing else grace)
                if waited > longest:
                    longest = waited
                    idlest = conn
        if longest < 0:
            return False
        self.crowd += 1
        self.release(idlest)
        idlest.give_up()
        return True

    # One look at the clock for all: a timer for each connection, or each wait, would cost more than the request.
    def sweep(self):
        while self.conns:
            yield from sleep_ms(_TICK)
            for conn in list(self.conns):
                timeout = self.app.write_timeout if conn.writing else self.app.read_timeout
                if conn.since is not None and ticks_diff(ticks_ms(), conn.since) > timeout * 1000:
                    conn.give_up()
        self.sweeping = False

    # Stops accepting and frees the port, at once.
    def close(self):
        s = self.s
        if s:
            self.s = None
            if self.task:
                task_cancel(self.task)
            io_close(s, s)
            for conn in list(self.conns):
                if not conn.writes and conn.since is not None:
                    conn.give_up()

    # A coroutine: returns when the last request has ended. After app.shutdown_timeout seconds, it ends the rest.
    def wait_closed(self):
        start = ticks_ms()
        while self.conns and ticks_diff(ticks_ms(), start) < self.app.shutdown_timeout * 1000:
            yield from sleep_ms(20)
        for conn in list(self.conns):
            task_cancel(conn.task)
