# The event loop of each runtime, under MicroPython's names.
import sys

from ._memory import relieve

if sys.implementation.name == "cpython":
    from ._cpython import CancelledError, get_event_loop, io_close, io_wait, run_forever, sleep_ms, task_cancel, task_create, task_current
    from ._cpython import ticks_diff, ticks_ms
else:
    try:
        from asyncio import CancelledError, core, create_task as task_create, current_task as task_current, get_event_loop, sleep_ms
        from time import ticks_diff, ticks_ms

        # Files the running task under a socket; the caller yields what this returns.
        def io_wait(s, write):
            queue = core._io_queue
            for again in (True, False):
                try:
                    return queue._enqueue(s, 1 if write else 0)
                except MemoryError:
                    relieve()
                    queue.map.pop(id(s), None)  # what is half filed would crash poll() and unregister(), and stay for ever
                    if not again:
                        raise

        def run_forever(loop, server):
            try:
                return loop.run_forever()
            except MemoryError:
                relieve()
            while True:
                try:
                    return core.run_until_complete(core._stop_task)  # the same, but for the task: it would take memory
                except MemoryError:
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
