"""picoweb apps on ASGI 3 servers: uvicorn, hypercorn, granian. Only for CPython.

    uvicorn picoweb.asgi:app
    PICOWEB_APP=folder/app.py uvicorn picoweb.asgi:application

run a board's app file, app.py in the current folder or the one that is named, unchanged, up to where it calls WebApp.run();
ASGI(app) adapts an app that is at hand.
"""
import asyncio
import contextlib
import errno
import logging
import os
import re
import sys
import urllib.parse

from . import WebApp, _cpython
from .loop import Stream, create_task

# Fields of a response that are the ASGI server's concern (RFC 9110 section 7.6.1).
_HOP_BY_HOP = (b"connection", b"keep-alive", b"transfer-encoding", b"upgrade")
_DRAIN_SECONDS = 0.5
# Apps may use any line ends, which clients of a board get unchanged.
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class _Socket:
    """What has arrived but was not read yet, and what was written but not sent yet."""

    unread = b""
    unsent = b""

    def read(self, n):
        data, self.unread = self.unread[:n], self.unread[n:]
        return data

    def readinto(self, buf):
        data = self.read(len(buf))
        buf[:len(data)] = data
        return len(data)

    def write(self, buf, off, sz):
        self.unsent += memoryview(buf)[off:off + sz]
        return sz


class _Connection(Stream):
    """One request: a Stream whose other end is an ASGI server."""

    def __init__(self, app, receive, send, scope):
        super().__init__(app, _Socket(), scope.get("client"))
        self._receive = receive
        self._send = send
        self._head = b""  # of the response, until it is complete
        self._started = False
        self._ended = False  # the body of the request was read
        self._expects = any(name == b"expect" for name, _ in scope["headers"])  # the server sends "100 Continue" before the body
        self._watcher = None
        self.over = asyncio.Event()  # set when the app or the client has closed it

    async def open(self, scope):
        """Passes the head on, and the body of a request without a length, which picoweb needs."""
        lines, framed = _head_lines(scope)
        body = b""
        if not framed:
            body = await self._read_unframed()
            if body:
                lines.append(b"Content-Length: %d" % len(body))
        self.s.unread = b"\r\n".join(lines + [b"", body])

    async def _read_unframed(self):
        body = b""
        while not self._ended and len(body) <= self.app.max_body:
            body += await self._next_part()
        return body

    async def _next_part(self):
        self._expects = False
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._hang_up()
            return b""
        self._ended = not message.get("more_body", False)
        return message.get("body", b"")

    def _hang_up(self):
        self._ended = self.gone = True
        self.over.set()

    def watch(self):
        """Watches for the client to leave: servers silently accept what is sent to one that has gone."""
        if not self._watcher:
            self._watcher = asyncio.ensure_future(self._watch())

    async def _watch(self):
        while not self.gone:
            await self._next_part()

    async def receive(self, op, n):
        if self._started and op == self.take:
            return b""  # finish() drains what is not read
        while not (self.s.unread or self._ended):
            self.s.unread = await self._next_part()
        return op(n)

    async def awrite(self, buf, off=0, sz=-1):
        await super().awrite(buf, off, sz)
        await self._transmit()

    awritestr = awrite

    async def _transmit(self):
        data, self.s.unsent = self.s.unsent, b""
        if self.gone or self.over.is_set():
            self.gone = True
            raise OSError(errno.ECONNRESET, "the client is gone")
        if not self._started:
            data = await self._start(self._head + data)
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self._started and not self.left:
            self.watch()

    async def _start(self, data):
        """Sends the head once the blank line after it was written; returns what follows that."""
        blank = _BLANK_LINE.search(data)
        if not blank:
            self._head = data
            return b""
        status, headers = parse_head(data[:blank.start()])
        self._started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        return data[blank.end():]

    def close(self):
        self.release()
        self.over.set()

    async def finish(self):
        """Ends the response when the app has closed it or the client has gone."""
        await self.over.wait()
        if not (self._ended or self._watcher or self._expects):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._drain(), _DRAIN_SECONDS)
        if self.gone:
            return
        if not self._started:
            # The app closed the connection without a response, which an ASGI server cannot do.
            await self._send({"type": "http.response.start", "status": 500, "headers": []})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drain(self):
        # Closing a connection with unread bytes resets it, and the client may lose the response.
        limit = self.app.max_drain
        while limit > 0 and not self._ended:
            limit -= len(await self._next_part())

    def end(self):
        self.release()
        if self._watcher:
            self._watcher.cancel()


