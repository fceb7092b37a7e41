# Connections over TLS
from .loop import Stream, sleep_ms

try:
    from .loop import wrap_tls  # CPython
except ImportError:
    try:
        from .loop import IORead  # noqa: F401 (Pycopy has it)
        HANDSHAKE = "do_handshake"
    except ImportError:
        HANDSHAKE = "do_handshake_on_connect"

    def wrap_tls(ssl, s):
        return ssl.wrap_socket(s, server_side=True, **{HANDSHAKE: False})


class TLSStream(Stream):
    first = False

    def __init__(self, app, s, peer, ssl):
        super().__init__(app, s, peer)
        try:
            self.s = wrap_tls(ssl, s)
        except BaseException:
            self.close()
            raise

    def receive(self, op, n):
        self.first = True
        return super().receive(op, n)

    # Before the first wait, what it may already hold is read.
    def _wait(self, write):
        if self.first and not write:
            self.first = False
            return sleep_ms(0)  # so that a fast client does not starve the others
        return super()._wait(write)

    def close(self):
        raw = self.raw
        super().close()
        if raw:  # a failed TLS socket leaves it open
            raw.close()
