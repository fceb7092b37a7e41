"""Serve picoweb to boards that install it over the network: python3 tools/mip.py ADDRESS PORT

On the board: mip.install("http://ADDRESS:PORT/package.json")
"""

import functools
import http.server
import io
import json
import sys

import mpy
from store import ROOT, Missing, guarded


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves package.json, with absolute URLs for MicroPython 1.25 and older, and the files that it names; nothing else."""

    def send_head(self):
        if self.path[1:] in mpy.board_files():
            return super().send_head()
        if self.path != "/package.json":
            return self.send_error(404)
        # MicroPython's Host field lacks the port, but the socket knows how the board came here.
        base = "http://%s:%d/" % self.connection.getsockname()[:2]
        body = json.dumps(dict(mpy.package(), urls=[[name, base + name] for name in mpy.board_files()])).encode()
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
    sys.exit(guarded("mip", lambda: serve(*sys.argv[1:])))
