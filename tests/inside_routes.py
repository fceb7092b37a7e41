# Writes how many times longer it takes to find the last of 800 exact routes than the last of 100.
import inside
import picoweb
from picoweb._dispatch import find_route

try:
    from time import ticks_diff, ticks_ms
except ImportError:
    try:
        from utime import ticks_diff, ticks_ms
    except ImportError:
        from time import monotonic

        def ticks_ms():
            return monotonic() * 1000

        def ticks_diff(a, b):
            return a - b


class Request:
    pass


def table(n):
    return picoweb.WebApp(None, [("/%d" % i, print) for i in range(n)], serve_static=False)


def cost(app, count):
    req = Request()
    req.path = app.url_map[-1][0]
    req.method = "GET"
    start = ticks_ms()
    for _ in range(count):
        inside.check("route", find_route(app, req)[0], req.path)
    return ticks_diff(ticks_ms(), start)


short, long = table(100), table(800)
# So many that they take long by a clock that counts milliseconds; of a few turns the shortest, as others use the machine too.
count = 100
while cost(short, count) < 60:
    count *= 2
turns = [(cost(long, count), cost(short, count)) for _ in range(5)]
print(min(turn[0] for turn in turns) / min(turn[1] for turn in turns))
