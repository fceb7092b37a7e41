"""What CPython needs to run the same code as boards: sockets and tasks like MicroPython's, and generators that mix with coroutines.

On a board a coroutine is a generator. CPython keeps the two apart, so each generator function of picoweb is marked as by
types.coroutine(): then its generators can be awaited, and can themselves delegate to native coroutines. So is each handler.
"""
import _thread
import asyncio
import contextlib
import errno as uerrno
import functools
import importlib.machinery
import inspect
import json as _json
import re
import signal
import socket as _socket
import ssl as _ssl
import sys
import threading
import time
import types
import weakref
from asyncio import CancelledError, current_task

# For loop.py: MicroPython's names of the event loop, and mark().
__all__ = (
    "CancelledError", "coroutine", "create_task", "current_task", "get_event_loop", "io_done", "io_forget", "io_wait", "json",
    "mark", "re", "run_forever", "sleep_ms", "socket", "task_cancel", "ticks_diff", "ticks_ms", "uerrno",
    "wrap_tls",
)


def _json_text(value):
    if isinstance(value, (bytes, bytearray)):
        return value.decode()
    raise TypeError("this is not for JSON: %r" % (value,))


# On boards, JSON is UTF-8, and bytes are text in it.
json = types.SimpleNamespace(loads=_json.loads, dumps=functools.partial(_json.dumps, ensure_ascii=False, default=_json_text))


# The event loop

class _Loop(asyncio.SelectorEventLoop):
    """An event loop that accepts generators as tasks, as on boards."""

    def create_task(self, coro, **kwargs):
        return super().create_task(native(coro), **kwargs)

    def run_until_complete(self, future):
        if self.is_running():
            return _Nested(self).run_until_complete(future)
        return super().run_until_complete(native(future))

    def run_forever(self):
        if self.is_running():
            return _Nested(self).run_forever()
        with _interrupts(self):
            super().run_forever()

    def close(self):
        # On a board it does nothing: serve() goes on when the app runs the loop.
        if not asyncio.all_tasks(self):
            super().close()

    def call_exception_handler(self, context):
        # Ctrl-C while a task runs ends run_forever(), and the task too, where it should not be reported again.
        if not isinstance(context.get("exception"), KeyboardInterrupt):
            super().call_exception_handler(context)


def _interrupts(loop):
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return _Interrupts(loop) if ours else contextlib.nullcontext()


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


@types.coroutine
def delegate(generator):
    """"yield from" for a native coroutine."""
    return (yield from generator)


@types.coroutine
def hand_over(value):
    """"yield" for a native coroutine."""
    return (yield value)


async def _run(generator):
    return await delegate(generator)


def native(coro):
    """A coroutine that asyncio accepts for a task, which it does not do with a generator."""
    return _run(coro) if inspect.isgenerator(coro) else coro


_loop = None


def get_event_loop(*queue_lengths):
    """The running loop, or else one that lasts until it is closed. (Pycopy passes the lengths of its queues.)"""
    global _loop
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        if _loop is None or _loop.is_closed():
            _loop = _Loop()
            asyncio.set_event_loop(_loop)
        return _loop


def run_forever(loop, app):
    run, run_until_complete = loop.run_forever, loop.run_until_complete
    if loop.is_running():
        nested = _Nested(loop)
        run, run_until_complete = nested.run_forever, nested.run_until_complete
    try:
        run()
    except KeyboardInterrupt:
        run_until_complete(app._stop())
        raise


