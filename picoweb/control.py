# Serving beside an app's other tasks, and stopping
from .loop import io_forget, sleep_ms, task_cancel, ticks_ms


def start_server(app, host="127.0.0.1", port=8081, debug=False, log=None, **options):
    app._begin(debug, log)
    return Listening(app, app._listen(host, port, **options))
    yield  # a coroutine


# As asyncio's Server
class Listening:

    def __init__(self, app, port):
        self.app = app
        self.port = port

    def close(self):
        close(self.app, self.port)

    # Waits until it has been closed and the last request has ended.
    def wait_closed(self):
        while self.port.s or [conn for conn in self.app._conns if conn.port is self.port]:
            yield from sleep_ms(20)


# Frees the port at once. Requests in progress have app.shutdown_timeout seconds.
def close(app, port):
    s, port.s = port.s, None
    if s:
        app._ports.remove(port)
        port.closed_at = ticks_ms()
        task_cancel(port.task)
        io_forget(s)
        s.close()


def shutdown(app):
    for port in list(app._ports):
        close(app, port)


# After Ctrl-C, which may have ended the task that watches the clients
def stop(app):
    app._loop = None
    shutdown(app)
    yield from app._watch()
