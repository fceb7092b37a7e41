# What the scripts inside_*.py share. MicroPython 1.22 in Node has neither asyncio nor sockets: what is tested there
# needs only the names.
import sys


class _Nothing:

    CancelledError = Exception
    core = create_task = current_task = get_event_loop = sleep_ms = ticks_diff = ticks_ms = None


def _provide(name):
    try:
        __import__(name)
    except ImportError:
        sys.modules[name] = _Nothing


try:
    import uasyncio
except ImportError:
    for name in ("asyncio", "uasyncio", "socket", "usocket", "time", "utime"):
        _provide(name)


def check(what, got, expected):
    if got != expected:
        raise AssertionError("%s: %r, expected %r" % (what, got, expected))


def check_raises(what, error, func, *args):
    try:
        func(*args)
    except error as e:
        return e
    raise AssertionError("%s: no %s" % (what, error.__name__))


# The result of a coroutine that does not have to wait.
def result(coro):
    try:
        while True:
            coro.send(None)
    except StopIteration as e:
        return e.value
