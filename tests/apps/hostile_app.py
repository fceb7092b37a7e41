# The app for the hostile client: pages of every kind, handlers that fail at every point, and /stats, which tells the cost.
import gc
import sys
import picoweb

try:
    import asyncio
except ImportError:
    import uasyncio as asyncio

app = picoweb.WebApp(None)
broken = picoweb.WebApp(None)
app.mount("/broken", broken)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("picoweb is up\n")


# Unfinished tasks, wherever the event loop keeps them. (On Pycopy, tasks that wait for a socket cannot be counted.)
def count_tasks():
    if hasattr(asyncio, "all_tasks"):
        return len(asyncio.all_tasks())
    loop = asyncio.get_event_loop()
    if hasattr(loop, "runq"):
        return 1 + len(loop.runq) + len(loop.waitq)
    core = asyncio.core
    tasks = 1 + sum(bool(task) for entry in core._io_queue.map.values() for task in entry[:2])
    timed = []
    while core._task_queue.peek():
        timed.append(core._task_queue.pop())
    for task in timed:
        core._task_queue.push(task, task.ph_key)
    return tasks + len(timed)


@app.route("/stats")
def stats(req, resp):
    gc.collect()
    # On CPython, blocks instead of bytes, because a process keeps memory that it has had.
    held = sys.getallocatedblocks() if sys.implementation.name == "cpython" else gc.mem_alloc()
    yield from picoweb.jsonify(resp, {"heap": held, "connections": len(app._conns), "tasks": count_tasks()})


# Requests

@app.route("/form", methods=("POST",))
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, req.form)


@app.route("/json", methods=("POST",))
def json(req, resp):
    yield from picoweb.jsonify(resp, (yield from req.get_json()))


@app.route("/query")
def query(req, resp):
    req.parse_qs()
    yield from picoweb.jsonify(resp, req.form)


@app.route("/headers")
def headers(req, resp):
    yield from picoweb.jsonify(resp, len(req.headers))


@app.route("/upload", methods=("POST", "PUT"))
def upload(req, resp):
    size = 0
    buf = bytearray(256)
    while True:
        n = yield from req.reader.readinto(buf)
        if not n:
            break
        size += n
    yield from picoweb.jsonify(resp, size)


@app.route("/lines", headers="leave")
def lines(req, resp):
    count = 0
    while (yield from req.reader.readline()).strip():
        count += 1
    yield from picoweb.jsonify(resp, count)


# Responses

@app.route("/big")
def big(req, resp):
    yield from picoweb.start_response(resp, "text/plain", headers={"Content-Length": "262144"})
    line = b"0123456789abcdef" * 16
    for _ in range(1024):
        yield from resp.awrite(line)


@app.route("/endless")
def endless(req, resp):
    yield from picoweb.start_response(resp, "text/plain")
    line = b"0123456789abcdef" * 16
    while True:
        yield from resp.awrite(line)


@app.route("/sleep")
def sleep(req, resp):
    while True:
        yield from asyncio.sleep(1)


@app.route("/slow")
def slow(req, resp):
    yield from asyncio.sleep(1)
    yield from picoweb.jsonify(resp, "done")


# Each helper that takes a value gets one from the client.
@app.route("/inject")
def inject(req, resp):
    req.parse_qs()
    how, value = req.form["how"], req.form["value"]
    if how == "redirect":
        yield from picoweb.redirect(resp, value)
    elif how == "type":
        yield from picoweb.start_response(resp, value)
    elif how == "status":
        yield from picoweb.start_response(resp, status="200 " + value)
    elif how == "name":
        yield from picoweb.start_response(resp, headers={value: "1"})
    elif how == "dict":
        yield from picoweb.start_response(resp, headers={"X-Value": value})
    elif how == "pairs":
        yield from picoweb.start_response(resp, headers=(("X-Value", value.encode()),))
    elif how == "error":
        yield from picoweb.http_error(resp, "400", {"X-Value": value})
    elif how == "raised":
        raise picoweb.HTTPException(400, {"X-Value": value})
    elif how == "file":
        yield from app.sendfile(resp, "static/hello.txt", value)
    elif how == "file-headers":
        yield from app.sendfile(resp, "static/hello.txt", headers={"X-Value": value})


# Failures

class Unprintable(Exception):

    def __repr__(self):
        raise ValueError("not even this")

    __str__ = __repr__


def _raise(req):
    what = req.qs
    if what == "os":
        raise OSError(5)
    if what == "memory":
        raise MemoryError
    if what == "unprintable":
        raise Unprintable
    if what == "stop":
        raise StopIteration
    if what == "gone":
        raise OSError(104)
    raise ValueError("on purpose")


@app.route("/raise/before")
def raise_before(req, resp):
    _raise(req)
    yield


@app.route("/raise/plain")
def raise_plain(req, resp):
    _raise(req)


@app.route("/raise/head")
def raise_head(req, resp):
    yield from picoweb.start_response(resp)
    _raise(req)


@app.route("/raise/middle")
def raise_middle(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("half of it")
    _raise(req)


@app.route("/raise/closed")
def raise_closed(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.aclose()
    _raise(req)


@app.route("/raise/late")
def raise_late(req, resp):
    yield from asyncio.sleep(0.01)
    _raise(req)


@app.route("/raise/value")
def raise_value(req, resp):
    return 7


@app.route("/raise/yield")
def raise_yield(req, resp):
    yield from asyncio.sleep(0.001)
    yield from 5


# Something that no event loop can wait for. On MicroPython, there is no error.
@app.route("/text")
def text(req, resp):
    yield "text"


@app.route("/raise/import")
def raise_import(req, resp):
    import no_such_module
    yield


@app.route("/raise/template")
def raise_template(req, resp):
    yield from app.render_template(resp, "no_such_template.tpl")


# A storage whose medium was removed.
class Storage:

    def get(self, key):
        raise OSError(5)

    def __iter__(self):
        yield 1
        raise OSError(5)


@app.route("/storage")
def storage(req, resp):
    if req.qs:
        yield from picoweb.start_response(resp)
        for row in Storage():
            yield from resp.awrite(str(row))
    else:
        yield from picoweb.jsonify(resp, Storage().get("row"))


@app.route("/memory")
def memory(req, resp):
    held = []
    if sys.implementation.name == "cpython":
        raise MemoryError
    while True:
        held.append(bytearray(1000000))
        yield from asyncio.sleep(0)


@broken.route("/")
def index_of_broken(req, resp):
    _raise(req)
    yield


def handle_exc(req, resp, e):
    raise RuntimeError("handle_exc of %r" % e)
    yield


broken.handle_exc = handle_exc

if __name__ == "__main__":
    app.run()
