# Reads bodies in every possible way.
import picoweb

app = picoweb.WebApp(__name__, serve_static=False)


def reply(resp, text):
    yield from picoweb.start_response(resp, "text/plain; charset=utf-8")
    yield from resp.awrite(text)


def pairs(form):
    rows = []
    for name, value in form.items():
        values = value if isinstance(value, list) else [value]
        rows.append([name, ["" if v is True else v for v in values]])
    return sorted(rows, key=lambda row: row[0])


@app.route("/form")
def form(req, resp):
    yield from req.read_form_data()
    yield from picoweb.jsonify(resp, pairs(req.form))


@app.route("/form-async")
async def form_async(req, resp):
    await req.read_form_data()
    await picoweb.jsonify(resp, pairs(req.form))


@app.route("/qs")
def qs(req, resp):
    yield from req.parse_qs()
    yield from picoweb.jsonify(resp, pairs(req.form))


@app.route("/data")
async def data(req, resp):
    body = await req.get_data()
    await reply(resp, "%d %d" % (len(body), sum(body)))


@app.route("/json")
def json(req, resp):
    yield from picoweb.jsonify(resp, [(yield from req.get_json())])


@app.route("/stream")
def stream(req, resp):
    buf = bytearray(100)
    size = total = 0
    while True:
        n = yield from req.reader.readinto(buf)
        if not n:
            break
        size += n
        total += sum(buf[:n])
    yield from reply(resp, "%d %d" % (size, total))


@app.route("/late")
def late(req, resp):
    yield from picoweb.start_response(resp, "text/plain; charset=utf-8")
    body = yield from req.get_data()
    yield from resp.awrite("%d" % len(body))


@app.route("/all")
def everything(req, resp):
    body = yield from req.reader.read()
    yield from reply(resp, "%d" % len(body))


@app.route("/line")
def line(req, resp):
    body = yield from req.reader.readline()
    yield from reply(resp, "%d" % len(body))


@app.route("/unread")
def unread(req, resp):
    yield from reply(resp, "unread")


@app.route("/leave", headers="leave")
def leave(req, resp):
    yield from reply(resp, "unread")


@app.route("/raises")
def raises(req, resp):
    raise picoweb.HTTPException(400)
    yield


@app.route("/GET", methods=("GET",))
def get(req, resp):
    yield from reply(resp, "get")


if __name__ == "__main__":
    app.run(debug=-1)
