# Server-sent events (https://html.spec.whatwg.org/#server-sent-events). docs/api.rst describes each name.
import sys

from . import start_response
from .loop import create_task, json, sleep_ms, task_cancel, ticks_diff, ticks_ms


# One event as it is sent. A line end in a field would begin another one.
def encode(data, event=None, id=None):
    if isinstance(data, bytes):
        data = data.decode()
    elif not isinstance(data, str):
        data = json.dumps(data)
    res = ""
    for name, value in ("event", event), ("id", id):
        if value is not None:
            value = str(value)
            if "\n" in value or "\r" in value or "\0" in value:
                raise ValueError("line end in %s: %r" % (name, value))
            res += "%s: %s\n" % (name, value)
    for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        res += "data: %s\n" % line
    return (res + "\n").encode()


class EventSource:
    limit = 128 if sys.platform in ("linux", "darwin", "win32") else 8
    max_pending = 4096
    timeout = 10
    keep_alive = 15

    # read, a function, is asked for an event every so many seconds while somebody listens.
    def __init__(self, read=None, every=1):
        self.listeners = []  # connections, the oldest first
        self._flushing = []  # those with a task, the slowest first
        self._read = read
        self._pause = int(1000 * every) if read else None
        self._beating = False

    # The handler of a route, or the end of one. first is sent to this listener alone.
    def listen(self, req, resp, first=b""):
        yield from start_response(resp, "text/event-stream", "200", "Cache-Control: no-store\r\n")
        if req.method == "HEAD":
            return None
        while len(self.listeners) >= self.limit:
            yield from self._drop(self.listeners[0])  # a browser comes back by itself
        resp.flush = None  # the task that writes to it
        self.listeners.append(resp)
        yield from self._write(resp, first)
        if not self._beating:
            create_task(self._beat())
            self._beating = True
        return False

    # Sends an event to all listeners, and waits for none.
    def send(self, data, event=None, id=None):
        return self._send(encode(data, event, id))

    def _send(self, data):
        for resp in list(self.listeners):
            yield from self._write(resp, data)
            yield from sleep_ms(0)  # its task is done before the next one's begins: Pycopy's queue of tasks is short

    # Each listener has a task while there is something to write to it: one that takes nothing holds up nobody else.
    def _write(self, resp, data):
        if not resp.flush:
            if len(self._flushing) >= 32:  # Pycopy's loop has places for 64 tasks that wait
                yield from self._drop(self._flushing[0])
            resp.pending = data  # what the task has not begun to write
            resp.since = ticks_ms()  # when it began to write the last
            flush = self._flush(resp)
            resp.flush = create_task(flush) or flush
            self._flushing.append(resp)
        elif len(resp.pending) + len(data) > self.max_pending or ticks_diff(ticks_ms(), resp.since) > 1000 * self.timeout:
            yield from self._drop(resp)
        else:
            resp.pending += data

    def _flush(self, resp):
        try:
            while resp.pending:
                data, resp.pending = resp.pending, b""
                resp.since = ticks_ms()
                yield from resp.awrite(data)
            self._done(resp)
        except Exception:  # the client is gone
            self._done(resp)
            yield from self._drop(resp)

    def _done(self, resp):
        resp.flush = None
        if resp in self._flushing:
            self._flushing.remove(resp)

    def _drop(self, resp):
        if resp in self.listeners:
            self.listeners.remove(resp)
        if resp.flush:
            task_cancel(resp.flush)
            self._done(resp)
        yield from resp.aclose()

    # Sends what read() returns, or a comment, by which a client that is gone is noticed.
    def _beat(self):
        pause = 0
        while self.listeners:
            try:
                yield from sleep_ms(pause)  # also if there was no memory, so that others can free some
                pause = self._pause or int(1000 * self.keep_alive)
                data = b":\n\n"
                try:
                    value = self._read and self._read()
                    if value is not None:
                        data = encode(value)
                except Exception as e:
                    sys.print_exception(e)
                yield from self._send(data)
            except Exception as e:  # no memory
                sys.print_exception(e)
        self._beating = False
