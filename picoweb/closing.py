# Stopping a server.
from ._loop import get_event_loop, io_close, sleep_ms, task_cancel, task_create, ticks_diff, ticks_ms


# Stops accepting, frees the port, and drops who has not sent a request yet.
def close(server):
    s = server.s
    if s:
        server.s = None
        if server.task:
            task_cancel(server.task)
        io_close(s, s)
        for conn in list(server.conns):
            if conn.since is not None and not conn.writes:
                conn.give_up()


# Returns when the last request has ended. After app.shutdown_timeout seconds, it ends the rest.
def wait_closed(server):
    start = ticks_ms()
    while server.conns and ticks_diff(ticks_ms(), start) < server.app.shutdown_timeout * 1000:
        yield from sleep_ms(20)
    for conn in list(server.conns):
        conn.release()  # another task may wait here too, and Pycopy fails at a second cancellation
        task_cancel(conn.task)
    if server in server.app._servers:
        server.app._servers.remove(server)
        if server.in_run:
            get_event_loop().stop()


def shutdown(app):
    for server in list(app._servers):
        server.close()


# After Ctrl-C. The interrupt may have come between any two steps of the event loop, and the task that was about to run is then
# lost: so this waits for none but its own.
def finish(app, loop):
    task_create(_finish(app, loop))
    loop.run_forever()


def _finish(app, loop):
    servers = list(app._servers)
    for server in servers:
        server.in_run = False
        server.close()
    for server in servers:
        yield from wait_closed(server)
    loop.stop()
