# Opening the port. (What comes before is apart, so that a board compiles less at once.)
import sys

from ._loop import task_create
from ._memory import forget, reserve

try:
    import socket
except ImportError:
    import usocket as socket


# Opens a listening socket and has a task serve it.
def start(server, host, port, backlog=None, ssl=None):
    server.ssl = ssl
    server.s = listen(host, port, backlog or server.app.backlog)
    server.app._servers.append(server)
    task_create(server.serve())
    # What starts an app is not needed while it runs; a next start loads it again.
    forget("picoweb.starting")
    forget("picoweb.serving")
    if not reserve:
        reserve.append(bytearray(128))
    return server


def listen(host, port, backlog):
    ai = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    s = socket.socket(ai[0], ai[1], ai[2])
    try:
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(ai[-1])
        if sys.platform == "linux":
            # SO_SNDBUF, which clients inherit: else, the megabytes that the system takes for those who never read would look like progress.
            s.setsockopt(socket.SOL_SOCKET, 7, 32768)
        s.listen(backlog)
    except OSError:
        s.close()
        raise
    return s
