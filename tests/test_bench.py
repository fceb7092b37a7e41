"""The measuring tools: they complete a tiny run, and report what died. The figures themselves are not checked."""

import csv
import os
import subprocess
import sys
import xml.etree.ElementTree

import pytest

import harness
from store import DEPS, ROOT

BENCH = os.path.join(ROOT, "bench")
sys.path.insert(0, BENCH)

import bench  # noqa: E402
import contenders  # noqa: E402
import measures  # noqa: E402
import report  # noqa: E402
import server  # noqa: E402
import size  # noqa: E402

HELLO = contenders.PAGES[0]
OURS = [c for c in contenders.CONTENDERS if c.name == contenders.OURS and c.kind == "micropython"][0]
CEILING = [c for c in contenders.CONTENDERS if c.name == contenders.CEILING and c.kind == "micropython"][0]


def tool(*command):
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100,
                          encoding="utf-8", cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def board(pytestconfig):
    """The path of a MicroPython."""
    for runtime in pytestconfig.runtimes:
        if runtime.is_micropython and runtime.has_sockets:
            return runtime.path
    pytest.skip("no MicroPython here")


def served(contender, page, board):
    """Ask for a page once, on an interpreter."""
    with measures.bench(contender, page, 128) as one, one.server([board]) as running:
        running.get()


# The command

def test_a_tiny_run(tmp_path, board):
    files = {name: str(tmp_path / name) for name in report.FORMATS}
    options = [word for name, path in files.items() for word in ("--" + name, path)]
    status, out, progress = tool(
        os.path.join(BENCH, "bench.py"), "--only", "picoweb", "--page", "hello", "--measure", "allocated", "--measure", "size",
        "--measure", "rate", "--rounds", "1", "--seconds", "0.2", "--load", "own", *options)
    assert status == 0, progress
    assert "micropython, picoweb, hello" in progress
    rows = [line for line in out.splitlines() if line.startswith("MicroPython  hello")]
    assert len(rows) == 1 and " picoweb " in rows[0], out
    with open(files["csv"]) as f:
        table = list(csv.DictReader(f))
    assert table[0]["server"] == "picoweb"
    assert float(table[0]["rate_1"]) > 0
    with open(files["md"]) as f:
        assert f.readline().startswith("| interpreter | page | server | ")
    assert xml.etree.ElementTree.parse(files["svg"]).getroot().tag.endswith("}svg")


def test_an_unknown_page_is_one_line():
    status, _, said = tool(os.path.join(BENCH, "bench.py"), "--page", "nope")
    assert status == 2
    assert "invalid choice: 'nope'" in said.splitlines()[-1]


def test_no_valgrind_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    run = bench.Run(bench.Machine(None, {}, 128, set()), bench.arguments(["--measure", "instructions"]))
    assert run.measure() == {}
    assert capsys.readouterr().err == "instructions: skipped: valgrind is not on this machine\n"


def test_sizes_of_each_file():
    if not harness.interpreters.find("micropython32"):
        pytest.skip("no 32-bit MicroPython is here")
    status, out, said = tool(os.path.join(ROOT, "tools", "size.py"))
    assert status == 0, said
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert int(rows["picoweb/__init__.py"][0].replace(",", "")) == os.path.getsize(os.path.join(ROOT, "picoweb/__init__.py"))
    assert not {"picoweb/_cpython.py", "picoweb/__main__.py"} & set(rows)
    assert "total" in rows


@pytest.mark.parametrize("level, path", [("2", True), ("3", False)], ids=["with paths", "without paths"])
def test_compiled_for_boards(tmp_path, board, level, path):
    status, _, said = tool(os.path.join(ROOT, "tools", "mpy.py"), str(tmp_path), level)
    assert status == 0 and "emitting mpy v6" in said, said
    assert not [name for name in os.listdir(str(tmp_path / "picoweb")) if not name.endswith(".mpy")]
    with open(str(tmp_path / "picoweb" / "__init__.mpy"), "rb") as f:
        assert (b"picoweb/__init__.py" in f.read()) is path
    done = subprocess.run([board, "-c", "import picoweb; print(picoweb.__file__)"], stdout=subprocess.PIPE,
                          cwd=str(tmp_path), encoding="utf-8")
    assert done.stdout == "picoweb/__init__.mpy\n"


def test_a_level_that_there_is_not(tmp_path):
    assert tool(os.path.join(ROOT, "tools", "mpy.py"), str(tmp_path), "4") == (2, "", "mpy: there is no level 4: choose OPT=0 to OPT=3\n")


# The servers

@pytest.mark.parametrize("page", contenders.PAGES, ids=lambda page: page.name)
def test_each_page_of_picoweb_is_right(page, board):
    served(OURS, page, board)


