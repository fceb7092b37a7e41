# Writes how many routes are looked at to find the last one of a table of exact routes, a first time and then a hundred times.
import inside
import picoweb
from picoweb._dispatch import find_route


class Request:
    method = "GET"


# As url_map: counts what is taken out of it, and has no other way to get that.
class Table:

    def __init__(self, n):
        self.routes = [("/%d" % i, print) for i in range(n)]
        self.seen = 0

    def __len__(self):
        return len(self.routes)

    def __iter__(self):
        for route in self.routes:
            self.seen += 1
            yield route


def cost(app, req, count):
    before = app.url_map.seen
    for _ in range(count):
        inside.check("route", find_route(app, req)[0], req.path)
    return app.url_map.seen - before


for n in 100, 800:
    app = picoweb.WebApp(None, serve_static=False)
    app.url_map = Table(n)
    req = Request()
    req.path = "/%d" % (n - 1)
    print(n, cost(app, req, 1), cost(app, req, 100))
