# Connections: who is served, who waits, and how the bytes of a request and its response get through.
import sys

if sys.implementation.name == "cpython":
    from ._cpython import CancelledError, get_event_loop, io_close, io_wait, sleep_ms, task_cancel, task_create, task_current, ticks_diff, ticks_ms
else:
    try:
        from asyncio import CancelledError, core, create_task as task_create, current_task as task_current, get_event_loop, sleep_ms
        from time import ticks_diff, ticks_ms

        # Files the running task under a socket; the caller yields what this returns.
        def io_wait(s, write):
            try:
                if write:
                    core._io_queue.queue_write(s)
                else:
                    core._io_queue.queue_read(s)
            except MemoryError:
                # What is half filed would be in the way of the next socket that gets this one's place in memory.
                core._io_queue.remove(core.cur_task)
                raise

        # A TLS socket that has failed leaves the one below it open.
        def io_close(s, polls):
            s.close()
            polls.close()

        def task_cancel(task):
            task.cancel()

    except ImportError:
        from ._pycopy import CancelledError, get_event_loop, io_close, io_wait, sleep_ms, task_cancel, task_create, task_current, ticks_diff, ticks_ms


# Raised by a handler, it becomes the response: status is an int, headers are as for start_response().
class HTTPException(Exception):

    def __init__(self, status, headers=None):
        super().__init__(status)
        self.status = status
        self.headers = headers


# One client: both the reader and the writer of its request.
class Connection:
    # What most requests never change is a class attribute: it takes no memory.
    buf = b""  # what was read too early
    left = 0  # bytes of the body still to read
    length = None  # Content-Length; -1: there is a Transfer-Encoding
    expect = False  # the client waits for "100 Continue" before it sends the body
    tail = None  # HEAD: the end of what was written, until the blank line
    writes = 0  # how often something was written
    reads = 0  # how often a part of the body was read
    writing = None  # a wait for the client is on: False: to send, True: to take the response
    late = False  # the client was too slow
    gone = False  # the client has closed or reset the connection
    polls = None  # the socket below TLS: what the event loop waits for

    def __init__(self, server, s, peer):
        self.server = server
        self.s = s
        self.peer = peer
        self.since = ticks_ms()  # when the server began to wait for the client; None: it does not

    # What few handlers use: read(), readinto(), readexactly(), readline(), awriteiter(), get_extra_info().
    def __getattr__(self, name):
        from .request import method_of
        return method_of(self, name)

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
        finally:
            self.writing = None
        if self.late:
            raise HTTPException(408)

    def give_up(self):
        self.late = True
        # A task that has yet to start cannot be cancelled without harm; it will notice by itself.
        if self.writing is not None:
            task_cancel(self.task)

    # Up to n bytes; b"" when the client has closed its side. To ask the socket before waiting saves a turn of the event loop.
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

    def awrite(self, buf, off=0, sz=-1):
        if isinstance(buf, str):
            buf = buf.encode()
        if sz < 0:
            sz = len(buf) - off
        if self.tail is not None:
            from .response import cut_body
            buf = cut_body(self, buf[off:off + sz])
            off, sz = 0, len(buf)
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

    def aclose(self):
        self.close()
        return
        yield

    # Leaves the connection to who has taken it over.
    def release(self):
        try:
            self.server.conns.remove(self)
        except ValueError:
            pass  # it had to give way

    def close(self):
        self.release()
        io_close(self.s, self.polls or self.s)


# A listening socket and its clients.
class Server:
    s = None
    ssl = None
    task = None
    sweeping = False
    scarce = False  # descriptors or memory are used up, for now
    crowd = 0  # how many clients gave way, less those of long ago

    def __init__(self, app):
        self.app = app
        self.conns = []

    # Accepts clients until close(); then waits for their requests to end.
    def serve(self):
        self.task = task_current()
        try:
            while self.s:
                try:
                    yield io_wait(self.s, False)
                    while (self.scarce or len(self.conns) >= self.app.max_connections) and not self.make_room():
                        yield from sleep_ms(10)
                    self.accept()
                except CancelledError:  # on Pycopy this is an Exception
                    raise
                except Exception:
                    self.scarce = not self.scarce  # where making room was what failed, it has to do without
                    yield from sleep_ms(20)
        except CancelledError:
            if self.s:
                raise
        finally:
            self.task = None  # none can cancel itself
            self.close()
        yield from self.wait_closed()

    def accept(self):
        s, peer = self.s.accept()
        conn = None
        try:
            s.setblocking(False)
            conn = Connection(self, s, peer)
            if self.ssl:
                from .beside import wrap
                wrap(conn, self.ssl)
            self.conns.append(conn)
            if len(self.conns) == 4:
                from . import crowd  # while there are a descriptor and memory for it
            if not self.sweeping:
                task_create(self.sweep())
                self.sweeping = True
            conn.task = task_create(self.app._handle(conn, conn))
        except Exception:
            s.close()
            if conn in self.conns:
                self.conns.remove(conn)
            raise

    def make_room(self):
        from .crowd import make_room
        return make_room(self)

    # One look at all clocks, twice a second: a timer for each connection, or each wait, would cost more than the request.
    def sweep(self):
        try:
            while self.conns:
                yield from sleep_ms(500)
                self.crowd >>= 1
                for conn in self.conns:
                    timeout = self.app.write_timeout if conn.writing else self.app.read_timeout
                    if conn.since is not None and ticks_diff(ticks_ms(), conn.since) > timeout * 1000:
                        conn.give_up()
        except MemoryError:
            pass  # the next client starts another one
        finally:
            self.sweeping = False

    def close(self):
        from .closing import close
        close(self)

    def wait_closed(self):
        from .closing import wait_closed
        return wait_closed(self)
