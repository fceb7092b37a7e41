"""Mixed good and hostile traffic for as long as it takes: python3 tests/soak.py [--runtime NAME] [--seconds S] [--inputs N] [--seed N]

Runs tests/apps/hostile_app.py on each runtime that is here, and compares the heap after collection, the open descriptors and the connections
at the end with what they were after the first part. Ends after S seconds, or after N inputs where that is given. Exit status 1: something failed,
or grew.
"""

import argparse
import os
import random
import sys
import time

import harness
import hostile
from test_survival import FILES, client_of, source

# What the heap may differ by, in bytes: modules that are loaded late, and conservative collection, move it a little.
SLACK = 4096
# Of a round of all attacks.
ROUND = 2000


class Grown(Exception):
    """Something that is not given back."""


def good_traffic(client, rng, number):
    """What browsers and scripts send, all answered well."""
    for _ in range(number):
        path = rng.choice((b"/query?a=1&b=2", b"/headers", b"/static/hello.txt", b"/big"))
        if not client.talk(b"GET %s HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: a=b\r\n\r\n" % path).startswith(b"HTTP/1.0 200 "):
            raise hostile.Bad("no page for %r" % path)
        if not client.talk(hostile.FORM).startswith(b"HTTP/1.0 200 "):
            raise hostile.Bad("no answer to a form")


def resident(server):
    with open("/proc/%d/statm" % server.pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(server):
    """What the server holds when it is at rest: bytes of heap, descriptors, connections."""
    for _ in range(50):
        stats = server.get("/stats").json()
        if stats["connections"] == 1:
            break
        time.sleep(0.1)
    heap = min(server.get("/stats").json()["heap"] for _ in range(5)) if stats["heap"] else resident(server)
    return heap, len(os.listdir("/proc/%d/fd" % server.pid)), stats["connections"]


def soak(runtime, seconds, inputs, seed, settle):
    """Soak one runtime; a line with what it held first and last."""
    rng = random.Random(seed)
    started = time.monotonic()
    first, sent, rounds, slowest = None, 0, 0, 0
    with harness.Server(runtime, source("hostile_app.py"), files=FILES, debug="-1") as server:
        # Attacks alone would never show what they do to those who are served well.
        good = client_of(server, seed=seed)
        while True:
            good_traffic(good, rng, 20)
            client, failures = hostile.run("127.0.0.1", server.port, ROUND, rng.randrange(1 << 32), secrets=(b"root:", b"import picoweb"))
            good_traffic(good, rng, 20)
            rounds += 1
            sent += client.inputs
            slowest = max(slowest, client.worst)
            if failures or not server.alive():
                raise Grown("\n".join(failures) or "the server is gone: " + server.log()[-2000:])
            passed = time.monotonic() - started
            if first is None and (passed > settle or inputs and sent > inputs / 10):
                first = measure(server)
            progress("%s: %d inputs, %d rounds, %d s, slowest ordinary answer %d ms" % (runtime, sent, rounds, passed, slowest * 1000))
            if first and (sent >= inputs if inputs else passed >= seconds):
                break
        last = measure(server)
        line = "%s: %d inputs in %d s, slowest ordinary answer %d ms; heap %d to %d, descriptors %d to %d, connections %d to %d" % (
            runtime, sent, passed, slowest * 1000, first[0], last[0], first[1], last[1], first[2], last[2])
        # CPython's memory is the process's: its allocator keeps what it once had.
        slack = SLACK if not runtime.is_cpython else 2 << 20
        if last[1:] != first[1:] or last[0] > first[0] + slack:
            raise Grown("this grew: " + line)
        return line


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" + text)
    else:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runtime", action="append", default=[], metavar="NAME", help="only runtimes whose name contains NAME")
    parser.add_argument("--seconds", type=int, default=60, help="for each runtime")
    parser.add_argument("--inputs", type=int, default=0, help="for each runtime; instead of --seconds")
    parser.add_argument("--settle", type=int, default=0, help="seconds until the first measurement; default: 60, or a third of --seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    hostile.allow_descriptors()
    found, lines = harness.runtimes()
    # One CPython stands for all, unless one is asked for by name.
    newest = [r for r in found if r.is_cpython][-1:]
    chosen = [r for r in found if any(n in r.name for n in args.runtime)] if args.runtime else \
        [r for r in found if not r.is_cpython] + newest
    print("seed %d" % args.seed)
    failed = not chosen
    for runtime in chosen:
        try:
            line = soak(runtime, args.seconds, args.inputs, args.seed, args.settle or min(60, args.seconds // 3))
        except (Grown, hostile.Bad, AssertionError, OSError) as e:
            failed, line = True, "%s: FAILED: %s" % (runtime, e)
        progress("")
        print(line, flush=True)
    for line in lines:
        if "skipped" in line:
            print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
