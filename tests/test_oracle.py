"""A differential oracle: h11 and httptools (llhttp, Node's parser) read the same bytes as picoweb, and each disagreement has a name and a reason.

The inputs are rows of vectors.py and requests of a grammar, some of their bytes changed. The seed is fixed; PICOWEB_SEED=N tries another, N=... sets
how many there are.
"""

import collections
import os
import random
import re

import h11
import httptools

import harness
import vectors
from test_http import talk

SEED = int(os.environ.get("PICOWEB_SEED", "20240229"))
INPUTS = int(os.environ.get("N", "3000"))
FEW_CPYTHONS = True

# The first request in some bytes, as a parser reads it. None: it refuses them, or waits for more.
Request = collections.namedtuple("Request", "method path qs fields body")

APP = """
import picoweb


class Oracle(picoweb.WebApp):
    max_request_line = 2000
    max_head = max_body = 4000

    def _find_app(self, req):
        return self


app = Oracle(None, serve_static=False)


class Any:
    def match(self, path):
        return True


def page(req, resp):
    parts = [req.method.encode(), req.path.encode(), req.qs.encode()]
    for field in req.headers.items():
        parts += field
    has_body = "Content-Length" in req.headers or "Transfer-Encoding" in req.headers
    parts.append((yield from req.get_data()) if has_body else b"")
    yield from picoweb.start_response(resp)
    yield from resp.awrite(b"".join(b"%d:%s" % (len(part), part) for part in parts))

app.url_map.append((Any(), page))
app.run(debug=-1)
"""


def of_picoweb(reply):
    head, _, rest = reply.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.0 200 "):
        return None
    parts = []
    while rest:
        size, _, rest = rest.partition(b":")
        parts.append(rest[:int(size)])
        rest = rest[int(size):]
    names = [name.lower() for name in parts[3:-1:2]]
    return Request(*parts[:3], joined(zip(names, parts[4:-1:2])), parts[-1])


def joined(pairs):
    """Fields of the same name joined as in picoweb; those that frame the body are compared by the body, and
    Upgrade is ignored in HTTP/1.0 (RFC 9110 section 7.8)."""
    fields = {}
    for name, value in pairs:
        if name not in (b"content-length", b"transfer-encoding", b"upgrade"):
            fields.setdefault(name, []).append(value)
    return {name: (b"; " if name == b"cookie" else b", ").join(values) for name, values in fields.items()}


def request(method, target, fields, body):
    """Of a target in any form; the host of an absolute one takes the place of the field (RFC 9112 section 3.2.2)."""
    path, _, qs = target.partition(b"?")
    if not path.startswith(b"/") and b"://" in path:
        host, _, path = path.partition(b"://")[2].partition(b"/")
        path, fields = b"/" + path, {**fields, b"host": host}
    return Request(method, path, qs, fields, body)


def of_h11(data):
    conn = h11.Connection(h11.SERVER, max_incomplete_event_size=10000)
    head, body = None, b""
    try:
        conn.receive_data(data)
        while True:
            event = conn.next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return request(bytes(head.method), bytes(head.target), joined(head.headers), body)
            else:
                return None
    except h11.RemoteProtocolError:
        return None


class Llhttp:
    """What httptools calls for the first request."""

    def __init__(self):
        self.target, self.pairs, self.body, self.fields, self.request = b"", [], b"", None, None

    def on_url(self, url):
        self.target += url if self.request is None else b""

    def on_header(self, name, value):
        self.pairs.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self):
        self.fields = self.fields or joined(self.pairs)  # what comes later is a trailer

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        if self.request is None:
            self.request = request(self.parser.get_method(), self.target, self.fields, self.body)


def of_httptools(data):
    seen = Llhttp()
    seen.parser = httptools.HttpRequestParser(seen)
    try:
        seen.parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        pass
    return seen.request


PARSERS = {"h11": of_h11, "httptools": of_httptools}

# The inputs

