# Who is served, and who waits.
from ._loop import CancelledError, io_wait, sleep_ms, task_create, task_current, ticks_diff, ticks_ms
from ._connection import Connection
from ._memory import load, relieve, reserve


# A listening socket and its clients.
class Server:
    s = None
    ssl = None
    task = None
    sweeper = None
    crowd = 0  # how many clients gave way, less those of long ago

    def __init__(self, app, in_run=False):
        self.app = app
        self.in_run = in_run  # its end is that of run()
        self.conns = []

    # Accepts clients until close(); then waits for their requests to end.
    def serve(self):
        self.task = task_current()
        try:
            while self.s:
                try:
                    yield io_wait(self.s, False)
                    if not reserve:
                        self.restock()
                        yield from sleep_ms(10)  # who gave way has to end
                    while len(self.conns) >= self.app.max_connections and not load("crowd").make_room(self):
                        yield from sleep_ms(5)
                    self.accept()
                except CancelledError:  # on Pycopy this is an Exception
                    raise
                except Exception:
                    relieve()
                    self.restock()
                    yield from sleep_ms(20)
        except CancelledError:
            if self.s:
                raise
        finally:
            self.task = None  # none can cancel itself
            self.close()
        yield from self.wait_closed()

    # For when memory, or descriptors, were used up.
    def restock(self):
        try:
            load("crowd").restock(self)
        except Exception:
            reserve.append(None)  # it has to do without

    def accept(self):
        (None,) * 26  # noqa: B018 - accept() that found no memory after it took a client would lose it
        s, peer = self.s.accept()
        conn = None
        try:
            s.setblocking(False)
            conn = Connection(self, s, peer)
            if self.ssl:
                load("beside").wrap(conn, self.ssl)
            self.conns.append(conn)
            if len(self.conns) == 2:
                load("crowd")  # while there are a descriptor and memory for it
            if not self.sweeper:
                self.sweeper = task_create(self.sweep())
            conn.task = task_create(self.app._handle(conn, conn))
        except Exception:
            s.close()
            if conn in self.conns:
                self.conns.remove(conn)
            raise

    # One look at all clocks, twice a second: a timer for each connection, or each wait, would cost more than the request.
    def sweep(self):
        try:
            while self.conns:
                yield from sleep_ms(500)
                self.crowd >>= 1
                for conn in self.conns:
                    # What it owes makes it give way sooner; it is not late for that.
                    timeout = self.app.write_timeout * 1000 if conn.writing else self.app.read_timeout * 1000 + conn.owed
                    if conn.since is not None and ticks_diff(ticks_ms(), conn.since) > timeout:
                        conn.give_up()
        except MemoryError:
            pass  # the next client starts another one
        finally:
            self.sweeper = None

    def close(self):
        load("closing").close(self)

    def wait_closed(self):
        return load("closing").wait_closed(self)
