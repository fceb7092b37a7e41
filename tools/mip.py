"""package.json, by which mip and mpremote install picoweb on a board.

    python3 tools/mip.py                  writes it
    python3 tools/mip.py ADDRESS PORT     serves picoweb to boards: mip.install("http://ADDRESS:PORT/package.json")
"""

import functools
import http.server
import io
import json
import os
import re
import sys

import fetch
from store import ROOT, Missing

# What only CPython needs.
NOT_HERE = ("_cpython.py", "__main__.py", "asgi.py")


def files():
    return ["picoweb/" + n for n in sorted(os.listdir(os.path.join(ROOT, "picoweb"))) if n.endswith(".py") and n not in NOT_HERE]


def package(base=""):
    """The text of package.json; its files are below the URL base, or relative to where it comes from itself."""
    with open(os.path.join(ROOT, "setup.py")) as f:
        version = re.search(r'version="(.+?)"', f.read()).group(1)
    rows = ",\n".join("    " + json.dumps([name, base + name]) for name in files())
    return '{\n  "version": "%s",\n  "deps": [],\n  "urls": [\n%s\n  ]\n}\n' % (version, rows)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves what package.json names, and nothing else of this folder. The mip of MicroPython 1.25 and older follows no relative URLs."""

    def send_head(self):
        if self.path[1:] in files():
            return super().send_head()
        if self.path != "/package.json":
            return self.send_error(404)
        # MicroPython's Host field lacks the port: the socket knows how the board came here.
        body = package("http://%s:%d/" % self.connection.getsockname()[:2]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)


def serve(address, port):
    try:
        server = http.server.ThreadingHTTPServer((address, int(port)), functools.partial(Handler, directory=ROOT))
    except (OSError, OverflowError, ValueError) as e:
        reason = getattr(e, "strerror", None) or e
        raise Missing("cannot serve at %s:%s: %s (choose: make mip ADDRESS=0.0.0.0 MIP_PORT=8001)" % (address, port, reason))
    print("serving http://%s:%d/package.json; Ctrl-C stops it" % (address, server.server_port), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(fetch.guarded("mip", lambda: serve(*sys.argv[1:])))
    with open(os.path.join(ROOT, "package.json"), "w") as f:
        f.write(package())