class _Nested:
    """A running loop that is run again, because run() was called in a task; on boards, that works."""

    def __init__(self, loop):
        if not hasattr(loop, "_run_once"):
            raise RuntimeError("run() starts the event loop, but it is running already: use 'await app.start_server(...)' here")
        self.loop = loop
        self.task = current_task(loop)

    def run_forever(self):
        try:
            with _interrupts(self.loop):
                self._run_while(self._is_wanted)
        finally:
            self.loop._stopping = False

    def _is_wanted(self):
        if getattr(self.task, "cancelling", int)():  # Ctrl-C in asyncio.run()
            raise KeyboardInterrupt
        return not self.loop._stopping

    def run_until_complete(self, future):
        task = asyncio.ensure_future(native(future), loop=self.loop)
        self._run_while(lambda: not task.done())
        return task.result()

    def _run_while(self, condition):
        ready = len(self.loop._ready)
        if self.task:
            asyncio.tasks._leave_task(self.loop, self.task)
        try:
            while condition():
                self.loop._run_once()
        finally:
            if self.task:
                asyncio.tasks._enter_task(self.loop, self.task)
            while len(self.loop._ready) < ready:  # the outer loop is about to call this many
                self.loop.call_soon(int)


def create_task(coro):
    return get_event_loop().create_task(native(coro))


def task_cancel(task):
    task.cancel()


def sleep_ms(ms):
    return asyncio.sleep(ms / 1000)


def ticks_ms():
    return int(time.monotonic() * 1000)


def ticks_diff(a, b):
    return a - b


def print_exception(e, file=None):
    """MicroPython's sys.print_exception()."""
    import traceback
    traceback.print_exception(type(e), e, e.__traceback__, file=file)


if not hasattr(sys, "print_exception"):
    sys.print_exception = print_exception  # apps call it in handle_exc()


# Sockets

class _Socket:
    """A non-blocking socket with a board's methods: they return None where CPython raises BlockingIOError."""

    loop = None  # the one in which a task waits for it

    def __init__(self, s):
        self._s = s

    def __getattr__(self, name):
        return getattr(self._s, name)

    def _try(self, op, *args):
        try:
            return op(*args)
        except (BlockingIOError, _ssl.SSLWantReadError, _ssl.SSLWantWriteError):
            return None

    def read(self, n):
        return self._try(self._s.recv, n)

    def readinto(self, buf):
        return self._try(self._s.recv_into, buf)

    def write(self, buf, off=0, sz=-1):
        return self._try(self._s.send, memoryview(buf)[off:off + sz] if sz >= 0 else memoryview(buf)[off:])

    def accept(self):
        s, peer = self._s.accept()
        return _Socket(s), peer


class _Adopted(_Socket):
    """The socket below a StreamReader and StreamWriter, with what the reader has already read."""

    def __init__(self, reader, writer):
        self._transport = writer.transport
        if writer.get_extra_info("ssl_object"):
            self._transport.close()
            raise RuntimeError("_handle() cannot read below asyncio's TLS: use app.start_server(ssl=...)")
        self._transport.pause_reading()
        reader.feed_eof()
        try:
            reader.read().send(None)
        except StopIteration as e:
            self._early = e.value
        super().__init__(writer.get_extra_info("socket").dup())

    def read(self, n):
        early, self._early = self._early[:n], self._early[n:]
        return early or super().read(n)

    def readinto(self, buf):
        data = self.read(len(buf))
        if data:
            buf[:len(data)] = data
        return data if data is None else len(data)

    def close(self):
        self._s.close()
        self._transport.close()


socket = types.SimpleNamespace(
    getaddrinfo=_socket.getaddrinfo, socket=lambda *args: _Socket(_socket.socket(*args)), SOCK_STREAM=_socket.SOCK_STREAM,
    SOL_SOCKET=_socket.SOL_SOCKET, SO_REUSEADDR=_socket.SO_REUSEADDR)


def wrap_tls(ssl, s):
    """CPython's TLS socket takes over the descriptor of the one below it. It is another object for Stream, which must not wait for
    what has been decrypted."""
    s._s = ssl.wrap_socket(s._s, server_side=True, do_handshake_on_connect=False)
    return _Socket(s._s)


