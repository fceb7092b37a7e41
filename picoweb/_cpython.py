"""What CPython needs to run the same code as the boards: sockets and tasks as MicroPython has them, and coroutines that mix.

On a board a coroutine is a generator. CPython keeps the two apart, so each generator of picoweb is marked with
types.coroutine(): then it can be awaited, and can itself delegate to native coroutines. So is each handler.
"""
import _thread
import asyncio
import functools
import gc
import importlib.machinery
import importlib.util
import inspect
import json
import os
import signal
import socket
import ssl as _ssl
import sys
import threading
import time
import types
from asyncio import CancelledError


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that takes generators for tasks, as those of the boards do."""

    def create_task(self, coro, **kwargs):
        return super().create_task(_native(coro), **kwargs)

    def run_until_complete(self, future):
        return super().run_until_complete(_native(future))

    def run_forever(self):
        if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return super().run_forever()
        with _Interrupts(self):
            super().run_forever()

    def call_exception_handler(self, context):
        # Ctrl-C while a task runs leaves run_forever(), and the task too, where it is no news.
        if not isinstance(context.get("exception"), KeyboardInterrupt):
            super().call_exception_handler(context)


class _Interrupts:
    """While a loop runs, Ctrl-C is raised between two of its callbacks. Raised where it comes, it would be lost in a finalizer, or
    would lose the callback that the loop is about to call; and a signal just before the loop waits would wake it with the next client.
    Where a callback does not return within half a second, or Ctrl-C comes again, it is raised there."""

    over = False
    handle = None

    def __init__(self, loop):
        self.loop = loop

    def __enter__(self):
        self.wakeup = signal.set_wakeup_fd(self.loop._csock.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, self.interrupt)

    def interrupt(self, number, frame):
        if self.handle:
            raise KeyboardInterrupt
        self.handle = self.loop.call_soon_threadsafe(self.arrive)
        _thread.start_new_thread(self.insist, ())  # a threading.Thread takes locks, which what is interrupted may hold

    def insist(self):
        time.sleep(0.5)
        if not self.over:
            _thread.interrupt_main()

    def arrive(self):
        raise KeyboardInterrupt

    def __exit__(self, kind, *rest):
        self.over = True
        signal.set_wakeup_fd(self.wakeup)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.handle:
            self.handle.cancel()
            if kind is None:  # it came as the loop ended
                raise KeyboardInterrupt


def _native(coro):
    if not inspect.isgenerator(coro):
        return coro

    async def run():
        return await coro
    return run()


_loop = None


def get_event_loop(*queue_lengths):
    """The running loop; else one that lasts until it is closed. (Pycopy's takes the lengths of its queues.)"""
    global _loop
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        if _loop is None or _loop.is_closed():
            _loop = _Loop()
            asyncio.set_event_loop(_loop)
        return _loop


def task_create(coro):
    return get_event_loop().create_task(_native(coro))


def task_current():
    return asyncio.current_task()


def task_cancel(task):
    task.cancel()


def sleep_ms(ms):
    return asyncio.sleep(ms / 1000)


def ticks_ms():
    return int(time.monotonic() * 1000)


def ticks_diff(a, b):
    return a - b


class _Socket:
    """A non-blocking socket with a board's methods: they return None where CPython raises BlockingIOError."""

    def __init__(self, s):
        self._s = s

    def __getattr__(self, name):
        return getattr(self._s, name)

    def _try(self, op, *args):
        try:
            return op(*args)
        except (BlockingIOError, InterruptedError, _ssl.SSLWantReadError, _ssl.SSLWantWriteError):
            return None
        except _ssl.SSLEOFError:
            return b""

    def read(self, n):
        return self._try(self._s.recv, n)

    def write(self, buf, off=0, sz=-1):
        return self._try(self._s.send, memoryview(buf)[off:off + sz] if sz >= 0 else memoryview(buf)[off:])

    def accept(self):
        s, peer = self._s.accept()
        return _Socket(s), peer


class _Adopted(_Socket):
    """The socket below a StreamReader and StreamWriter, with what the reader has already read."""

    def __init__(self, reader, writer):
        self._transport = writer.transport
        self._transport.pause_reading()
        reader.feed_eof()
        try:
            reader.read().send(None)
        except StopIteration as e:
            self._early = e.value
        super().__init__(socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())))

    def read(self, n):
        early, self._early = self._early[:n], self._early[n:]
        return early or super().read(n)

    def close(self):
        self._s.close()
        self._transport.close()


