"""multipart/form-data: the forms of browsers and other clients, refused ones, and files that are saved completely or not at all."""

import asyncio
import contextlib
import os
import pathlib
import random
import time
import types

import pytest

import harness
from vectors import error

with open(os.path.join(harness.HERE, "apps", "forms.py")) as f:
    APP = f.read()  # which runs in a folder of its own, where it keeps files
# The oldest and the newest stand for those between them.
FEW_CPYTHONS = True
SEED = harness.SEED
INPUTS = harness.fuzz_count(300)

HEAD = b'Content-Disposition: form-data; name="a"'
FILE = b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream'
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def part(head, data):
    return b"--X\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


def body(*parts):
    return b"".join(parts) + b"--X--\r\n"


def post(server, path, data, kind="multipart/form-data; boundary=X", **options):
    return server.post(path, data, {"Content-Type": kind}, **options)


def one(data, name="a", filename=None, kind="text/plain"):
    return [[name, filename, kind, data.hex()]]


def disposition(value):
    return body(part(b"Content-Disposition: " + value, b"1"))


PARTS = [
    ("a field", body(part(HEAD, b"hello")), one(b"hello")),
    ("an empty field", body(part(HEAD, b"")), one(b"")),
    ("two fields of one name", body(part(HEAD, b"1"), part(HEAD, b"2")), one(b"1") + one(b"2")),
    ("a field and a file", body(part(HEAD, b"1"), part(FILE, bytes(range(256)))),
     one(b"1") + one(bytes(range(256)), "file", "a.bin", "application/octet-stream")),
    ("no part", b"--X--\r\n", []),
    ("no last line end", body(part(HEAD, b"hello"))[:-2], one(b"hello")),
    ("a preamble and an epilogue", b"This is for old clients.\r\n" + body(part(HEAD, b"1")) + b"and more\r\n--X\r\n", one(b"1")),
    ("spaces after a boundary", b"--X \t\r\n" + HEAD + b"\r\n\r\n1\r\n--X--", one(b"1")),
    ("line ends in a file", body(part(FILE, b"\r\n\r\n\n\r\r\n")), one(b"\r\n\r\n\n\r\r\n", "file", "a.bin", "application/octet-stream")),
    ("what looks like a boundary", body(part(HEAD, b"\r\n--\r\n-X\r\n--Y\n--X\r--X--X")), one(b"\r\n--\r\n-X\r\n--Y\n--X\r--X--X")),
    ("a line end before the boundary", body(part(HEAD, b"1\r\n")), one(b"1\r\n")),
    ("field names in any case", body(part(b'CONTENT-disposition:Form-Data;NAME="a"', b"1")), one(b"1")),
    ("other header fields", body(part(b"X-Other: 1\r\n" + HEAD + b"\r\nContent-Transfer-Encoding: binary", b"1")), one(b"1")),
    ("a name without quotes", disposition(b"form-data; name=a ; filename= b"), one(b"1", "a", "b")),
    ("the name last", disposition(b'form-data; filename="b"; name="a"'), one(b"1", "a", "b")),
    ("no file was chosen", disposition(b'form-data; name="a"; filename=""'), one(b"1", "a", "")),
    ("a quote, as browsers send it", disposition(b'form-data; name="a%22"; filename="b%22.txt"'), one(b"1", 'a"', 'b".txt')),
    ("a quote, as curl sent it", disposition(b'form-data; name="a"; filename="b\\".txt"'), one(b"1", "a", 'b".txt')),
    ("a percent sign stays", disposition(b'form-data; name="a"; filename="100%.%41"'), one(b"1", "a", "100%.%41")),
    ("a parameter in a file's name", disposition(b'form-data; name="a"; filename="b; name=c"'), one(b"1", "a", "b; name=c")),
    ("not ASCII", disposition('form-data; name="\u017c"; filename="\u7532.txt"'.encode()), one(b"1", "\u017c", "\u7532.txt")),
    ("not UTF-8", disposition(b'form-data; name="\xff"'), one(b"1", "\ufffd")),
    ("a path", disposition(b'form-data; name="a"; filename="../../etc/passwd"'), one(b"1", "a", "passwd")),
    ("a path with backslashes", disposition(b'form-data; name="a"; filename="C:\\My\\b.txt"'), one(b"1", "a", "b.txt")),
    ("a path that ends above", disposition(b'form-data; name="a"; filename="../.."'), one(b"1", "a", "")),
    ("this folder", disposition(b'form-data; name="a"; filename="."'), one(b"1", "a", "")),
    ("the name of an extension", disposition(b'form-data; name="a"; filename="b"; filename*=utf-8\'\'c'), one(b"1", "a", "b")),
]
BAD = [
    ("nothing", b"", 400),
    ("no boundary", b"hello", 400),
    ("another boundary", body(part(HEAD, b"1")).replace(b"X", b"Y"), 400),
    ("cut in the boundary", body(part(HEAD, b"1"))[:-3], 400),
    ("cut in a part", body(part(HEAD, b"1"))[:-8], 400),
    ("cut in a head", body(part(HEAD, b"1"))[:20], 400),
    ("a boundary that goes on", b"--XY\r\n" + HEAD + b"\r\n\r\n1\r\n--X--", 400),
    ("line ends of LF alone", body(part(HEAD, b"1")).replace(b"\r", b""), 400),
    ("no head", body(part(b"", b"1")), 400),
    ("no disposition", body(part(b"Content-Type: text/plain", b"1")), 400),
    ("another disposition", disposition(b'attachment; name="a"'), 400),
    ("no name", disposition(b'form-data; filename="a"'), 400),
    ("an open quote", disposition(b'form-data; name="a'), 400),
    ("a line without a colon", body(part(HEAD + b"\r\nhello", b"1")), 400),
    ("a folded line", body(part(HEAD + b";\r\n filename=b", b"1")), 400),
    ("a NUL in a name", disposition(b'form-data; name="a\0"'), 400),
    ("a head past the limit", body(part(HEAD + b"\r\nX: " + b"x" * 1000, b"1")), 413),
    ("a body past the limit", body(part(HEAD, b"x" * 100001)), 413),
]


