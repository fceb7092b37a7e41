# The event loop of each runtime, under MicroPython's names.
import sys

if sys.implementation.name == "cpython":
    from ._cpython import CancelledError, get_event_loop, io_close, io_wait, sleep_ms, task_cancel, task_create, task_current, ticks_diff, ticks_ms
else:
    try:
        from asyncio import CancelledError, core, create_task as task_create, current_task as task_current, get_event_loop, sleep_ms
        from time import ticks_diff, ticks_ms

        # Files the running task under a socket; the caller yields what this returns.
        def io_wait(s, write):
            try:
                if write:
                    core._io_queue.queue_write(s)
                else:
                    core._io_queue.queue_read(s)
            except MemoryError:
                # What is half filed would be in the way of the next socket that gets this one's place in memory.
                core._io_queue.remove(core.cur_task)
                raise

        # A TLS socket that has failed leaves the one below it open.
        def io_close(s, polls):
            s.close()
            if polls is not s:
                polls.close()

        def task_cancel(task):
            task.cancel()

    except ImportError:
        from ._pycopy import CancelledError, get_event_loop, io_close, io_wait, sleep_ms, task_cancel, task_create, task_current, ticks_diff, ticks_ms
