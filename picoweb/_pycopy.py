# What Pycopy's event loop needs; the names mean the same as MicroPython's in _loop.
import sys

from ucollections import deque
from utimeq import utimeq
from uasyncio import core
from uasyncio import CancelledError, IORead, IOWrite, cancel as task_cancel, get_event_loop, sleep_ms
from utime import ticks_diff, ticks_ms
from ._memory import relieve


# Moves what waits in the loop's queues to longer ones.
def _lengthen(loop, places):
    runq, waitq = loop.runq, loop.waitq
    loop.runq = deque((), places, True)
    loop.waitq = utimeq(places)
    while runq:
        loop.runq.append(runq.popleft())
    entry = [0, 0, 0]
    while waitq:
        time = waitq.peektime()
        waitq.pop(entry)
        loop.call_at_(time, entry[1], entry[2])


# The queues do not grow, and one entry too many ends the loop: there is a place for each connection, and as many for the app's
# own tasks. Only the first call counts: where that was the app's, its choice may have been the default, which is 16.
_made = core._event_loop
_loop = get_event_loop(64, 64)
if _made:
    _lengthen(_loop, 256)


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


# The loop ends when it finds no memory to resume a task, or to file it, or when a task yields what it does not know; that task is
# lost. Which one it was, it does not tell.
def run_forever(loop, server):

    def revive():
        try:
            task_create(server.serve())  # in the poller, it takes the place of the one before
        except MemoryError:
            loop.call_soon(revive)  # somebody else's turn may free some
        server.sweeping = False
        for conn in server.conns:
            if conn.since is None:
                conn.since = ticks_ms()  # a handler that is lost will give way

    while True:
        try:
            return loop.run_forever()
        except MemoryError:
            relieve()
        except AssertionError as e:
            sys.print_exception(e)
        loop.call_soon(revive)