def chunked(server, data, size):
    """The same body in chunks of some bytes, RFC 9112 section 7.1."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in harness.pieces(data, size) + [b""])
    headers = {"Content-Type": "multipart/form-data; boundary=X", "Transfer-Encoding": "chunked"}
    return harness.Response(server.raw(harness.request_bytes("POST", "/parts", headers, version="HTTP/1.1") + coded))


@pytest.mark.parametrize("name, data, expected", PARTS, ids=[row[0] for row in PARTS])
def test_parts(server, name, data, expected):
    assert post(server, "/parts", data).json() == expected
    # Each line end and boundary straddles two reads.
    assert post(server, "/parts", data, chunks=1).json() == expected
    assert post(server, "/parts?size=130", data, chunks=97).json() == expected
    for size in 1, 37, 5000:
        assert chunked(server, data, size).json() == expected


@pytest.mark.parametrize("name, data, status", BAD, ids=[row[0] for row in BAD])
def test_bad_parts(server, name, data, status):
    headers = {"Content-Type": "multipart/form-data; boundary=X", "Content-Length": len(data)}
    for chunks in None, 50:
        assert server.request("POST", "/parts", headers, data, chunks=chunks).raw == error(status)
    for size in 50, 5000:
        assert chunked(server, data, size).raw == error(status)


TYPES = [
    ("as browsers say it", "multipart/form-data; boundary=" + BOUNDARY, BOUNDARY, None),
    ("quoted", 'Multipart/Form-Data; charset=utf-8; Boundary="a b=c;"', "a b=c;", None),
    ("70 bytes", "multipart/form-data; boundary=" + "x" * 70, "x" * 70, None),
    ("71 bytes", "multipart/form-data; boundary=" + "x" * 71, "x" * 71, 400),
    ("empty", "multipart/form-data; boundary=", "", 400),
    ("missing", "multipart/form-data", "", 400),
    ("an open quote", 'multipart/form-data; boundary="X', "X", 400),
    ("mixed", "multipart/mixed; boundary=X", "X", 415),
    ("urlencoded", "application/x-www-form-urlencoded", "X", 415),
]


@pytest.mark.parametrize("name, kind, boundary, status", TYPES, ids=[row[0] for row in TYPES])
def test_type(server, name, kind, boundary, status):
    data = body(part(HEAD, b"1")).replace(b"X", boundary.encode())
    reply = post(server, "/parts", data, kind)
    assert reply.raw == error(status) if status else reply.json() == one(b"1")


def test_no_type_and_no_body(server):
    assert server.post("/parts", body(part(HEAD, b"1"))).raw == error(415)
    assert server.get("/parts").raw == error(415)
    assert server.get("/parts", {"Content-Type": "multipart/form-data; boundary=X"}).raw == error(400)


@pytest.mark.parametrize("data, status", [(b"x" * 20, 200), (b"x" * 21, 413), ("\u017c\u00f3\u0142w".encode(), 200), (b"\xff", 200)])
def test_text(server, data, status):
    reply = post(server, "/text", body(part(HEAD, data)))
    assert reply.status == status and (status > 200 or reply.json() == [["a", data.decode("utf-8", "replace")]])


def test_what_is_not_read_is_skipped(server):
    data = body(part(HEAD, b"x" * 5000), part(FILE, b"y" * 5000), part(HEAD, b""))
    assert post(server, "/names", data).json() == ["a", "file", "a"]


# Files

def files(server):
    """The files that the app has written into its folder."""
    found = {}
    for path in pathlib.Path(server.folder).glob("saved*"):
        with contextlib.suppress(FileNotFoundError):  # it was removed just now
            found[path.name] = path.read_bytes()
    return found


def test_save(server):
    for size in 0, 1, 255, 256, 257, 50000:
        data = random.Random(size).randbytes(size)
        assert post(server, "/save", body(part(HEAD, b"skipped"), part(FILE, data))).text == str(size)
        assert files(server) == {"saved.bin": data}
    assert post(server, "/nowhere", body(part(FILE, b"1"))).text == "no such folder"


def test_a_name_that_the_client_chose(server):
    """None leaves the folder, and none is that of a file which is not whole yet."""
    for name, status, saved in (
        ("a.txt", 200, "saved-a.txt"), ("../../a.txt", 200, "saved-a.txt"), ("a.txt.tmp", 409, None), ("..\\..\\b.txt", 200, "saved-b.txt"),
    ):
        head = ('Content-Disposition: form-data; name="file"; filename="%s"' % name).encode()
        before = files(server)
        assert post(server, "/save-as-sent", body(part(head, name.encode()))).status == status
        assert files(server) == dict(before, **({saved: name.encode()} if saved else {})), name
    for path in pathlib.Path(server.folder).glob("saved*"):
        path.unlink()


FAILED = [
    ("past the limit", body(part(FILE, b"x" * 50001)), 413), ("cut", body(part(FILE, b"x" * 5000))[:-5], 400),
    ("cut, in the head", part(FILE, b"")[:50], 400), ("no such part", body(part(HEAD, b"1")), 404),
]


@pytest.mark.parametrize("name, data, status", FAILED, ids=[row[0] for row in FAILED])
def test_a_save_that_fails_leaves_nothing(server, name, data, status):
    assert post(server, "/save", body(part(FILE, b"whole"))).text == "5"
    assert post(server, "/save", data).status == status
    assert files(server) == {"saved.bin": b"whole"}


def wait_for(condition):
    deadline = time.monotonic() + harness.TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_client_that_goes_leaves_nothing_and_one_that_comes_meanwhile_has_to_wait(server):
    data = body(part(FILE, b"x" * 5000))
    request = harness.request_bytes("POST", "/save", {"Content-Type": "multipart/form-data; boundary=X"}, data)
    assert post(server, "/save", body(part(FILE, b"whole"))).text == "5"
    with server.connect() as s:
        s.sendall(request[:-3000])
        wait_for(lambda: "saved.bin.tmp" in files(server))
        assert post(server, "/save", data).raw == error(409)
        assert files(server)["saved.bin"] == b"whole"
    wait_for(lambda: files(server) == {"saved.bin": b"whole"})
    assert post(server, "/save", data).text == "5000"


SMALL = """
import picoweb
from picoweb.multipart import Multipart

