"""Measure picoweb beside what a user would pick instead: make bench [ARGS="--page hello --md FILE"]

Everything runs on the same interpreter, in one run, and is compared within it: a rate is given as a share of what the bare
server (the "ceiling") reaches just before. Numbers are for people to read; nothing fails because of one.
"""

import argparse
import collections
import contextlib
import os
import shutil
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tools"))

import contenders  # noqa: E402
import fetch  # noqa: E402
import interpreters  # noqa: E402
import measures  # noqa: E402
import report  # noqa: E402
from contenders import CEILING, CONTENDERS, PAGES  # noqa: E402
from server import Failed  # noqa: E402
from store import Missing, Store, guarded, run, say  # noqa: E402

MEASURES = ("instructions", "allocated", "heap", "size", "rate")
CLIENTS = (1, 10, 50)

Machine = collections.namedtuple("Machine", "python interpreters chunk roots")


def machine(store):
    """The interpreters and tools to measure with; prints a line for each that is missing."""
    found = fetch.provide(["venv", "micropython", "lib/micropython", "lib/pycopy"], store)
    roots = set()
    for name in sorted({contender.root for contender in CONTENDERS if contender.root}):
        with _or_skip(name):
            roots |= set(fetch.provide([name], store).values())
    here = {"micropython": found["micropython"].path}
    with _or_skip("heap and allocations on MicroPython"):
        here["micropython32"] = fetch.provide(["micropython32"], store)["micropython32"].path
    for name, what in (("pycopy", "Pycopy"), ("pycopy32", "heap and allocations on Pycopy")):
        interpreter = interpreters.find(name, store.root)
        if interpreter:
            here[name] = interpreter.path
        else:
            say("%s: skipped: there is no %s here (%s)" % (what, name, interpreters.by_hand(name, "make bench")))
    environment = dict(os.environ, **interpreters.module_path("micropython"))
    chunk = run("micropython", [here["micropython"], "-c", "import picoweb; print(picoweb.SEND_BUFSZ)"], env=environment)
    return Machine(os.path.join(found["venv"], "bin", "python"), here, int(chunk), roots)


@contextlib.contextmanager
def _or_skip(what):
    try:
        yield
    except Missing as e:
        say("%s: skipped: %s" % (what, e))


