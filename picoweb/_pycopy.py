# What Pycopy's event loop needs; the names mean the same as MicroPython's in _server.
from uasyncio import CancelledError, IORead, IOWrite, cancel as task_cancel, get_event_loop, sleep_ms
from utime import ticks_diff, ticks_ms

# The loop's queues do not grow: a place for each connection, and as many for the app's own tasks. Only the first call counts.
_loop = get_event_loop(64, 64)


def io_wait(s, write):
    return IOWrite(s) if write else IORead(s)


# A descriptor that is closed while it is registered would wake whoever gets its number next.
def io_close(s, polls):
    _loop.remove_reader(polls)
    s.close()
    if s is not polls:
        polls.close()


def task_create(coro):
    _loop.create_task(coro)
    return coro


def task_current():
    return _loop.cur_task
