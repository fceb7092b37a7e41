"""picoweb apps on ASGI 3 servers: uvicorn, hypercorn, granian. Only for CPython.

    PICOWEB_APP=app.py uvicorn picoweb.asgi:application

runs a board's app file, unchanged, up to where it calls WebApp.run(); ASGI(app) adapts an app that is at hand.
"""
import asyncio
import contextlib
import errno
import logging
import os
import re
import types
import urllib.parse

from . import WebApp, _cpython
from ._cpython import _native, task_create
from ._connection import Connection
from ._server import Server
from .starting import begin
from .response import cut_body

# Of a response, these are between the ASGI server and its client (RFC 9110 section 7.6.1).
_HOP_BY_HOP = (b"connection", b"keep-alive", b"transfer-encoding", b"upgrade")
_DRAIN_SECONDS = 0.5
# Apps may end their lines as they like; on a board, clients get them so.
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class _Socket:
    """What picoweb asks past the Connection: there is nothing; "100 Continue" is the ASGI server's to send."""

    def read(self, n):
        return b""

    def write(self, buf):
        return len(buf)


class _Connection(Connection):
    """One request: a Connection whose other end is an ASGI server."""

    def __init__(self, server, receive, send, scope):
        super().__init__(server, _Socket(), scope.get("client"))
        self._receive = receive
        self._send = send
        self._head = b""  # of the response, until it is whole
        self._started = False
        self._ended = False  # the body of the request is read
        self._watcher = None
        self._unread = b""
        self.closed = asyncio.Event()

    async def open(self, scope):
        """Takes the head, and the body of a request that does not tell its length: picoweb asks for that."""
        lines, framed = _head_lines(scope)
        if not framed:
            body = await self._read_unframed()
            if body:
                lines.append(b"Content-Length: %d" % len(body))
                self._unread = body
        self._unread = b"\r\n".join(lines + [b"", b""]) + self._unread

    async def _read_unframed(self):
        body = b""
        while not self._ended and len(body) <= self.server.app.max_body:
            body += await self._next_part()
        return body

    async def _next_part(self):
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._hang_up()
            return b""
        self._ended = not message.get("more_body", False)
        return message.get("body", b"")

    def _hang_up(self):
        self._ended = self.gone = True
        self.closed.set()

    def watch(self):
        """Looks out for the end of the client: servers take what is sent to one that is gone, and say nothing."""
        if not self._watcher:
            self._watcher = asyncio.ensure_future(self._watch())

    async def _watch(self):
        while not self.gone:
            await self._next_part()

    @types.coroutine
    def receive(self, n):
        if not self._unread and not self._ended:
            self._unread = yield from self._next_part().__await__()
        data, self._unread = self._unread[:n], self._unread[n:]
        return data

    @types.coroutine
    def awrite(self, buf, off=0, sz=-1):
        data = buf.encode() if isinstance(buf, str) else bytes(buf)
        data = data[off:off + sz] if sz >= 0 else data[off:]
        if self.tail is not None:
            data = cut_body(self, data)
        self.writes += 1
        yield from self._transmit(data).__await__()

    async def _transmit(self, data):
        if self.gone or self.closed.is_set():
            self.gone = True
            raise OSError(errno.ECONNRESET, "the client is gone")
        if not self._started:
            data = await self._start(self._head + data)
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self._started and not self.left:
            self.watch()

    async def _start(self, data):
        """Sends the head, once the blank line after it was written; what follows that is returned."""
        blank = _BLANK_LINE.search(data)
        if not blank:
            self._head = data
            return b""
        status, headers = parse_head(data[:blank.start()])
        self._started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        return data[blank.end():]

    def close(self):
        self.closed.set()

    async def finish(self):
        """Ends the response, once the app has closed it or the client is gone."""
        await self.closed.wait()
        if not (self._ended or self._watcher or self.expect):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._drain(), _DRAIN_SECONDS)
        if self.gone:
            return
        if not self._started:
            # The app sent its client away without a word, which no ASGI server can do.
            await self._send({"type": "http.response.start", "status": 500, "headers": []})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self):
        # A connection that is closed with bytes unread is reset, and the client may lose the response.
        limit = self.server.app.max_drain
        while limit > 0 and not self._ended:
            limit -= len(await self._next_part())

    def unwatch(self):
        if self._watcher:
            self._watcher.cancel()


