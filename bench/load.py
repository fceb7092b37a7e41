"""A load generator for machines without wrk: load.py PORT CLIENTS SECONDS < REQUEST

Each client connects, sends the request, reads to the end and starts again. Writes the answers with status 200 per second, and
the number of requests that failed. It takes about as much of a processor as a server does, so it wants one of its own.
"""

import selectors
import socket
import sys
import time


class Client:
    """One connection after the other."""

    def __init__(self, load):
        self._load = load
        self._connect()

    def _connect(self):
        self._received = b""
        self._s = socket.socket()
        self._s.setblocking(False)
        self._s.connect_ex(("127.0.0.1", self._load.port))
        self._load.selector.register(self._s, selectors.EVENT_WRITE, self._send)

    def _send(self):
        try:
            self._s.send(self._load.request)
        except OSError:
            self._end()
        else:
            self._load.selector.modify(self._s, selectors.EVENT_READ, self._receive)

    def _receive(self):
        try:
            data = self._s.recv(65536)
        except OSError:
            data = self._received = b""
        # The beginning of the response is enough to check it.
        self._received = self._received or data
        if not data:
            self._end()

    def _end(self):
        self._load.selector.unregister(self._s)
        self._s.close()
        if self._received[8:13] == b" 200 ":
            self._load.good += 1
        else:
            self._load.bad += 1
        self._connect()


class Load:
    """Clients that ask at the same time."""

    def __init__(self, port, clients, request):
        self.port = port
        self.request = request
        self.selector = selectors.DefaultSelector()
        self.good = self.bad = 0
        for _ in range(clients):
            Client(self)

    def run(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for key, _ in self.selector.select(0.1):
                key.data()


def main():
    port, clients, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    load = Load(port, clients, sys.stdin.buffer.read())
    load.run(seconds)
    print("%.1f %d" % (load.good / seconds, load.bad))


if __name__ == "__main__":
    main()