app = picoweb.WebApp(None, serve_static=False)
app.read_timeout = 1

@app.route("/save")
def save(req, resp):
    form = Multipart(req)
    yield from form.next("file")
    return "%d" % (yield from form.save("saved.bin"))

app.run(debug=-1)
"""


def test_a_megabyte_in_a_small_heap(runtime, serve):
    """A large one is saved; if a client stops in the middle, nothing is left."""
    data = random.Random(1).randbytes(1000000)
    # Pycopy compiles its event loop, too.
    server = serve(SMALL, heapsize=runtime.bits * (3072 if runtime.is_pycopy else 2048))
    assert post(server, "/save", body(part(FILE, data))).text == "1000000"
    assert files(server) == {"saved.bin": data}
    with server.connect() as s:
        s.sendall(harness.request_bytes("POST", "/save", {"Content-Type": "multipart/form-data; boundary=X"}, body(part(FILE, data)))[:5000])
        assert harness.receive_all(s) in (b"", error(408))
    wait_for(lambda: files(server) == {"saved.bin": data})


# The same bytes, read by another parser

class Reader:

    def __init__(self, data):
        self.data = data

    async def read(self, n):
        data, self.data = self.data[:n], self.data[n:]
        return data


def ours(data, size):
    """(name, filename, type, content) of each part, or the status."""
    import picoweb
    from picoweb.multipart import Multipart

    async def read():
        req = types.SimpleNamespace(headers={"Content-Type": b"multipart/form-data; boundary=X"}, reader=Reader(data))
        form, found = Multipart(req, size), []
        while await form.next():
            pieces = []
            while not pieces or pieces[-1]:
                pieces.append(await form.read())
            found.append((form.name, form.filename, form.type, b"".join(pieces)))
        return found
    try:
        return asyncio.run(read())
    except picoweb.HTTPException as e:
        return e.status


def theirs(multipart, data):
    import io
    try:
        return [(p.name, p.filename, p.headers.get("Content-Type", "text/plain"), p.raw)
                for p in multipart.MultipartParser(io.BytesIO(data), b"X", strict=False)]
    except multipart.ParserError:
        return None


def random_form(rng):
    def text():
        return "".join(rng.choice('abX-; =%\u017c\u7532') for _ in range(rng.randrange(1, 6)))

    def content():
        return b"".join(rng.choice((b"\r\n", b"--", b"X", b"\r", b"\n", b"-", b"\0", b"abc")) for _ in range(rng.randrange(12)))

    parts = []
    for _ in range(rng.randrange(4)):
        head = 'Content-Disposition: form-data; name="%s"' % text()
        if rng.random() < 0.5:
            head += '; filename="%s"\r\nContent-Type: image/png' % text()
        data = content()
        while b"\r\n--X" in b"\r\n" + data:
            data = content()
        parts.append(part(head.encode(), data))
    return body(*parts)


def test_a_peer_reads_the_same():
    multipart = pytest.importorskip("multipart")
    if not hasattr(multipart, "MultipartParser"):
        pytest.skip("this is another library of that name")
    rng = random.Random(SEED)
    for i in range(INPUTS):
        data = random_form(rng)
        expected = theirs(multipart, data)
        assert ours(data, rng.choice((150, 512))) == expected, "seed %d, input %d: %r" % (SEED, i, data)
        # For damaged input, both find the same contents, or one of them refuses it. (The peer guesses names.)
        data = mutate(rng, data)
        found, other = ours(data, 512), theirs(multipart, data)
        same = found in (400, 413) or other is None or [p[3] for p in found] == [p[3] for p in other]
        assert same, "seed %d, input %d: %r" % (SEED, i, data)


def mutate(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        end = at + rng.choice((0, 1, 1, 2, 9))
        data[at:end] = rng.choice((b"", b"\r\n", b"--X", b"\r\n--X\r\n", b'"', b";", b"\\", b"\0", b"\xff", data[at:end] * 3))
    return bytes(data[:rng.choice((len(data), len(data), rng.randrange(len(data) + 1)))])


def test_hostile_forms(server):
    """Each gets a sane status; no partial file stays, and no memory leaks."""
    rng = random.Random(SEED)
    seeds = [row[1] for row in PARTS] + [body(part(FILE, b"x" * 3000)), body(part(HEAD, b"1"), part(FILE, b"\r\n--" * 500))]
    for i in range(INPUTS):
        data = rng.choice(seeds)
        if rng.random() < 0.9:
            data = mutate(rng, data)
        path = rng.choice(("/parts", "/text", "/save", "/names", "/parts?size=130"))
        before = files(server)
        headers = {"Content-Type": "multipart/form-data; boundary=X", "Content-Length": len(data) + (rng.random() < 0.1)}
        reply = server.request("POST", path, headers, data, chunks=rng.choice((None, None, 1000)), eof=True)
        where = "seed %d, input %d: %s %r" % (SEED, i, path, data)
        assert reply.status in (200, 400, 404, 413), where
        if reply.status == 200 and path == "/save":
            assert len(files(server)["saved.bin"]) == int(reply.text), where
        else:
            assert files(server) == before, where
        if i == INPUTS // 2:
            half = int(server.get("/memory").text)
    assert int(server.get("/memory").text) < half + 12000  # what the collector takes for pointers varies