@pytest.mark.parametrize("contender", [c for c in contenders.CONTENDERS if c.kind == "micropython" and c is not OURS],
                         ids=lambda c: c.name)
def test_each_peer_serves_hello(contender, board):
    if contender.root and not os.path.isdir(os.path.join(DEPS, contender.root)):
        pytest.skip("not fetched")
    served(contender, HELLO, board)


@pytest.mark.parametrize("script, word", [
    ("raise SystemExit", "died"),
    ("import socket, sys\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\ns.accept()", "died"),
    ("import socket, sys\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nwhile 1: s.accept()[0].close()", "errs"),
    ("import socket, sys\ns = socket.create_server(('127.0.0.1', int(sys.argv[1])))\nc = s.accept()\ns.accept()", "hangs"),
], ids=["ends at once", "ends at a request", "answers nothing", "does not answer"])
def test_what_a_bad_server_does_is_said(tmp_path, script, word):
    port = harness.free_port()
    bad = server.Server([sys.executable, "-c", script, str(port)], str(tmp_path), {}, port, HELLO, timeout=3)
    with pytest.raises(server.Failed, match=word), bad:
        pass
    assert not bad.alive()


def test_a_wrong_answer_is_not_right():
    assert HELLO.right(b"HTTP/1.0 200 NA\r\n\r\nHello")
    assert not HELLO.right(b"HTTP/1.0 200 NA\r\n\r\nHell")
    assert not HELLO.right(b"HTTP/1.0 500 NA\r\n\r\nHello")
    assert not HELLO.right(b"")


def test_the_request_is_a_browsers():
    head = HELLO.request.split(b"\r\n")
    assert head[0] == b"GET / HTTP/1.1"
    assert len(head) - 3 == 13


def test_the_program_behind_a_script(tmp_path, board, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it, CPython says at once what else it would keep
    script = str(tmp_path / "script")
    harness.write_files(str(tmp_path), {"script": '#!/bin/sh\nexec "%s" "$@"\n' % sys.executable})
    os.chmod(script, 0o755)
    assert server.real_command(script) == [sys.executable]
    done = subprocess.run(server.real_command(board) + ["-c", "print(1)"], stdout=subprocess.PIPE)
    assert done.stdout == b"1\n"


def test_allocations_are_exact(board):
    with measures.bench(CEILING, HELLO, 128) as one:
        first, second = [measures.allocated(one, board, 5) for _ in range(2)]
    assert first == second > 0


def test_bisection():
    assert size.bisect(lambda n: n >= 700, 0, 1024, 64) == 704
    assert size.bisect(lambda n: n >= 640, 0, 1024, 64) == 640
    assert size.bisect(lambda n: False, 0, 1024, 64) is None


# The table

RESULTS = {
    ("micropython", "hello", "ceiling"): {"instructions": 100.0, "rate_10": 1.0},
    ("micropython", "hello", "picoweb"): {"instructions": 200.0, "rate_10": 0.8},
    ("micropython", "hello", "microdot 2"): {"instructions": 1600.0, "rate_10": "died"},
    ("pycopy", "hello", "picoweb 1.8.2"): {"instructions": 400.0},
}


def test_the_table_has_ratios_and_what_died():
    rows = [line.split("  ") for line in report.text(RESULTS).splitlines()[1:5]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [
        ["MicroPython", "hello", "ceiling", "100 (x0.50)", "1.00 (x1.2)"],
        ["MicroPython", "hello", "picoweb", "200", "0.80"],
        ["MicroPython", "hello", "microdot 2", "1,600 (x8.0)", "died"],
        ["Pycopy", "hello", "picoweb 1.8.2", "400", "-"],
    ]


def test_the_table_as_markdown():
    assert report.markdown(RESULTS).splitlines()[:4] == [
        "| interpreter | page | server | instructions | 10 |",
        "| --- | --- | --- | ---: | ---: |",
        "| MicroPython | hello | ceiling | 100 (x0.50) | 1.00 (x1.2) |",
        "| MicroPython | hello | picoweb | 200 | 0.80 |",
    ]


def test_the_table_as_csv():
    assert report.comma_separated(RESULTS).splitlines() == [
        "interpreter,page,server,instructions,instructions_to_picoweb,rate_10,rate_10_to_picoweb",
        "micropython,hello,ceiling,100.0,0.5000,1.0,1.2500",
        "micropython,hello,picoweb,200.0,,0.8,",
        "micropython,hello,microdot 2,1600.0,8.0000,died,",
        "pycopy,hello,picoweb 1.8.2,400.0,,,",
    ]


def test_the_plot_leaves_out_what_died():
    root = xml.etree.ElementTree.fromstring(report.svg(RESULTS))
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert texts.count("microdot 2") == 1
    assert texts.count("picoweb") == 2
    assert "picoweb 1.8.2, Pycopy" in texts
