"""The request rows of public suites, sent to picoweb: python3 tests/suites.py FOLDER [--runtime NAME] [-v]

FOLDER holds clones of github.com/benoitc/gunicorn, nodejs/llhttp, h2o/picohttpparser and dropseed/h1spec, by these names; what is not there is left out.
Each runtime that is here serves an app that answers every path. A row is accepted if the answer is 2xx, with the body that the suite expects where it
names one, and refused if it is not. Exit status 1: a row is decided in another way than its suite decides it, and has no reason below; or has one, and
needs none.

The suites test parsers. So HTTP/1.1 requests without a Host get one, and CONNECT, which only a proxy can accept, is right with 501.
Http11Probe (github.com/MDA2AV/Http11Probe) needs .NET; it is run against the same app: --port N keeps that running.
"""

import argparse
import collections
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

import harness

APP = """
import picoweb
try:
    import re
except ImportError:
    import ure as re

app = picoweb.WebApp(None, serve_static=False)
app.max_body = 8192

@app.route("/echo")
def echo(req, resp):
    return b"".join([name + b": " + value + b"\\n" for name, value in req.headers.items()])

@app.route(re.compile(".*"))
def page(req, resp):
    body = b""
    while True:
        part = yield from req.reader.read(512)
        if not part:
            break
        body += part
    return body or b"OK"

app.run(debug=-1)
"""

Row = collections.namedtuple("Row", "name accepted data body")

# Why picoweb decides a row differently
CODING = "RFC 9112 section 6.1: a coding before chunked that the server does not know is 501; a second field, or a length beside it, is 400"
USER = "RFC 9110 section 4.2.4: user information in a target is an error, for it hides the host"
METHOD = "RFC 9110 section 9.1: which methods there are is the app's affair; a route with methods= answers 405"
AFTER = "RFC 9112 section 9.6: what follows a request with Connection: close is not processed; the request itself is served"
PROTOCOL = "it is not HTTP/1.0 or HTTP/1.1"
REASONS = {
    "gunicorn": {
        "valid/009": CODING, "valid/025": CODING, "valid/025_line": CODING, "valid/029": CODING, "valid/030": CODING,
        "valid/rfc9112_smuggle_gzip_chunked_01": CODING, "valid/rfc9112_smuggle_te_identity_chunked_01": CODING,
        "valid/rfc9112_target_absolute_userinfo_01": USER,
        "invalid/003c": "RFC 9110 section 9.1: -bl is a token",
        "invalid/009": "max_head bounds the bytes of the fields, not their number",
    },
    "llhttp": {
        "connection: No restart when keep-alive is off (1.0)": AFTER, "connection: CRLF between requests, explicit `close`": AFTER,
        "connection: CRLF between requests, explicit `close` followed by tab": AFTER,
        "invalid: HTTP protocol and ANNOUNCE method": METHOD, "invalid: Invalid method": METHOD,
        "invalid: Missing CR between headers": "RFC 9112 section 2.2: LF alone may end a line",
        "method: M-SEARCH request": "RFC 9112 section 3.2.4: the asterisk is for OPTIONS; M-SEARCH with one is SSDP's, over UDP",
        "method: SOURCE request with ICE": PROTOCOL, "method: OPTIONS request with RTSP": PROTOCOL, "method: ANNOUNCE request with RTSP": PROTOCOL,
        "sample: No HTTP version": "HTTP/0.9 has no fields: a proxy may forward any bytes as such a request",
        "transfer-encoding: POST with `chunked` as last transfer-encoding": CODING,
        "transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)": CODING,
        "uri: `host:port` and basic auth": USER,
    },
    "picohttpparser": {
        "parse multiline": "RFC 9112 section 5.2: a folded line is refused, or unfolded",
        "accept MSB chars": "the target is UTF-8",
        "accept multiple spaces between tokens": "RFC 9112 section 3 lets a server accept them, and warns of it",
    },
}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def unescape(text):
    """The bytes of a text with escapes as in C."""
    letters = {"r": "\r", "n": "\n", "t": "\t", "f": "\f"}

    def char(match):
        code = match.group(1)
        return letters.get(code) or chr(int(code[1:], 16) if code[0] == "x" else int(code, 8))
    return re.sub(r"\\(r|n|t|f|x[0-9a-fA-F]{1,2}|[0-7]{1,3})", char, text).encode("latin-1", "replace")


class Config:
    """gunicorn's default, in rows that do not change it."""

    def set(self, *args):
        raise NotImplementedError  # a row of gunicorn's own settings


def gunicorn(folder):
    for path in sorted(glob.glob(os.path.join(folder, "tests", "requests", "*valid", "*.http"))):
        kind, name = path[:-5].split(os.sep)[-2:]
        code = re.sub(r"^from gunicorn.*", "", read(path[:-5] + ".py"), flags=re.M)
        if "cfg.set" in code:
            continue
        with open(path, "rb") as f:
            data = unescape(f.read().replace(b"\n", b"").decode("latin-1"))
        body = re.search(r"""["']body["']: b(["'])(.*?)\1""", code)
        yield Row("%s/%s" % (kind, name), kind == "valid", data, unescape(body.group(2)) if body and kind == "valid" else None)


