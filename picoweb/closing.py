# Stopping a server.
from ._loop import get_event_loop, io_close, sleep_ms, task_cancel, ticks_diff, ticks_ms


# Stops accepting, frees the port, and drops who has not sent a request yet.
def close(server):
    s = server.s
    if s:
        server.s = None
        if server.task:
            task_cancel(server.task)
        io_close(s, s)
        for conn in list(server.conns):
            # A body that is on its way may end, too.
            if conn.since is not None and not (conn.writes or conn.left):
                conn.give_up()


# Returns when the last request has ended. After app.shutdown_timeout seconds, it ends the rest.
def wait_closed(server):
    start = ticks_ms()
    while server.conns and ticks_diff(ticks_ms(), start) < server.app.shutdown_timeout * 1000:
        yield from sleep_ms(20)
    for conn in list(server.conns):
        conn.release()  # another task may wait here too, and Pycopy fails at a second cancellation
        task_cancel(conn.task)
    sweeper, server.sweeper = server.sweeper, None
    if sweeper:
        task_cancel(sweeper)  # CPython complains of tasks that are left
    yield from sleep_ms(20)  # what was cancelled ends: CPython's loop stops before it would get its turn
    if server in server.app._servers:
        server.app._servers.remove(server)
        if server.in_run:
            get_event_loop().stop()


def shutdown(app):
    for server in list(app._servers):
        server.close()


# For Ctrl-C: none may be cancelled from outside of the event loop. The interrupt may have come as the loop was about to resume a
# task, which then never goes on: this waits for none, not even for the one that accepts.
def stop(app):
    servers, app._servers = app._servers, []
    try:
        for server in servers:
            server.close()
        for server in servers:
            for conn in list(server.conns):
                if not hasattr(conn, "task") or not conn.task:  # it was being accepted, or interrupted
                    conn.close()
            yield from server.wait_closed()
    except Exception:
        pass  # a task may be of no use any more, nor be fit to be cancelled
