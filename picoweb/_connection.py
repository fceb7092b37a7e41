# A connection: how the bytes of a request and its response get through.
import sys

from ._loop import CancelledError, io_close, io_wait, sleep_ms, task_cancel, ticks_ms
from ._memory import load, relieve


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
    owed = 0  # ms that it has kept the server waiting for more of the body, less one for each ten bytes
    writing = None  # a wait for the client is on: False: to send, True: to take the response
    late = False  # the client was too slow
    gone = False  # the client has closed or reset the connection
    polls = None  # the socket below TLS: what the event loop waits for
    since = None  # when the server began to wait for the client; None: it does not

    def __init__(self, server, s, peer):
        self.server = server
        self.s = s
        self.peer = peer
        self.since = ticks_ms()

    # What few handlers use: read(), readinto(), readexactly(), readline(), awriteiter(), get_extra_info().
    def __getattr__(self, name):
        return load("request").method_of(self, name)

    # Every wait for the client is this one, so that it can be given up.
    def _wait(self, write):
        if self.since is None:
            # Who sends a byte now and then has kept the server waiting all the time.
            self.since = ticks_ms() - (0 if write else self.owed)
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
        # A task that has yet to start cannot be cancelled without harm; it will notice by itself. Pycopy fails at a second cancellation.
        if self.writing is not None and not self.late:
            task_cancel(self.task)
        self.late = True

    # Up to n bytes that are there already, or None. Where memory is short a little has to do: as no handler has run, nothing is lost.
    def take(self, n):
        try:
            return self.s.read(n)
        except MemoryError:
            relieve()
            return self.s.read(128)

    # Up to n bytes; b"" when the client has closed its side. To ask the socket before waiting saves a turn of the event loop.
    def receive(self, n):
        try:
            while True:
                data = self.take(n)
                if data is not None:
                    return data
                yield from self._wait(False)
        except OSError:
            self.gone = True
            raise

    # More of a head that is not whole yet.
    def more(self):
        data = yield from self.receive(640)
        if not data:
            raise HTTPException(400)
        self.buf += data

    def awrite(self, buf, off=0, sz=-1):
        if isinstance(buf, str):
            buf = buf.encode()
        if sz < 0:
            sz = len(buf) - off
        if self.tail is not None:
            buf = load("response").cut_body(self, buf[off:off + sz])
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

    def release(self):
        try:
            self.server.conns.remove(self)
        except ValueError:
            pass  # it had to give way

    # For an app that has taken the connection over: whatever comes is its to read.
    def keep(self):
        self.release()
        self.left = sys.maxsize

    def close(self):
        self.release()
        io_close(self.s, self.polls or self.s)