def io_wait(s, write):
    """A future that is done when the socket is ready. Its flag is what "await" would set: the caller yields it bare."""
    loop = s.loop = asyncio.get_running_loop()
    future = loop.create_future()
    fd = s.fileno()
    add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
    add(fd, lambda: future.done() or future.set_result(None))
    future.add_done_callback(lambda _: remove(fd))
    future._asyncio_future_blocking = True
    return future


def io_done(s):
    """The callback of the future has done it."""


def io_forget(s):
    if s.loop and not s.loop.is_closed() and s.fileno() >= 0:
        s.loop.remove_reader(s.fileno())
        s.loop.remove_writer(s.fileno())


# Coroutines

def marked(code):
    """A copy of a code object in which each generator is marked as types.coroutine() does it."""
    consts = tuple(marked(const) if isinstance(const, types.CodeType) else const for const in code.co_consts)
    flags = code.co_flags
    if flags & inspect.CO_GENERATOR:
        flags |= inspect.CO_ITERABLE_COROUTINE
    return code.replace(co_consts=consts, co_flags=flags)


def _mark_function(func):
    if not func.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE:
        func.__code__ = marked(func.__code__)


def _mark_all(namespace, name):
    """Marks the functions and methods in a namespace that belong to the module of this name."""
    for value in list(namespace.values()):
        if isinstance(value, (classmethod, staticmethod)):
            value = value.__func__
        if not isinstance(value, (type, types.FunctionType)):  # not getattr(): it would load picoweb.utils
            continue
        if value.__module__ == name:
            if inspect.isclass(value):
                _mark_all(vars(value), name)
            elif inspect.isfunction(value):
                _mark_function(value)


class _Marker:
    """Loads a module of picoweb, and marks it."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        _mark_all(vars(module), module.__name__)


class _Finder:
    """Finds the modules of picoweb that are imported later, including extensions."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        if not fullname.startswith(__package__ + "."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = _Marker(spec.loader)
        return spec


def mark(package):
    """Marks what is in the namespace of the package, and makes sure that modules are marked when they are imported later."""
    for namespace in package, vars(package["loop"]), vars(package["server"]):
        _mark_all(namespace, namespace["__name__"])
    package["WebApp"].__call__ = _asgi
    # An app may write "import lib.picoweb.__init__ as picoweb": that is the same module.
    package["__init__"] = sys.modules[package["__name__"] + ".__init__"] = sys.modules[package["__name__"]]
    sys.meta_path.insert(0, _Finder)


async def _asgi(self, scope, receive, send):
    """WebApp.__call__: each app is an ASGI application, as in "uvicorn app:app"."""
    if not hasattr(self, "_asgi"):
        from .asgi import ASGI
        self._asgi = ASGI(self)
    await self._asgi(scope, receive, send)


def _function(func):
    """The function behind a handler of any form."""
    while isinstance(func, functools.partial):
        func = func.func
    if callable(func) and not inspect.isroutine(func) and not inspect.isclass(func):
        func = type(func).__call__
    return getattr(func, "__func__", func)


_marked_handlers = weakref.WeakSet()


def _mark_handler(func):
    """Marks a function, and those that it wraps, as decorators do."""
    if inspect.isfunction(func) and func not in _marked_handlers:
        _marked_handlers.add(func)
        _mark_function(func)
        for cell in func.__closure__ or ():
            with contextlib.suppress(ValueError):  # it is empty
                _mark_handler(_function(cell.cell_contents))


def coroutine(func):
    """A function with the same result as func: a native coroutine where func is a generator."""
    function = _function(func)
    _mark_handler(function)
    if not inspect.isgeneratorfunction(function):
        return func

    async def call(*args, **kwargs):
        if args and isinstance(args[-1], asyncio.StreamWriter):  # the connection was accepted by an app's own serve()
            args = (*args[:-2], None, types.SimpleNamespace(s=_Adopted(*args[-2:]), get_extra_info=args[-1].get_extra_info))
        return await func(*args, **kwargs)
    return call
