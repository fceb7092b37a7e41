# The body of a request as a stream
from .framing import read_body, readinto


class Reader:

    def __init__(self, conn):
        self.conn = conn
        self.s = self.ios = conn.s  # for uwebsocket

    def readinto(self, buf):
        return readinto(self.conn, buf)

    def readexactly(self, n):
        return read_body(self.conn, n)

    # Up to n bytes, or all; b"" at the end
    def read(self, n=-1):
        if n < 0:
            return (yield from read_body(self.conn))
        buf = bytearray(min(n, self.conn.left or 512))
        n = yield from readinto(self.conn, buf)
        return bytes(memoryview(buf)[:n])

    # A line including its end, or about max_body bytes of it
    def readline(self):
        conn = self.conn
        line = bytearray()
        piece = memoryview(bytearray(conn.buf.find(b"\n") + 1 or 512))
        end = 0
        while not end and len(line) < conn.app.max_body:
            n = yield from readinto(conn, piece)
            if not n:
                break
            part = bytes(piece[:n])
            end = part.find(b"\n") + 1
            if end:  # the rest goes back
                conn.left += n - end
                conn.buf = part[end:] + conn.buf
                part = part[:end]
            line.extend(part)
        return bytes(line)
