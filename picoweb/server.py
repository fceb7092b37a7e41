# Accepts clients, and watches their timeouts; starts and stops an app. There is no HTTP here.
import gc
import sys

from .loop import Stream, create_task, get_event_loop, io_forget, io_wait, listen, run_forever
from .loop import sleep_ms, task_cancel, ticks_diff, ticks_ms, wrap_tls


# A listening socket and its clients
class Server:
    closed_at = None
    writes = 0
    full_checks = 0  # times in a row, 5 ms apart, that all places were taken

    def __init__(self, app, s=None, ssl=None, loop=None):
        self.app = app
        self.s = s
        self.ssl = ssl
        self.loop = loop  # is stopped at the end
        self.conns = []
        self.buf = bytearray(640)
        if s:
            app._servers.append(self)
            coro = self.serve()
            self.task = create_task(coro) or coro  # Pycopy returns None
            create_task(self.sweep())

    def serve(self):
        failed = False
        while self.s:
            try:
                if failed:
                    yield from sleep_ms(20)
                    failed = False
                    self.evict()  # frees memory or a descriptor
                yield io_wait(self.s, False)
                room = self.app.max_connections - len(self.conns)
                if room > 0 or self.evict() and not room:
                    self.full_checks = 0
                elif not self.overloaded() or room < -2:  # a few at a time get 503
                    self.full_checks += 1
                    yield from sleep_ms(5)
                    continue
                self.accept()
            except Exception:  # no memory, no descriptor; on Pycopy, close()
                failed = True
                gc.collect()

    # All places have been taken for a second: newcomers get 503, and slow senders are evicted.
    def overloaded(self):
        return self.full_checks >= 200 and len(self.conns) >= self.app.max_connections

    def accept(self):
        s, peer = self.s.accept()
        conn = None
        try:
            s.setblocking(False)
            conn = Stream(self, wrap_tls(self.ssl, s) if self.ssl else s, peer, s)
            coro = self.app._handle(conn, conn)
            conn.task = create_task(coro) or coro  # Pycopy returns None
        except BaseException:  # Ctrl-C, too
            (conn or s).close()
            raise

    # Evicts the client that has been idle longest, if at least 20 ms.
    def evict(self):
        conns = [conn for conn in self.conns if conn.idle() >= 20 or self.overloaded() and conn.writing is False]
        if conns:
            max(conns, key=Stream.idle).drop()
            return True

    # Checks all timeouts: a timer for each wait would cost more than the request.
    def sweep(self):
        app = self.app
        while self.s or self.conns or self.loop and len(app._servers) > 1:  # run() waits for its other ports
            try:
                yield from sleep_ms(500 if self.closed_at is None else 20)
                over = self.closed_at is not None and ticks_diff(ticks_ms(), self.closed_at) > 1000 * app.shutdown_timeout
                for conn in list(self.conns):
                    if over or conn.idle() > 1000 * (app.write_timeout if conn.writing else app.read_timeout):
                        conn.drop()
                conn = None  # not kept until the next time
            except Exception:
                gc.collect()
        yield from sleep_ms(20)  # lets the last cancelled handlers clean up
        if self.conns:  # adopted in the meantime
            yield from self.sweep()
        elif self in app._servers:
            app._servers.remove(self)
            if self.loop:
                self.loop.stop()

    # Frees the port at once. Requests in progress have app.shutdown_timeout seconds.
    def close(self):
        s, self.s = self.s, None
        if s:
            self.closed_at = ticks_ms()
            task_cancel(self.task)
            io_forget(s)
            s.close()
            for conn in list(self.conns):
                if conn.idle_since is not None and not (conn.sent or conn.left or conn.next_chunk):
                    conn.drop()

    def wait_closed(self):
        while self in self.app._servers:
            yield from sleep_ms(20)


# The limits of an app, and what starts and stops it
class Service:
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
    _own_fields = True  # the app may parse header fields itself

    def __init__(self):
        self._servers = []
        self._options = {}

    def init(self):
        self.inited = True

    def _begin(self, debug=False, log=None, lazy_init=False):
        from . import WebApp
        if debug >= 0:
            from .log import logger
            log = log or logger(debug)
        self.debug, self.log = int(debug), log
        if not self._servers:  # not for a second port
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

    def _listen(self, loop, host, port, backlog=None, ssl=None):
        return Server(self, listen(host, port, backlog or self.backlog), ssl, loop)

    def serve(self, loop, host, port):
        self._listen(loop, host, port, **self._options)
        run_forever(loop, self)

    def start_server(self, host="127.0.0.1", port=8081, debug=False, log=None, **options):
        self._begin(debug, log)
        return self._listen(None, host, port, **options)
        yield  # a coroutine

    def shutdown(self):
        for server in self._servers:
            server.close()

    # After Ctrl-C, which may have ended the task that ran sweep()
    def _stop(self):
        for server in list(self._servers):
            server.loop = None
            server.close()
            yield from server.sweep()

    def run(self, host="127.0.0.1", port=8081, debug=False, lazy_init=False, log=None, **options):
        self._begin(debug, log, lazy_init)
        if debug >= 0:
            self.log.info("* Running on http%s://%s:%s/" % ("s" if options.get("ssl") else "", host, port))
        self._options = options
        loop = get_event_loop()
        self.serve(loop, host, port)
        loop.close()
