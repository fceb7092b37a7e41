# Media types of files.

# Extensions by type. Strings take a fraction of the memory of a dict, and short ones fit into the gaps of a small heap.
_TYPES = (
    " html:text/html htm:text/html css:text/css js:text/javascript mjs:text/javascript txt:text/plain log:text/plain ",
    " md:text/markdown csv:text/csv xml:text/xml json:application/json map:application/json svg:image/svg+xml ",
    " ico:image/x-icon png:image/png jpg:image/jpeg jpeg:image/jpeg gif:image/gif webp:image/webp avif:image/avif ",
    " woff:font/woff woff2:font/woff2 ttf:font/ttf otf:font/otf wasm:application/wasm pdf:application/pdf ",
    " zip:application/zip gz:application/gzip webmanifest:application/manifest+json mp3:audio/mpeg wav:audio/wav ",
    " ogg:audio/ogg mp4:video/mp4 webm:video/webm ",
)


def get_mime_type(fname):
    ext = fname.rsplit("/", 1)[-1].rsplit(".", 1)
    if len(ext) > 1:
        key = " %s:" % ext[1].lower()
        for types in _TYPES:
            start = types.find(key) + len(key)
            if start >= len(key):
                mime = types[start:types.find(" ", start)]
                return mime + "; charset=utf-8" if mime.startswith("text/") else mime
    return "application/octet-stream"
