# A table of exact routes; the last one is asked for.
import sys
import picoweb

app = picoweb.WebApp(__name__)


def page(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Hello")


for i in range(int(sys.argv[2])):
    app.add_url_rule("/page%03d" % i, page)

app.run(debug=-1, port=int(sys.argv[1]))
