# Run an app with the collector off, and tell on a separate port how many bytes have been allocated: watch.py PORT APP [ARG...]
# Each answer itself allocates the same number of bytes, which two answers in a row reveal.

import gc
import sys
try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

PORT, APP = sys.argv[1:3]
sys.argv[:] = sys.argv[2:]
sys.path[0] = ""


async def tell(reader, writer):
    await writer.awrite("%12d" % gc.mem_alloc())
    await writer.aclose()


gc.collect()
gc.disable()
asyncio.get_event_loop().create_task(asyncio.start_server(tell, "127.0.0.1", int(PORT)))
with open(APP) as f:
    exec(f.read(), {"__name__": "__main__"})
