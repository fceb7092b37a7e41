# Starting and stopping; apps below apps.
from ._server import HTTPException, Server, get_event_loop, io_close, sleep_ms, task_cancel, task_create, ticks_diff, ticks_ms

try:
    import socket
except ImportError:
    import usocket as socket


# Opens a listening socket and has a task serve it. With stop, the event loop ends when that does.
def start(app, host, port, backlog=None, ssl=None, stop=False):
    server = Server(app)
    server.ssl = ssl
    server.s = listen(host, port, backlog or app.backlog)
    app._servers.append(server)
    task_create(_serve(app, server, stop))
    return server


def listen(host, port, backlog):
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
    return s


def _serve(app, server, stop):
    try:
        yield from server.serve()
    finally:
        app._servers.remove(server)
        if stop:
            get_event_loop().stop()


def start_server(app, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
    app._begin(int(debug), log, lazy_init)
    return start(app, host, port, backlog, ssl)
    yield


# Puts TLS between a connection and its socket. The handshake is made by the first read.
def wrap(conn, ssl):
    conn.polls = conn.s
    try:
        conn.s = ssl.wrap_socket(conn.s, server_side=True, do_handshake_on_connect=False)
    except TypeError:  # Pycopy's name for it
        conn.s = ssl.wrap_socket(conn.s, server_side=True, do_handshake=False)


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
        task_cancel(conn.task)


def shutdown(app):
    for server in app._servers:
        server.close()


# A task for Ctrl-C: none may be cancelled from outside of the event loop.
def stop(app):
    shutdown(app)
    return
    yield


def mount(app, url, sub):
    sub.url = url
    if sub not in app.mounts:
        app.mounts.append(sub)
    # The longest prefix first: it is the closest match.
    app._prefixes = sorted(list(app._prefixes) + [(url.rstrip("/"), sub)], key=lambda m: -len(m[0]))


# Follows the mounts to the app that the path belongs to.
def find_app(app, req):
    root = app
    while True:
        for prefix, sub in app._prefixes:
            rest = req.path[len(prefix):]
            if req.path.startswith(prefix) and (not rest or rest[0] == "/"):
                req.path = rest or "/"
                app = sub
                break
        else:
            break
    if not app.inited:
        app._begin(root.debug, root.log)
    return app