class _WebSocket(_Connection):
    """An upgraded connection: the app reads and writes frames (RFC 6455 section 5.2), the server messages."""

    _closed = False  # no more messages may be sent
    _refused = False

    def __init__(self, server, receive, send, scope):
        super().__init__(server, receive, send, scope)
        self._frames = asyncio.Queue(1)
        self._denial = "websocket.http.response" in scope.get("extensions", ())

    async def open(self, scope):
        await self._receive()  # websocket.connect
        # These fields do not exist in HTTP/2.
        fields = {b"connection": b"Upgrade", b"upgrade": b"websocket", b"sec-websocket-version": b"13",
                  b"sec-websocket-key": b"AAAAAAAAAAAAAAAAAAAAAA=="}
        fields.update(scope["headers"])
        lines, _ = _head_lines(dict(scope, method="GET", headers=list(fields.items())))
        self.s.unread = b"\r\n".join(lines + [b"", b""])

    async def _next_part(self):
        return await self._frames.get()

    async def _watch(self):
        while not self._ended:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._closed = self._ended = True
                code = message.get("code") or 1005
                data = _frame(8, b"" if code == 1005 else code.to_bytes(2, "big")) if code != 1006 else b""
            elif message.get("text") is not None:
                data = _frame(1, message["text"].encode())
            else:
                data = _frame(2, message["bytes"])
            await self._frames.put(data)

    async def _start(self, data):
        rest = b""
        blank = _BLANK_LINE.search(data)
        if not blank:
            self._head = data
            return rest
        status, headers = parse_head(data[:blank.start()])
        self._started = True
        if status == 101:
            headers = [field for field in headers if not field[0].startswith(b"sec-websocket-")]
            await self._send({"type": "websocket.accept", "headers": headers})
            self.watch()
        else:
            self._refused = True
            if self._denial:
                await self._send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        return data[blank.end():]

    async def _transmit(self):
        data, self.s.unsent = self.s.unsent, b""
        if self.gone or self.over.is_set():
            self.gone = True
            raise OSError(errno.ECONNRESET, "the client is gone")
        if not self._started:
            data = await self._start(self._head + data)
            self._head = b""
        if not self._refused:
            await self._send_frames(self._head + data)
        elif self._denial:
            await self._send({"type": "websocket.http.response.body", "body": data, "more_body": True})

    async def _send_frames(self, data):
        while len(data) > 1:
            extra = {126: 2, 127: 8}.get(data[1], 0)
            size = int.from_bytes(data[2:2 + extra], "big") if extra else data[1]
            end = 2 + extra + size
            if len(data) < end:
                break
            if not self._closed:
                await self._send_message(data[0] & 15, data[2 + extra:end])
            data = data[end:]
        self._head = data

    async def _send_message(self, kind, data):
        if kind == 1:
            await self._send({"type": "websocket.send", "text": data.decode()})
        elif kind == 2:
            await self._send({"type": "websocket.send", "bytes": data})
        elif kind == 8:
            self._closed = True
            await self._send({"type": "websocket.close", "code": int.from_bytes(data[:2], "big") or 1005, "reason": data[2:].decode()})
        elif kind == 9 and self._frames.empty():
            self._frames.put_nowait(_frame(10, data))  # the ASGI server sends its own pings

    async def finish(self):
        await self.over.wait()
        if self._refused and self._denial:
            await self._send({"type": "websocket.http.response.body", "body": b"", "more_body": False})
        elif not self._closed:
            await self._send({"type": "websocket.close"})


