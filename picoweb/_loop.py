# The event loop of each runtime, under MicroPython's names.
import sys

from ._memory import relieve, reserve

if sys.implementation.name == "cpython":
    from ._cpython import CancelledError, get_event_loop, io_close, io_wait, run_forever, sleep_ms, task_cancel, task_create, task_current
    from ._cpython import ticks_diff, ticks_ms
else:
    try:
        from asyncio import CancelledError, core, create_task as task_create, current_task as task_current, get_event_loop, sleep_ms
        from time import ticks_diff, ticks_ms

        _filed = 0  # how many sockets the loop's tables have had to hold: they never shrink

        # Files the running task under a socket; the caller yields what this returns. A poller that finds no memory for that keeps half an
        # entry, on which poll() and unregister() crash: before the tables grow, and when nothing is in reserve, there has to be enough.
        def io_wait(s, write):
            global _filed
            queue = core._io_queue
            sockets = len(queue.map)
            # Bytes, on 32 bits: for the next step of two dicts and a list, each of which may have to move; or for one entry.
            need = 208 + 32 * sockets if sockets >= _filed else 0 if reserve and reserve[0] else 144
            for again in (True, False):
                try:
                    if need:
                        ([None] * (need >> 2)).clear()  # which frees it at once: what is garbage may live on
                        need = 0
                        _filed = max(_filed, sockets + 1)
                    return queue._enqueue(s, 1 if write else 0)
                except MemoryError:
                    relieve()
                    queue.map.pop(id(s), None)  # to be filed anew
                    if not again:
                        raise

        # The loop ends where memory is too short for it, and again at a socket that it has taken off by half.
        def run_forever(loop, server):
            queue = core._io_queue
            errors = MemoryError, KeyError  # there may be no memory to make this of, later
            ended = False
            while True:
                try:
                    if not ended:
                        return loop.run_forever()
                    for s, _ in queue.poller.ipoll(0):
                        if id(s) not in queue.map:
                            queue.poller.unregister(s)
                    return core.run_until_complete(core._stop_task)  # as run_forever(), but for the task: it would take memory
                except errors:
                    ended = True
                    relieve()

        # A TLS socket that has failed leaves the one below it open.
        def io_close(s, polls):
            s.close()
            if polls is not s:
                polls.close()

        def task_cancel(task):
            task.cancel()

    except ImportError:
        from ._pycopy import CancelledError, get_event_loop, io_close, io_wait, run_forever, sleep_ms, task_cancel, task_create, task_current
        from ._pycopy import ticks_diff, ticks_ms
