# Servers beside an app's other tasks, and with TLS.
from .serving import begin, start


def start_server(app, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
    begin(app, int(debug), log, lazy_init)
    return start(app, host, port, backlog, ssl)
    yield


# Puts TLS between a connection and its socket. The handshake is made by the first read.
def wrap(conn, ssl):
    conn.polls = conn.s
    try:
        conn.s = ssl.wrap_socket(conn.s, server_side=True, do_handshake_on_connect=False)
    except TypeError:  # Pycopy's name for it
        conn.s = ssl.wrap_socket(conn.s, server_side=True, do_handshake=False)
