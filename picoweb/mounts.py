# Apps below apps.
from ._memory import load


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
        load("starting").begin(app, root.debug, root.log)
    return app
