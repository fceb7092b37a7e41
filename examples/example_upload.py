# An upload of any size, written to a file as it comes: only one buffer of it is in memory at a time.
#     curl -T photo.jpg http://127.0.0.1:8081/upload

import picoweb

try:
    from os import rename
except ImportError:
    from uos import rename

# The limit of a board is the free space in its flash.
MAX_UPLOAD = 1000000

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/upload", methods=("PUT", "POST"))
def upload(req, resp):
    length = req.headers.get(b"Content-Length")
    if length is None:
        raise picoweb.HTTPException(411)
    size = int(length)
    if size > MAX_UPLOAD:
        raise picoweb.HTTPException(413)
    left = size
    buf = bytearray(512)
    with open("upload.part", "wb") as f:
        while left:
            n = yield from req.reader.readinto(buf)
            if not n:
                # The client has gone. What it sent stays in upload.part.
                raise picoweb.HTTPException(400)
            f.write(memoryview(buf)[:n])
            left -= n
    # A download gets the old file or the new one, never a part.
    rename("upload.part", "upload.bin")
    yield from picoweb.jsonify(resp, {"size": size})


@app.route("/upload", methods=("GET",))
def download(req, resp):
    yield from app.sendfile(resp, "upload.bin")


if __name__ == "__main__":
    app.run(debug=True)
