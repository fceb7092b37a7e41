# Writes how many times longer it takes to find the last of 800 exact routes than the last of 100.
import inside
import picoweb
from picoweb._dispatch import find_route

try:
    from time import perf_counter_ns as ticks
except ImportError:
    try:
        from time import ticks_us as ticks
    except ImportError:
        from utime import ticks_us as ticks


class Request:
    pass


def cost(n):
    app = picoweb.WebApp(None, [("/%d" % i, print) for i in range(n)], serve_static=False)
    req = Request()
    req.path = "/%d" % (n - 1)
    req.method = "GET"
    best = None
    for _ in range(7):
        start = ticks()
        for _ in range(300):
            inside.check("route", find_route(app, req)[0], req.path)
        took = ticks() - start
        if took > 0 and (best is None or took < best):
            best = took
    return best


print(cost(800) / cost(100))
