# Servers beside an app's other tasks, with TLS, or of the app's own.
from ._loop import task_create, task_current
from ._connection import Connection
from ._server import Server
from .serving import start
from .starting import begin


def start_server(app, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
    begin(app, int(debug), log, lazy_init)
    return start(Server(app), host, port, backlog, ssl)
    yield


# Puts TLS between a connection and its socket. The handshake is made by the first read.
def wrap(conn, ssl):
    conn.polls = conn.s
    try:
        conn.s = ssl.wrap_socket(conn.s, server_side=True, do_handshake_on_connect=False)
    except TypeError:  # Pycopy's name for it
        conn.s = ssl.wrap_socket(conn.s, server_side=True, do_handshake=False)


# A connection that the runtime's own server has accepted, for an app whose serve() starts that.
def adopt(app, reader, writer):
    if not app._servers:
        app._servers.append(Server(app))
    s = getattr(writer, "s", None)
    conn = Connection(app._servers[0], s or writer.ios, None)
    if not s:
        conn.polls = writer.polls
    conn.task = task_current()
    conn.server.conns.append(conn)
    if not conn.server.sweeper:
        conn.server.sweeper = task_create(conn.server.sweep())
    return conn
