# Starting a server.
from ._server import Server, get_event_loop, task_create

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
