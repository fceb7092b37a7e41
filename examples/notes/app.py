# Pages with forms, and an API for the script of the first page. The forms work without the script.

import picoweb

try:
    import re
    from json import dumps
except ImportError:
    import ure as re
    from ujson import dumps

from . import config
from .storage import open_storage

MAX_TEXT = 2000


class Notes(picoweb.WebApp):

    storage = None

    # Once, before the first request.
    def init(self):
        self.storage = open_storage(config.STORAGE, config.NAME)
        ids = self.storage.ids()
        self.last = ids[-1] if ids else 0
        super().init()

    # All notes, one at a time: together they may not fit into memory. A note may be deleted while others are sent.
    def all(self):
        for id in self.storage.ids():
            note = self.storage.get(id)
            if note:
                yield note

    def add(self, text):
        id = self.last + 1
        self.storage.put(id, text)
        self.last = id
        return id, text


app = Notes(__name__)


def escape(s):
    return s.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


# The text of a note that a client sent, or 422.
def checked(text):
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise picoweb.HTTPException(422)
    if len(text) > MAX_TEXT:
        raise picoweb.HTTPException(413)
    return text.strip()


# The note that the path names.
def wanted(req):
    digits = req.url_match.group(1)
    # Storages do not accept numbers of any size.
    note = app.storage.get(int(digits)) if len(digits) < 9 else None
    if note is None:
        raise picoweb.HTTPException(404)
    return note


# Writes JSON objects by hand, because the order of a dict's items differs between runtimes.
def to_json(note):
    return '{"id": %d, "text": %s}' % (note[0], dumps(note[1]))


async def send_json(resp, text, status=200):
    body = text.encode()
    await picoweb.start_response(resp, "application/json", status, {"Content-Length": len(body)})
    await resp.awrite(body)


async def send_page(resp, template, args):
    await picoweb.start_response(resp)
    await app.render_template(resp, template, args)


# Pages

@app.route("/", methods=("GET",))
async def index(req, resp):
    await send_page(resp, "index.tpl", (((id, escape(text)) for id, text in app.all()),))


@app.route("/", methods=("POST",))
async def index_add(req, resp):
    await req.read_form_data()
    app.add(checked(req.form.get("text")))
    await picoweb.redirect(resp, "/", 303)


NOTE = re.compile("^/note/([0-9]+)$")


@app.route(NOTE, methods=("GET",))
async def note(req, resp):
    id, text = wanted(req)
    await send_page(resp, "note.tpl", (id, escape(text)))


@app.route(NOTE, methods=("POST",))
async def note_change(req, resp):
    id, _ = wanted(req)
    await req.read_form_data()
    if "delete" in req.form:
        app.storage.delete(id)
    else:
        app.storage.put(id, checked(req.form.get("text")))
    await picoweb.redirect(resp, "/", 303)


# The API

@app.route("/api/notes", methods=("GET",))
async def api_list(req, resp):
    await picoweb.start_response(resp, "application/json")
    before = "["
    for note in app.all():
        await resp.awrite(before + to_json(note))
        before = ",\n"
    await resp.awrite("]" if before != "[" else "[]")


async def text_of(req):
    data = await req.get_json()
    return checked(data.get("text") if isinstance(data, dict) else None)


@app.route("/api/notes", methods=("POST",))
async def api_add(req, resp):
    await send_json(resp, to_json(app.add(await text_of(req))), 201)


API_NOTE = re.compile("^/api/notes/([0-9]+)$")


@app.route(API_NOTE, methods=("GET",))
async def api_get(req, resp):
    await send_json(resp, to_json(wanted(req)))


@app.route(API_NOTE, methods=("PUT",))
async def api_put(req, resp):
    id, _ = wanted(req)
    text = await text_of(req)
    app.storage.put(id, text)
    await send_json(resp, to_json((id, text)))


@app.route(API_NOTE, methods=("DELETE",))
async def api_delete(req, resp):
    app.storage.delete(wanted(req)[0])
    await picoweb.start_response(resp, status=204)