def _frame(kind, data):
    """A client's frame, with a mask that changes nothing."""
    size = len(data)
    size = bytes((128 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big") if size < 65536 else b"\xff" + size.to_bytes(8, "big")
    return bytes((128 | kind,)) + size + bytes(4) + data


def _head_lines(scope):
    """The request line and the fields, as lines; and whether the request gives the length of its body."""
    path = scope.get("raw_path") or urllib.parse.quote(scope["path"]).encode()
    root = scope.get("root_path", "").encode()
    if root and path.startswith(root + b"/"):
        path = path[len(root):]
    if scope.get("query_string"):
        path += b"?" + scope["query_string"]
    # HTTP/1.1 requires Host: a request that the server accepted is not refused here.
    version = b"1.1" if any(name == b"host" for name, _ in scope["headers"]) else b"1.0"
    lines = [scope["method"].encode() + b" " + path + b" HTTP/" + version]
    framed = False
    for name, value in scope["headers"]:
        if name in (b"transfer-encoding", b"expect"):
            continue  # the ASGI server decodes bodies and answers this
        framed = framed or name == b"content-length"
        # As most clients write it over HTTP/1.
        lines.append(name.title() + b": " + value)
    return lines, framed


def parse_head(head):
    """The status (int) and the fields (pairs of bytes) of a response head; ValueError if it is malformed."""
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
        self._options = (int(debug), log or logging.getLogger("picoweb"), lazy_init)
        self.tasks = []  # coroutines that run beside the app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._serve(scope, receive, send)

    def _start(self):
        if not self.app.inited:
            _prepare(asyncio.get_running_loop())
            self.app._begin(*self._options)
            for coro in self.tasks:
                create_task(coro)

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
        kind = _WebSocket if scope["type"] == "websocket" else _Connection
        conn = kind(self.app, receive, send, scope)
        try:
            await conn.open(scope)
            if not conn.gone:
                await self.app._handle(conn, conn)
                if not conn.over.is_set():
                    conn.watch()  # the app has kept it in order to push to it
                await conn.finish()
        finally:
            conn.end()


def _prepare(loop):
    """Lets an app create tasks from generators, as on boards."""
    if not loop.get_task_factory():
        loop.set_task_factory(_create_task)


def _create_task(loop, coro, **kwargs):
    return asyncio.Task(_cpython.native(coro), loop=loop, **kwargs)


class _Loop:
    """Stands in for the event loop while an app file is executed: most servers start theirs later."""

    def __init__(self):
        self.tasks = []

    def create_task(self, coro):
        self.tasks.append(coro)

    def run_until_complete(self, coro, **options):
        coro.send(None)  # as far as WebApp.run()

    def is_closed(self):
        return False


class _Run(BaseException):
    """Ends an app file where it calls WebApp.run()."""


def load(path):
    """The ASGI application for the app file at path (str): the app that it runs, where its execution ends, or
    its global "app" if it runs none."""
    from .__main__ import execute
    found = []

    def run(self, host=None, port=None, debug=0, lazy_init=False, log=None, backlog=None, ssl=None):
        found.append(ASGI(self, debug, lazy_init, log))
        raise _Run

    with contextlib.suppress(RuntimeError):
        _prepare(asyncio.get_running_loop())
    loop, _cpython._loop = _cpython._loop, _Loop()
    asyncio_run, asyncio.run = asyncio.run, _cpython._loop.run_until_complete
    try:
        with contextlib.suppress(_Run):
            execute(path, run)
            app = getattr(sys.modules["__main__"], "app", None)
            if not isinstance(app, WebApp):
                raise RuntimeError("%s: it does not call WebApp.run(), and has no WebApp named app" % path)
            found.append(ASGI(app))
        found[0].tasks = _cpython._loop.tasks
        return found[0]
    finally:
        _cpython._loop = loop
        asyncio.run = asyncio_run


if os.environ.get("PICOWEB_APP"):
    application = load(os.environ["PICOWEB_APP"])


def __getattr__(name):
    """The application for the app file of that name in the current folder."""
    if name == "application":
        raise RuntimeError("PICOWEB_APP has to name the app file")
    if not name.startswith("_") and os.path.isfile(name + ".py"):
        globals()[name] = load(name + ".py")
        return globals()[name]
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
