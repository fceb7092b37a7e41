# Apps below apps, and servers beside other tasks.
from ._server import Server, task_create


def mount(app, url, sub):
    sub.url = url
    if sub not in app.mounts:
        app.mounts.append(sub)
    # The longest prefix first: it is the closest match.
    app._prefixes = sorted(list(app._prefixes) + [(url.rstrip("/"), sub)], key=lambda m: -len(m[0]))


def start_server(app, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, backlog=None, ssl=None):
    app._begin(int(debug), log, lazy_init)
    server = Server(app)
    server.listen(host, port, backlog or app.backlog, ssl)
    task_create(app._serve(server))
    return server
    yield


def shutdown(app):
    for server in app._servers:
        server.close()


# After Ctrl-C. A task may not be cancelled from outside of the event loop.
def stop(app):
    shutdown(app)
    return
    yield
