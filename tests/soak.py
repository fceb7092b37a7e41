"""Mixed good and hostile traffic for as long as it takes: python3 tests/soak.py [--runtime NAME] [--seconds S] [--inputs N] [--seed N]

Runs tests/apps/hostile_app.py on each runtime that is here, and compares the heap after collection, the open descriptors, the connections and
the live tasks at the end with what they were after the first part. Ends after S seconds, or after N inputs where that is given. Exit status 1:
something failed, or grew.
"""

import argparse
import os
import random
import sys
import time

import harness
import hostile
from test_survival import FILES, SECRETS, client_of, source

# By how many bytes the heap may differ, because of modules that are loaded late and of conservative garbage collection. On CPython, blocks.
SLACK = 4096
BLOCKS = 500
# Of a round of all attacks.
ROUND = 5000
# Seconds after which no client that is waited for is left: read_timeout, half a second until that is noticed, and a machine that is busy.
LIMIT = 12
SILENT = (b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: a\r\n", hostile.FORM[:-1], b"GET /endless HTTP/1.0\r\n\r\n")


class Grown(Exception):
    """Something was not released."""


def good_traffic(client, rng, number):
    """Requests of browsers and scripts, which all succeed."""
    for _ in range(number):
        path = rng.choice((b"/query?a=1&b=2", b"/headers", b"/static/hello.txt", b"/big"))
        if not client.talk(b"GET %s HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: a=b\r\n\r\n" % path).startswith(b"HTTP/1.0 200 "):
            raise hostile.Bad("no page for %r" % path)
        if not client.talk(hostile.FORM).startswith(b"HTTP/1.0 200 "):
            raise hostile.Bad("no answer to a form")


def wait_for_limits(server, client):
    """Silent clients, too few to evict each other, are gone when their time is up."""
    socks = []
    try:
        for data in SILENT:
            socks.append(client.connect(2048))
            socks[-1].sendall(data)
        end = time.monotonic() + LIMIT
        stats = server.get("/stats").json()
        if stats["connections"] != len(SILENT) + 1:
            raise Grown("%d connections are %s" % (len(SILENT), stats))
        while stats["connections"] > 1:
            if time.monotonic() > end:
                raise Grown("connections are open past their limit: %s" % stats)
            time.sleep(0.2)
            stats = server.get("/stats").json()
    finally:
        for s in socks:
            s.close()


def measure(server, client):
    """What the server holds when it is idle: heap, descriptors, connections, tasks."""
    wait_for_limits(server, client)
    all_stats = [server.get("/stats").json() for _ in range(5)]
    heap = min(stats["heap"] for stats in all_stats)
    return heap, len(os.listdir("/proc/%d/fd" % server.pid)), all_stats[-1]["connections"], all_stats[-1]["tasks"]


def soak(runtime, seconds, inputs, seed, settle):
    """Soak one runtime; return a line with what it held at the start and at the end."""
    rng = random.Random(seed)
    started = time.monotonic()
    first, sent, rounds, slowest, stalls = None, 0, 0, 0, 0
    with harness.Server(runtime, source("hostile_app.py"), files=FILES, debug="-1") as server:
        # Attacks alone would not show what they do to ordinary clients.
        good = client_of(server, seed=seed)
        while True:
            good_traffic(good, rng, 20)
            client, failures = hostile.run("127.0.0.1", server.port, ROUND, rng.randrange(1 << 32), secrets=SECRETS)
            good_traffic(good, rng, 20)
            rounds += 1
            sent += client.inputs
            stalls += client.stalls
            slowest = max(slowest, client.worst)
            if failures or not server.alive():
                raise Grown("\n".join(failures) or "the server is gone: " + server.log()[-2000:])
            passed = time.monotonic() - started
            if first is None and passed > settle:
                first = measure(server, good)
            progress("%s: %d inputs, %d rounds, %d s, slowest ordinary answer %d ms" % (runtime, sent, rounds, passed, slowest * 1000))
            if first and (sent >= inputs if inputs else passed >= seconds):
                break
        last = measure(server, good)
        line = "%s: %d inputs in %d s, slowest ordinary answer %d ms (%d asked for again); %s" % (
            runtime, sent, passed, slowest * 1000, stalls, compare(first, last, runtime))
        if last[1:] != first[1:] or last[0] > first[0] + (BLOCKS if runtime.is_cpython else SLACK):
            raise Grown("this grew: " + line)
        return line


def compare(first, last, runtime):
    names = "blocks" if runtime.is_cpython else "heap", "descriptors", "connections", "tasks"
    return ", ".join("%s %d to %d" % row for row in zip(names, first, last))


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" + text)
    elif text:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runtime", action="append", default=[], metavar="NAME", help="only runtimes whose name contains NAME")
    parser.add_argument("--seconds", type=int, default=60, help="for each runtime")
    parser.add_argument("--inputs", type=int, default=0, help="for each runtime; instead of --seconds")
    parser.add_argument("--settle", type=int, help="seconds until the first measurement; default: 60, or a third of --seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    args = parser.parse_args()
    if args.settle is None:
        args.settle = 60 if args.inputs else min(60, args.seconds // 3)
    return args


def choose(names):
    """The chosen runtimes, and lines about the others."""
    found, lines = harness.runtimes()
    unknown = [n for n in names if not any(n in r.name for r in found)]
    if unknown:
        sys.exit("soak: no runtime here is named like %s; there are %s. Others: make test fetches MicroPython, PYCOPY=/path/to/pycopy "
                 "names a Pycopy, each CPython on the path counts" % (" or ".join(unknown), ", ".join(r.name for r in found)))
    # One CPython stands for all, unless one is asked for by name.
    newest = [r for r in found if r.is_cpython][-1:]
    chosen = [r for r in found if any(n in r.name for n in names)] if names else [r for r in found if not r.is_cpython] + newest
    return chosen, [line for line in lines if "skipped" in line]


def main():
    args = arguments()
    hostile.allow_descriptors()
    chosen, skipped = choose(args.runtime)
    print("seed %d" % args.seed)
    failed = not chosen
    for runtime in chosen:
        try:
            line = soak(runtime, args.seconds, args.inputs, args.seed, args.settle)
        except (Grown, hostile.Bad, AssertionError, OSError) as e:
            failed, line = True, "%s: FAILED: %s" % (runtime, e)
        except KeyboardInterrupt:
            progress("")
            print("%s: interrupted" % runtime)
            return 130
        progress("")
        print(line, flush=True)
    print("\n".join(skipped))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
