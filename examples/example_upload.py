# A file from an HTML form replaces one in flash. It is written beside the old one, which stays until the new one is complete.

import picoweb
from picoweb.multipart import Multipart

app = picoweb.WebApp(__name__, serve_static=False)

PAGE = """<!DOCTYPE html><title>Upload</title>
<form method="post" enctype="multipart/form-data"><input type="file" name="file"> <button>Upload</button></form>"""


@app.route("/", methods="GET")
def index(req, resp):
    return PAGE


@app.route("/", methods="POST")
def upload(req, resp):
    form = Multipart(req)
    if not (yield from form.next("file")) or not form.filename:  # no file was chosen
        raise picoweb.HTTPException(400)
    size = yield from form.save("upload.bin", max_size=1500000)
    return {"name": form.filename, "size": size}


if __name__ == "__main__":
    app.run(debug=True)