class Run:
    """One complete run: `results` has a row of figures (or words, for failures) by interpreter, page and server."""

    def __init__(self, machine, args):
        self.machine = machine
        self.args = args
        self.results = collections.defaultdict(dict)
        self._tool = measures.load_tool(args.load)
        self._begun = time.monotonic()

    def jobs(self):
        """The pages of each contender that can be measured and are wanted."""
        found = []
        for contender in CONTENDERS:
            wanted = not self.args.only or any(name in contender.name for name in self.args.only)
            here = contender.kind in self.machine.interpreters
            fetched = not contender.root or contenders.root(contender) in self.machine.roots
            if wanted and here and fetched:
                found += [(contender, page) for page in PAGES if contenders.has(contender, page) and self._wants(page)]
        return found

    def _wants(self, page):
        return not self.args.page or page.name in self.args.page

    def measure(self):
        jobs = self.jobs()
        for kind in self.args.measure:
            if self._can(kind):
                for i, (contender, page) in enumerate(jobs, 1):
                    self._say("%s %d/%d: %s, %s, %s" % (kind, i, len(jobs), contender.kind, contender.name, page.name))
                    getattr(self, "_" + kind)(contender, page)
        return self.results

    def _say(self, line):
        say("%4d s  %s" % (time.monotonic() - self._begun, line))

    def _can(self, kind):
        if kind == "instructions" and not shutil.which("valgrind"):
            say("instructions: skipped: valgrind is not on this machine")
            return False
        if kind == "rate" and self._tool is measures.own_load:
            say("rate: with the load generator of this repository, which is slower than wrk: ratios come out too good")
        return True

    def _put(self, contender, page, column, figure):
        """Record a figure, or the word for what the server did instead."""
        row = self.results[contender.kind, page.name, contender.name]
        try:
            with measures.bench(contender, page, self.machine.chunk) as bench:
                row[column] = figure(bench)
        except Failed as e:
            row[column] = str(e)
            self._say("%s, %s: %s" % (contender.name, page.name, e))

    def _instructions(self, contender, page):
        interpreter = self.machine.interpreters[contender.kind]
        self._put(contender, page, "instructions",
                  lambda bench: measures.instructions(bench, interpreter, self.args.requests))

    def _allocated(self, contender, page):
        interpreter = self.machine.interpreters.get(contender.kind + "32")
        if interpreter:
            self._put(contender, page, "allocated", lambda bench: measures.allocated(bench, interpreter, 20))

    def _heap(self, contender, page):
        interpreter = self.machine.interpreters.get(contender.kind + "32")
        if not interpreter or page.name not in self.args.full:
            return
        self._put(contender, page, "heap_source", lambda bench: measures.smallest_heap(bench, interpreter))
        if contender.kind == "micropython":
            # The compiler is MicroPython's; Pycopy has a different format.
            self._put(contender, page, "heap_mpy", lambda bench: measures.smallest_heap(
                bench, interpreter, ("-m", "app"), bench.compile(self.machine.python)))

    def _size(self, contender, page):
        if measures.files_of(contender):
            row = self.results[contender.kind, page.name, contender.name]
            row["source"], row["mpy"] = measures.sizes(contender, self.machine.python)

    # Rates vary with the load of the machine, so each round measures the ceiling again, just before.
    def _rate(self, contender, page):
        rounds = self.args.rounds if page.name in self.args.full else 1
        row = self.results[contender.kind, page.name, contender.name]
        figures = [self._one_round(contender, page) for _ in range(rounds)]
        for clients, ratios in zip(CLIENTS, zip(*figures)):
            words = [r for r in ratios if isinstance(r, str)]
            row["rate_%d" % clients] = words[0] if words else statistics.median(ratios)

    def _one_round(self, contender, page):
        ceiling = next(c for c in CONTENDERS if c.kind == contender.kind and c.name == CEILING)
        base = self._rates(ceiling, page if contenders.has(ceiling, page) else PAGES[0])
        own = base if contender is ceiling else self._rates(contender, page)
        return [_share(o, b) for o, b in zip(own, base)]

    def _rates(self, contender, page):
        return [self._rate_of(contender, page, clients) for clients in CLIENTS]

    def _rate_of(self, contender, page, clients):
        interpreter = self.machine.interpreters[contender.kind]
        try:
            with measures.bench(contender, page, self.machine.chunk) as bench, bench.server([interpreter]) as server:
                return measures.rate(server, clients, self.args.seconds * page.longer, self._tool)
        except Failed as e:
            self._say("%s, %s, %d clients: %s" % (contender.name, page.name, clients, e))
            return str(e)


def _share(own, base):
    if isinstance(own, str):
        return own
    return "no ceiling" if isinstance(base, str) else own / base


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="SERVER", help="servers whose name contains this")
    parser.add_argument("--page", action="append", choices=[p.name for p in PAGES], metavar="PAGE",
                        help="one of: " + ", ".join(p.name for p in PAGES))
    parser.add_argument("--full", action="append", choices=[p.name for p in PAGES], metavar="PAGE",
                        help="pages that the smallest heap is searched for, and rates taken in rounds (default hello)")
    parser.add_argument("--measure", action="append", choices=MEASURES, metavar="WHAT",
                        help="one of: " + ", ".join(MEASURES))
    parser.add_argument("--requests", type=int, default=600,
                        help="that instructions are counted over; in some hundred, the collector runs once or not at all (default 600)")
    parser.add_argument("--seconds", type=float, default=1, help="of load for each rate (default 1)")
    parser.add_argument("--rounds", type=int, default=5, help="that a rate is the median of (default 5)")
    parser.add_argument("--load", choices=("wrk", "own"), help="the load generator (default: wrk where there is one)")
    for name in report.FORMATS:
        parser.add_argument("--" + name, metavar="FILE", help="write the table to a file")
    args = parser.parse_args(argv)
    args.measure = args.measure or MEASURES
    args.full = args.full or ["hello"]
    return args


def measure(args):
    results = Run(machine(Store()), args).measure()
    print(report.text(results))
    for name, form in report.FORMATS.items():
        path = getattr(args, name)
        if path:
            with open(path, "w", encoding="utf-8") as f:
                f.write(form(results))


def main(argv=None):
    args = arguments(argv)
    return guarded("bench", lambda: measure(args))


if __name__ == "__main__":
    sys.exit(main())
