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


# Whether the loop has lost a task that has not ended: it waits for nothing, and is not about to run.
def _is_lost(task):
    waits_for = task.pend_throw(None)
    task.pend_throw(waits_for)
    lost = waits_for is None
    runq = _loop.runq
    for _ in range(len(runq)):
        entry = runq.popleft()
        runq.append(entry)
        if entry is task:
            lost = False
    return lost


def _resume_if_lost(task):
    if task and task is _loop.cur_task:
        waits_for = task.pend_throw(None)
        if waits_for is None or isinstance(waits_for, (int, Exception)):
            task.pend_throw(waits_for)
        else:
            _loop.remove_reader(waits_for)  # filing it under this socket may be what failed: it tries again
    if task and _is_lost(task):
        _loop.call_later_ms(10, task)  # sockets are looked at before: at once, it might fail again and again


# Takes no memory: it may be for the want of it that tasks were lost.
def _resume_lost(app):
    for server in app._servers:
        _resume_if_lost(server.task)
        _resume_if_lost(server.sweeper)
        for conn in server.conns:
            _resume_if_lost(conn.task)


# The loop ends when it finds no memory to wake a task, or to file it, and loses that task. It ends, too, when a task yields what
# is nothing to wait for; a handler gets that as an error of its own.
def run_forever(loop, server):
    while True:
        try:
            return loop.run_forever()
        except MemoryError:
            relieve()
            _resume_lost(server.app)
        except AssertionError as e:
            for conn in server.conns:
                if conn.task is loop.cur_task and _is_lost(conn.task):
                    conn.task.pend_throw(e)
                    loop.call_soon(conn.task)
                    break
            else:
                sys.print_exception(e)
