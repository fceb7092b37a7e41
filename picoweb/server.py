# Starts an app, accepts clients, watches their timeouts. No HTTP.
import gc
import sys

from .loop import Stream, create_task, get_event_loop, io_forget, io_wait, run_forever, sleep_ms, socket
from .loop import task_cancel, ticks_diff, ticks_ms


# A listening socket; start_server() returns it
class Port:

    def __init__(self, app, s, ssl):
        self.app = app
        self.s, self.closed_at = s, None
        self.ssl = ssl
        create_task(app._watch())
        self.task = create_task(self.serve())
        app._ports.append(self)

    def serve(self):
        app, failed = self.app, False
        while self.s:
            try:
                if failed:
                    yield from sleep_ms(20)
                    failed = False
                    app._evict()  # frees memory or a socket
                yield io_wait(self.s, False)
                if len(app._conns) < app.max_connections or app._make_room():
                    self.accept()
                else:
                    yield from sleep_ms(5)
            except Exception:  # no memory or socket; on Pycopy, close()
                failed = True
                gc.collect()

    def accept(self):
        conn, peer = self.s.accept()
        try:
            conn.setblocking(False)
            if self.ssl:
                from .tls import TLSStream
                conn = TLSStream(self.app, conn, peer, self.ssl)
            else:
                conn = Stream(self.app, conn, peer)
            conn.port = self
            conn.task = create_task(self.app._handle(conn, conn))
        except BaseException:  # also Ctrl-C
            conn.close()
            raise

    # Frees the port at once. Requests have app.shutdown_timeout seconds.
    def close(self):
        s, self.s = self.s, None
        if s:
            self.closed_at = ticks_ms()
            self.app._ports.remove(self)
            task_cancel(self.task)
            io_forget(s)
            s.close()

    def wait_closed(self):
        while self.s or self in [conn.port for conn in self.app._conns]:
            yield from sleep_ms(20)
        yield from sleep_ms(20)  # cancelled handlers clean up

    # Once closed, whether conn has to go: no request has come, or its time is up.
    def is_over(self, conn):
        if not self.s:
            return conn.start is None and conn.waiter or ticks_diff(ticks_ms(), self.closed_at) > 1000 * self.app.shutdown_timeout


# An app as a server: its limits and clients
class Server:
    max_request_line = 2048
    max_head = max_body = 4096
    max_drain = 65536
    max_connections = 16
    read_timeout = write_timeout = 10
    shutdown_timeout = 5
    backlog = 1023 if sys.platform == "linux" else 16

    debug = -1
    log = None
    inited = False
    _own_fields = True  # may parse header fields itself
    _options = {}
    _loop = None  # of run(): stopped at the end
    _watching = None

    def __init__(self):
        self._conns, self._ports = [], []
        self._buf, self._writes = None, 0
        self._full = 0  # checks, 5 ms apart, without a free place: over 200, overloaded

    def init(self):
        self.inited = True

    def _begin(self, debug=False, log=None, lazy_init=False):
        from . import WebApp
        if debug >= 0 and not log:
            from .log import logger
            log = logger(debug)
        self.debug, self.log = int(debug), log
        if not self._ports:  # not for a second port
            self.init()
        self.inited = True
        self._own_fields = self.headers_mode != "parse" or type(self).parse_headers is not WebApp.parse_headers
        if type(self)._handle is not WebApp._handle:
            from .streams import guard
            self._handle = guard(self)
        gc.collect()  # garbage from loading the app
        for app in () if lazy_init else self.mounts:
            if not app.inited:
                app._begin(debug, log)

    def _listen(self, host, port, backlog=None, ssl=None):
        family, kind, proto, _, address = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
        s = socket.socket(family, kind, proto)
        try:
            s.setblocking(False)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(address)
            if sys.platform == "linux":
                s.setsockopt(socket.SOL_SOCKET, 7, 32768)  # SO_SNDBUF: more hides clients that do not read
            s.listen(backlog or self.backlog)
            return Port(self, s, ssl)
        except BaseException:
            s.close()
            raise

    # Evicts the client idle longest, if at least 20 ms. When overloaded, also slow senders.
    def _evict(self):
        conns = [conn for conn in self._conns
                 if conn.idle() >= 20 or self._full > 200 and conn.start and conn.waiter and not conn.writing]
        if conns:
            max(conns, key=Stream.idle).drop()
            return True

    # Whether a newcomer can be accepted. If none can for a second, a few at a time are, and get 503.
    def _make_room(self):
        room = self.max_connections - len(self._conns)
        self._full += 1
        if self._evict():
            return not room
        return self._full > 200 and room > -3

    # Checks all timeouts: a timer for each wait would cost more than the request. A newer task takes over.
    def _watch(self):
        this = self._watching = object()
        while this is self._watching and (self._ports or self._conns):
            try:
                yield from sleep_ms(500 if self._ports else 20)
                for conn in list(self._conns):
                    if (conn.idle() > 1000 * (self.write_timeout if conn.writing else self.read_timeout)
                            or conn.port and conn.port.is_over(conn)):
                        conn.drop()
                conn = None  # not kept until the next time
            except Exception:
                gc.collect()
        if this is self._watching:
            self._watching = None
            yield from sleep_ms(20)  # cancelled handlers clean up
            if self._loop and not self._watching:
                self._loop.stop()
                self._loop = None

    def serve(self, loop, host, port):
        self._listen(host, port, **self._options)
        self._loop = loop
        run_forever(loop, self)

    def start_server(self, host="127.0.0.1", port=8081, debug=False, log=None, **options):
        self._begin(debug, log)
        return self._listen(host, port, **options)
        yield  # a coroutine

    def shutdown(self):
        for port in list(self._ports):
            port.close()

    # After Ctrl-C, which may have ended _watch()
    def _stop(self):
        self._loop = None
        self.shutdown()
        yield from self._watch()

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, **options):
        self._begin(debug, log, lazy_init)
        self._options = options
        if debug >= 0:
            from .log import announce
            announce(self, host, port)
        loop = get_event_loop()
        self.serve(loop, host, port)
        loop.close()