def _head_lines(scope):
    """The request line and the fields, as lines; and whether the request says how long its body is."""
    path = scope.get("raw_path") or urllib.parse.quote(scope["path"]).encode()
    root = scope.get("root_path", "").encode()
    if root and path.startswith(root + b"/"):
        path = path[len(root):]
    if scope.get("query_string"):
        path += b"?" + scope["query_string"]
    lines = [scope["method"].encode() + b" " + path + b" HTTP/1.1"]
    framed = False
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            continue  # the ASGI server has decoded it
        framed = framed or name == b"content-length"
        # As most clients write it over HTTP/1.
        lines.append(name.title() + b": " + value)
    return lines, framed


def parse_head(head):
    """The status (int) and the fields (pairs of bytes) of a response head; ValueError when it is none."""
    lines = head.splitlines()
    words = lines[0].split(None, 2)
    if not words or not words[0].startswith(b"HTTP/") or len(words) < 2:
        raise ValueError("%r is no status line" % lines[0])
    fields = []
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name not in _HOP_BY_HOP:
            fields.append((name, value.strip()))
    return int(words[1]), fields


class ASGI:
    """The ASGI 3 application for a WebApp. debug and log are as for WebApp.run(); without a log, errors go to the logger
    "picoweb" of the module logging. Host, port, TLS and limits of connections are the ASGI server's."""

    def __init__(self, app, debug=0, lazy_init=False, log=None):
        self.app = app
        self._begin = (int(debug), log or logging.getLogger("picoweb"), lazy_init)
        self._server = Server(app)
        self.tasks = []  # coroutines that run beside the app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})

    def _start(self):
        if not self.app.inited:
            _prepare(asyncio.get_running_loop())
            begin(self.app, *self._begin)
            for coro in self.tasks:
                task_create(coro)

    async def _live(self, receive, send):
        await receive()
        try:
            self._start()
        except Exception as e:
            await send({"type": "lifespan.startup.failed", "message": "%s: %s" % (type(e).__name__, e)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.app.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope, receive, send):
        self._start()
        conn = _Connection(self._server, receive, send, scope)
        await conn.open(scope)
        try:
            if not conn.gone:
                await self.app._handle(conn, conn)
                if not conn.closed.is_set():
                    conn.watch()  # the app has kept it, to push to it
                await conn.finish()
        finally:
            conn.unwatch()


def _prepare(loop):
    """Lets an app make tasks of generators, as on the boards."""
    if not loop.get_task_factory():
        loop.set_task_factory(_create_task)


def _create_task(loop, coro, **kwargs):
    return asyncio.Task(_native(coro), loop=loop, **kwargs)


class _Loop:
    """Stands for the event loop while an app file is executed: most servers start theirs later."""

    def __init__(self):
        self.tasks = []

    def create_task(self, coro):
        self.tasks.append(coro)

    def is_closed(self):
        return False


class _Run(BaseException):
    """Ends an app file where it calls WebApp.run()."""


def load(path):
    """The ASGI application for the app file at path (str): for the app that it runs. The file is not executed further."""
    from .__main__ import execute
    found = {}

    def run(self, host=None, port=None, debug=0, lazy_init=False, log=None, backlog=None, ssl=None):
        found["app"] = ASGI(self, debug, lazy_init, log)
        raise _Run

    with contextlib.suppress(RuntimeError):
        _prepare(asyncio.get_running_loop())
    loop, _cpython._loop = _cpython._loop, _Loop()
    try:
        execute(path, run)
    except _Run:
        found["app"].tasks = _cpython._loop.tasks
        return found["app"]
    finally:
        _cpython._loop = loop
    raise RuntimeError("%s: it does not call %s.run()" % (path, WebApp.__name__))


if os.environ.get("PICOWEB_APP"):
    application = load(os.environ["PICOWEB_APP"])


def __getattr__(name):
    if name == "application":
        raise RuntimeError("PICOWEB_APP has to name the app file")
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