def llhttp(folder):
    pattern = re.compile(r"^#+ ([^\n]*)$|<!-- meta=(\{.*?\}) -->\s*```http\n((?:(?!```).)*?)\n?```\n(?:(?!```).)*```log\n(.*?)```", re.M | re.S)
    for path in sorted(glob.glob(os.path.join(folder, "test", "request", "*.md"))):
        for title, meta, text, log in pattern.findall(read(path)):
            if title:
                name = "%s: %s" % (os.path.basename(path)[:-3], title.strip("# "))
            if title or not re.search(r'"type":\s*"request"', meta) or "pause" in meta or "skip" in meta:
                continue
            data = unescape(re.sub(r"\n", r"\\r\\n", re.sub(r"\\\n", "", text)))
            # 22: it pauses, for the app to decide on an Upgrade
            accepted = not re.search(r"error code=(?!22)", log)
            if accepted and "message complete" not in log:  # it would go on
                data += b"\r\n" if data.endswith(b"0\r\n") else b"0\r\n\r\n" if b"hunked" in data else b""
            yield Row(name, accepted, data, None)


def picohttpparser(folder):
    text = read(os.path.join(folder, "test.c"))
    text = text[text.index("test_request(void)"):text.index("static void test_response")]
    for data, status, name in re.findall(r'PARSE\("(.*?)", [^;]*?, (0|-1|-2), "(.*?)"\);', text):
        yield Row(name or data, status == "0", unescape(data), None)


SUITES = {"gunicorn": gunicorn, "llhttp": llhttp, "picohttpparser": picohttpparser}


def with_host(data):
    line = re.match(rb"(?:\r\n)?[^\r\n]* HTTP/1\.1\r?\n", data)
    if not line or re.search(rb"\nhost:", data, re.I):
        return data
    return data[:line.end()] + b"Host: x\r\n" + data[line.end():]


def is_right(server, row):
    reply = server.raw(with_host(row.data), eof=True)
    status = int(reply[9:12] or 0)
    if not row.accepted:
        return not 200 <= status < 300
    if row.data.startswith(b"CONNECT "):
        return status == 501
    return 200 <= status < 300 and (row.body is None or row.body in reply)


def run_suite(server, name, folder, verbose):
    """Check that each row is decided as in the suite, or has a reason."""
    rows = list(SUITES[name](folder))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        right = list(pool.map(lambda row: is_right(server, row), rows))
    for accepted in True, False:
        found = [ok for row, ok in zip(rows, right) if row.accepted == accepted]
        print("    %-15s %s %d of %d" % (name, "accepted" if accepted else "refused ", sum(found), len(found)))
    missed = {row.name for row, ok in zip(rows, right) if not ok}
    for row, ok in zip(rows, right):
        if not ok and (verbose or row.name not in REASONS[name]):
            print("        %s: %s\n            %r" % (row.name, REASONS[name].get(row.name, "NO REASON"), row.data[:200]))
    needless = set(REASONS[name]) - missed
    for row in sorted(needless):
        print("        %s: NEEDS NO REASON" % row)
    return not needless and missed <= set(REASONS[name])


def run_h1spec(server, folder):
    code = "import h1spec; h1spec.main()"
    done = subprocess.run([sys.executable, "-c", code, "127.0.0.1:%d" % server.port, "--strict"], cwd=folder, stdout=subprocess.PIPE, encoding="utf-8")
    text = re.sub("\x1b\\[[0-9]*m", "", done.stdout)
    failed = re.findall("✗ [0-9]+[.] (.*)", text)
    print("    %-15s %s" % ("h1spec", text.strip().splitlines()[-1]))
    return failed == ["Keep-alive default (HTTP/1.1)"]  # picoweb closes after each response


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--runtime", default="")
    parser.add_argument("--port", type=int, help="serve the app there, on the first runtime, until Enter is pressed")
    parser.add_argument("-v", action="store_true", help="name the rows that have a reason, too")
    args = parser.parse_args()
    good = True
    for runtime in [r for r in harness.runtimes()[0] if args.runtime in r.name]:
        print(runtime.name)
        with harness.Server(runtime, APP, port=args.port) as server:
            if args.port:
                input("http://127.0.0.1:%d/ " % args.port)
                break
            for name in SUITES:
                folder = os.path.join(args.folder, name)
                good &= not os.path.isdir(folder) or run_suite(server, name, folder, args.v)
            folder = os.path.join(args.folder, "h1spec")
            good &= not os.path.isdir(folder) or run_h1spec(server, folder)
    sys.exit(not good)


if __name__ == "__main__":
    main()
