# Multipart forms: parsed, searched, saved. Binary content comes back in hexadecimal.
import picoweb
from picoweb.multipart import Multipart

try:
    from binascii import hexlify
    import gc
except ImportError:
    from ubinascii import hexlify
    import gc

app = picoweb.WebApp(None, serve_static=False)


@app.route("/parts")
def parts(req, resp):
    req.parse_qs()
    form = Multipart(req, int(req.form.get("size", "512")), int(req.form.get("max", "100000")))
    found = []
    while (yield from form.next()):
        data = b""
        while True:
            piece = yield from form.read()
            if not piece:
                break
            data += piece
        found.append([form.name, form.filename, form.type, hexlify(data).decode()])
    return found


@app.route("/text")
def text(req, resp):
    form = Multipart(req)
    found = []
    while (yield from form.next()):
        found.append([form.name, (yield from form.text(20))])
    return found


# async def, and a part that is looked for; what nobody reads is skipped.
@app.route("/save")
async def save(req, resp):
    form = Multipart(req, 256)
    if not await form.next("file"):
        raise picoweb.HTTPException(404)
    return "%d" % await form.save("saved.bin", 50000)


@app.route("/save-as-sent")
async def save_as_sent(req, resp):
    form = Multipart(req, 256)
    await form.next("file")
    return "%d" % await form.save("saved-" + form.filename)


@app.route("/names")
async def names(req, resp):
    form = Multipart(req)
    found = []
    while await form.next():
        found.append(form.name)
    return found


@app.route("/nowhere")
def nowhere(req, resp):
    form = Multipart(req)
    yield from form.next()
    try:
        yield from form.save("no/such/folder")
    except OSError:
        return "no such folder"


@app.route("/memory")
def memory(req, resp):
    gc.collect()
    return "%d" % (gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0)


app.run(debug=-1)