METHODS = [b"GET", b"GET", b"GET", b"POST", b"PUT", b"OPTIONS", b"DELETE", b"PATCH", b"CONNECT", b"BREW", b"get"]
TARGETS = [b"/", b"/a", b"/a/b?c=d", b"/%41%zz", b"//a", b"/?", b"*", b"http://x/a", b"http://x:80?q", b"http://[::1]/", b"x:80", b"a", b"/a#b", "/\xe9".encode()]
VERSIONS = [b"HTTP/1.1"] * 6 + [b"HTTP/1.0"] * 3 + [b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1", b"http/1.1"]
FIELDS = [b"Accept: */*", b"A: b", b"a:b ", b"A: \t c", b"B:", b"Cookie: a=1", b"cookie: b=2", b"X-Y_z.1: caf\xe9", b"Host: y", b"A: b, c", b"Connection: close",
          b"Content-Length: 0", b"Expect: 100-continue", b"Upgrade: x", b"Content-Type: a/b", b"A : b", b" A: b", b"A", b": b", b"A[: b", b"A: b\x07"]
HOSTS = [b"Host: x"] * 8 + [b"Host: x:80", b"host:x", b"Host: [::1]:80", b"Host: ", b"Host: a b", b"Host: u@x"]
BODIES = [(b"Content-Length: 3", b"abc"), (b"Content-Length: 3", b"ab"), (b"content-length:  03 ", b"abcd"), (b"Content-Length: +3", b"abc"), (b"Content-Length: 3, 3", b"abc"),
          (b"Content-Length: 3\r\nContent-Length: 3", b"abc"), (b"Content-Length: 3\r\nContent-Length: 4", b"abcd")]
BODIES += [(b"Transfer-Encoding: chunked", body) for body in (
    b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"1;a=b\r\na\r\n2; c\r\nbc\r\n00\r\nT: u\r\n\r\n", b"A\r\n0123456789\r\n0\r\n\r\n", b"3\r\nabc\r\n", b"3 \r\nabc\r\n0\r\n\r\n",
    b"3;\r\nabc\r\n0\r\n\r\n", b"03\r\nabc\r\n0\r\n\r\n")]
BODIES += [(b"transfer-encoding: Chunked", b"3\r\nabc\r\n0\r\n\r\n"), (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"), (b"Transfer-Encoding: identity", b""),
           (b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"3\r\nabc\r\n0\r\n\r\n"), (b"Transfer-Encoding: chunked, chunked", b"0\r\n\r\n")]
BYTES = [b"\0", b"\x01", b"\t", b"\n", b"\r", b"\r\n", b" ", b"  ", b"\x0b", b"\x7f", b"\x80", b"\xff", b"\xc3\xa9", b":", b";", b",", b"=", b'"', b"/", b"?", b"#", b"@", b"[", b"{", b"\\", b"0", b"1",
         b"-", b"+", b"_", b"a", b"x"]


def made(rng):
    rows = [b" ".join((rng.choice(METHODS), rng.choice(TARGETS), rng.choice(VERSIONS)))]
    fields = [rng.choice(FIELDS) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    body = b""
    if rng.random() < 0.5:
        framing, body = rng.choice(BODIES)
        fields.append(framing)
    if rng.random() < 0.9:
        fields.insert(rng.randint(0, len(fields)), rng.choice(HOSTS))
    end = rng.choice((b"\r\n", b"\r\n", b"\r\n", b"\n"))
    return end.join(rows + fields + [b"", b""]) + body


def mutated(rng, data):
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        at = rng.randint(0, len(data))
        kind = rng.randint(0, 3)
        if kind == 0:
            data = data[:at] + rng.choice(BYTES) + data[at:]
        elif kind == 1:
            data = data[:at] + rng.choice(BYTES) + data[at + 1:]
        elif kind == 2:
            data = data[:at] + data[at + 1:]
        else:
            rows = data.split(b"\r\n")
            rows.insert(rng.randint(0, len(rows)), rng.choice(rows))
            data = b"\r\n".join(rows)
    return data


def inputs(count):
    rng = random.Random(SEED)
    # A response to HEAD would not tell what was read.
    rows = [row.data for row in vectors.ROWS if len(row.data) < 400 and not row.data.startswith(b"HEAD")]
    seen = dict.fromkeys(rows)
    while len(seen) < count + len(rows):
        seen[mutated(rng, rng.choice(rows) if rng.random() < 0.4 else made(rng))] = None
    return list(seen)


# What the standards say about an input, by regular expressions and independent of picoweb

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FIELD = re.compile(rb"(%s):[ \t]*((?:[^\0-\x08\x0a-\x1f\x7f]*[^\0-\x20\x7f])?)[ \t]*" % TOKEN)
HOST = rb"(?:\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._~%!$&'()*+;=-]+)(?::[0-9]*)?"
QUERY = rb"(?:\?[\x21-\x7e\x80-\xff]*)?"
PATH = rb"/[\x21-\x3e\x40-\x7e\x80-\xff]*"
TARGET = re.compile(rb"%s%s|[A-Za-z]+://%s(?:%s)?%s" % (PATH, QUERY, HOST, PATH, QUERY))
QUOTED = rb"\"(?:[^\0-\x08\x0a-\x1f\x7f\"\\]|\\[^\0-\x08\x0a-\x1f\x7f])*\""
EXTENSION = rb";[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?" % (TOKEN, TOKEN, QUOTED)
EXTENSIONS = rb"(?:%s(?:[ \t]*%s)*)?" % (EXTENSION, EXTENSION)
SIZE = re.compile(rb"(0*[0-9a-fA-F]{1,7})%s\r\n" % EXTENSIONS)

# Each reason to refuse what another parser may accept
FAULTS = {
    "incomplete": "there is no blank line, or less of a body than was announced",
    "request line": "it is not three words with a space between them",
    "version": "it is not HTTP/1.0 or HTTP/1.1",
    "method": "it is no token",
    "CONNECT": "picoweb is no proxy",
    "target": "it is no path, no URL with a host, and no asterisk of OPTIONS; or not UTF-8",
    "field": "its name is no token, it has no colon, or it is folded",
    "control": "a control character in the head, a CR among them",
    "host": "there is none in HTTP/1.1, or there are two, or it is not one",
    "length": "it is not one number",
    "type": "there are two Content-Types",
    "coding": "it is not chunked alone, or stands beside a length or in HTTP/1.0",
    "chunk": "its size, its extensions or its ends do not match the grammar, or its line is too long",
    "trailer": "it does not match the grammar, or says what only a head may say",
    "limit": "a body is longer than max_body",
}

LIBERTIES = {
    "h11": {
        "blank line": lambda data: re.match(rb"\r?\n", data),
        "UTF-8": lambda data: re.match(rb"[^\n]*[\x80-\xff]", data.lstrip(b"\r\n")),
        "zeros": lambda data: re.search(rb"\n0{20}", data),
    },
    "httptools": {
        "unknown method": lambda data: data.lstrip(b"\r\n").split(b" ")[0].decode("latin-1") not in METHODS_OF_LLHTTP,
        "LF": lambda data: re.search(rb"(?<!\r)\n", data),
        "UTF-8": lambda data: re.match(rb"[^\n]*[\x80-\xff]", data.lstrip(b"\r\n")),
        "the same length twice": lambda data: len(re.findall(rb"\ncontent-length:", data, re.I)) > 1,
        "tab beside a coding": lambda data: re.search(rb"\ntransfer-encoding:[^\n]*\t", data, re.I),
        "space in an extension": lambda data: re.search(rb";[ \t]|[ \t][;=]|=[ \t]", data),
    },
}
METHODS_OF_LLHTTP = """DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT
    MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE QUERY""".split()


def faults(data):
    """The names of the faults of the first request in some bytes."""
    data = re.sub(rb"^\r?\n", b"", data)
    blank = re.search(rb"\r?\n\r?\n", data)
    rows = re.split(rb"\r?\n", data[:blank.start()] if blank else data)
    found = set() if blank else {"incomplete"}
    if any(re.search(rb"[\0-\x08\x0b-\x1f\x7f]", row) for row in rows):
        found.add("control")
    version = of_request_line(rows[0], found)
    fields = collections.defaultdict(list)
    for row in rows[1:]:
        match = FIELD.fullmatch(row)
        if match:
            fields[match.group(1).lower()].append(match.group(2))
        else:
            found.add("field")
    hosts = fields[b"host"]
    if len(hosts) > 1 or version == b"HTTP/1.1" and not hosts or hosts and not re.fullmatch(HOST, hosts[0]):
        found.add("host")
    if len(fields[b"content-type"]) > 1:
        found.add("type")
    if blank:
        of_body(data[blank.end():], version, fields[b"content-length"], fields[b"transfer-encoding"], found)
    return found


def of_request_line(row, found):
    words = row.split(b" ")
    if len(words) != 3:
        found.add("request line")
        return None
    method, target, version = words
    if not re.fullmatch(TOKEN, method):
        found.add("method")
    if method == b"CONNECT":
        found.add("CONNECT")
    try:
        target.decode()
    except UnicodeError:
        found.add("target")
    if not TARGET.fullmatch(target) and (method, target) != (b"OPTIONS", b"*"):
        found.add("target")
    if version not in (b"HTTP/1.0", b"HTTP/1.1"):
        found.add("version")
    return version


def of_body(body, version, lengths, codings, found):
    if codings:
        if len(codings) > 1 or lengths or codings[0].lower() != b"chunked" or version != b"HTTP/1.1":
            found.add("coding")
        else:
            of_chunks(body, found)
    elif lengths:
        if not all(re.fullmatch(rb"[0-9]+", length) for length in lengths) or len(set(map(int, lengths))) > 1:
            found.add("length")
        elif int(lengths[0]) > 4000:
            found.add("limit")
        elif int(lengths[0]) > len(body):
            found.add("incomplete")


def of_chunks(body, found):
    total = 0
    while True:
        match = SIZE.match(body)
        if not match or len(match.group()) > 256:
            found.add("chunk")
            return
        size, body = int(match.group(1), 16), body[match.end():]
        if not size:
            break
        total += size
        if total > 4000:
            found.add("limit")
            return
        if body[size:size + 2] != b"\r\n":
            found.add("chunk")
            return
        body = body[size + 2:]
    while not body.startswith(b"\r\n"):
        row, end, body = body.partition(b"\r\n")
        match = FIELD.fullmatch(row)
        if not end or not match or match.group(1).lower() in (b"content-length", b"transfer-encoding", b"host"):
            found.add("trailer")
            return


def disagreements(data, replies, seen):
    """What is wrong with picoweb's replies; what others accept and picoweb refuses is counted in seen."""
    wrong = []
    for item, reply in zip(data, replies):
        ours, found = of_picoweb(reply), faults(item)
        if (ours is None) != bool(found):
            wrong.append("%r: %r, but %s" % (item, reply[:12], ", ".join(sorted(found)) or "nothing is wrong"))
        for name, parse in PARSERS.items():
            theirs = parse(item)
            if ours and theirs and ours != theirs:
                wrong.append("%r: %r, but %s reads %r" % (item, ours, name, theirs))
            elif ours and not theirs and not any(liberty(item) for liberty in LIBERTIES[name].values()):
                wrong.append("%r: %r, and %s refuses it" % (item, ours, name))
            elif theirs and not ours:
                seen.update((fault, name) for fault in found)
    return wrong


def test_what_others_read(runtime):
    """picoweb refuses requests with a fault, and no others; each request that other parsers refuse or read differently has a name."""
    count = INPUTS if runtime.is_cpython or runtime.name == "micropython" else INPUTS // 10
    data = inputs(count)
    with harness.Server(runtime, APP) as server:
        replies = list(talk(server, [([item], None) for item in data]))
    seen = collections.Counter()
    wrong = disagreements(data, replies, seen)
    assert not wrong, "%d, seed %d:\n%s" % (len(wrong), SEED, "\n".join(wrong[:20]))
    if count == INPUTS:
        # Every fault except these is accepted by another parser.
        assert {fault for fault, _ in seen} >= set(FAULTS) - {"incomplete", "method", "length", "limit"}, seen


# Fields that a browser could repeat, in the forms that they may have
REPEATED = [
    b"Host: x\r\nA: b\r\n\r\n", b"Host: x\nA: b\n\n", b"A: b\r\nHost: x\n\r\n", b"A: b\nhost:x:80\r\n\n", b"Host: [::1]\r\n\r\n", b"H: t\r\nHost: x\r\n: \r\n\r\n",
    b"Host: x\r\nContent-Length: 3\r\n\r\n", b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"Host: x\r\nCookie: a=1\r\ncookie: b=2\r\n\r\n",
]
AFTER = [b"", b"", b"abc", b"0\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n", b"\n", b"\r\n", b"GET / HTTP/1.0\r\n\r\n", b"Content-Length: 3\r\n\r\nabc"]


def repeated(rng):
    """A request, and another one with the same fields or with nearly the same."""
    fields = rng.choice(REPEATED)
    line = b" ".join((rng.choice((b"GET", b"GET", b"POST")), rng.choice((b"/", b"/a?b", b"http://x/")), rng.choice((b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"))))
    again = mutated(rng, fields) if rng.random() < 0.7 else fields
    return b"GET / HTTP/1.1\r\n" + fields, rng.choice((b"", b"", b"\r\n")) + line + rng.choice((b"\r\n", b"\n")) + again + rng.choice(AFTER)


def test_fields_that_the_last_request_had(runtime):
    """An app that knows them reads what one that has never seen them reads: each by itself, one after the other."""
    rng = random.Random(SEED)
    data = []
    for _ in range(INPUTS // 10):
        data += repeated(rng)
    with harness.Server(runtime, APP) as server:
        replies = [next(talk(server, [([item], None)])) for item in data]
    wrong = disagreements(data, replies, collections.Counter())
    assert not wrong, "%d, seed %d:\n%s" % (len(wrong), SEED, "\n".join(wrong[:20]))