def io_wait(s, write):
    """A future that is done when the socket is ready. Its flag is what "await" would set: the caller yields it bare."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    fd = s.fileno()
    add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
    add(fd, lambda: future.done() or future.set_result(None))
    future.add_done_callback(lambda _: remove(fd))
    future._asyncio_future_blocking = True
    return future


def run_forever(loop, server):
    loop.run_forever()


def wrap(conn, ssl):
    # CPython's takes the descriptor away from the socket below it.
    conn.s = conn.polls = _Socket(ssl.wrap_socket(conn.s._s, server_side=True, do_handshake_on_connect=False))


def io_close(s, polls):
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        if s.fileno() >= 0:
            loop.remove_reader(s.fileno())
            loop.remove_writer(s.fileno())
    s.close()


def print_exception(e, file=None):
    """MicroPython's sys.print_exception()."""
    import traceback
    traceback.print_exception(type(e), e, e.__traceback__, file=file)


def _mark(namespace):
    for value in list(vars(namespace).values()):
        if inspect.isclass(value) and value.__module__.startswith("picoweb"):
            _mark(value)
        elif inspect.isgeneratorfunction(value) and value.__module__.startswith("picoweb"):
            types.coroutine(value)


def _mark_function(func):
    func = getattr(func, "__func__", func)
    if inspect.isgeneratorfunction(func):
        types.coroutine(func)


_MODULES = ("_connection", "_dispatch", "_head", "_loop", "_memory", "_server", "beside", "body", "closing", "crowd", "errors", "files", "headers",
            "log", "mime", "mounts", "request", "response", "routing", "serving", "starting", "templates")


def adapt():
    """Marks the generators of picoweb, once the modules that a board loads late are here too."""
    import importlib
    import picoweb
    for name in _MODULES:
        _mark(importlib.import_module("picoweb." + name))
    _mark(picoweb)
    listen = picoweb.serving.listen
    picoweb.serving.listen = lambda *args: _Socket(listen(*args))
    picoweb.beside.wrap = wrap
    picoweb._memory.modules = {}  # what is marked must stay
    # Its pkg_resources is another one; and the boards' JSON is UTF-8.
    picoweb.files.open_resource = picoweb.files.open_file
    picoweb.response.dumps = functools.partial(json.dumps, ensure_ascii=False)
    if not hasattr(sys, "print_exception"):
        sys.print_exception = print_exception

    find_route = picoweb._dispatch.find_route

    def _find_route(app, req):
        for func in (app.handle_error, app.handle_exc, app.handle_static, app.parse_headers):
            _mark_function(func)
        route = find_route(app, req)
        _mark_function(route[1])
        return route

    picoweb._dispatch.find_route = _find_route
    # A serve() of the app's own may hand these to asyncio.start_server(), which calls native coroutines only.
    handle = picoweb.WebApp._handle
    picoweb.WebApp._handle = lambda self, reader, writer: _native(handle(self, reader, writer))
    board_adopt = picoweb.beside.adopt
    picoweb.beside.adopt = lambda app, reader, writer: board_adopt(app, None, types.SimpleNamespace(s=_Adopted(reader, writer)))


def _board_code(code):
    """The code object, with each generator in it marked as by types.coroutine()."""
    consts = tuple(_board_code(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    flags = code.co_flags
    if flags & inspect.CO_GENERATOR:
        flags |= inspect.CO_ITERABLE_COROUTINE
    return code.replace(co_consts=consts, co_flags=flags)


def compile_board(source, path):
    """Compiles a board's source, where generators and coroutines are the same thing."""
    return _board_code(compile(source, path, "exec"))


class _BoardLoader(importlib.machinery.SourceFileLoader):
    """Imports a board's module. Its cached bytecode would lack the marks, so there is none."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return compile_board(importlib.util.decode_source(self.get_data(path)), path)


class _BoardFinder(importlib.machinery.PathFinder):
    """Finds the modules below the app's folder."""

    folder = None

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        spec = super().find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader) and not fullname.startswith("picoweb"):
            if os.path.abspath(spec.origin).startswith(cls.folder + os.sep):
                spec.loader = _BoardLoader(fullname, spec.origin)
                return spec
        return None


def _uasyncio():
    """Pycopy's and old MicroPython's event loop module, on CPython's."""
    module = types.ModuleType("uasyncio")
    for name in asyncio.__all__:
        setattr(module, name, getattr(asyncio, name))
    module.__dict__.update(
        get_event_loop=get_event_loop, create_task=task_create, ensure_future=task_create, sleep_ms=sleep_ms,
        cancel=task_cancel, wait_for_ms=lambda aw, ms: asyncio.wait_for(_native(aw), ms / 1000),
        wait_for=lambda aw, timeout: asyncio.wait_for(_native(aw), timeout), core=module)
    return module


def install(folder):
    """Lets the modules in the app's folder be what they are on a board, and gives them "uasyncio"."""
    sys.modules.setdefault("uasyncio", _uasyncio())
    sys.modules.setdefault("uasyncio.core", sys.modules["uasyncio"])
    _BoardFinder.folder = os.path.abspath(folder)
    if _BoardFinder not in sys.meta_path:
        sys.meta_path.insert(0, _BoardFinder)
