"""The interpreters to test on, and servers started on them: whole wire bytes in, whole wire bytes out.

Nothing here knows what picoweb does; it starts an app file as a user would and talks to it over a socket.
"""

import atexit
import contextlib
import ctypes
import itertools
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(ROOT, "tools"))

import fetch  # noqa: E402
import interpreters  # noqa: E402
import run as runner  # noqa: E402
from store import DEPS  # noqa: E402

# Longer than any sane response, even on a busy machine. Tests of deadlines pass their own.
TIMEOUT = 30
START_TIMEOUT = 60

# One runtime of each kind.
QUICK = os.environ.get("QUICK", "") not in ("", "0")

WASM = os.path.join(DEPS, "wasm", "node_modules")


class Runtime:
    """An interpreter to test on: how to start it, and what distinguishes it."""

    def __init__(self, name, found):
        self.name = name
        self.kind = found.kind
        self.path = found.path
        self.version = found.version
        self.bits = found.bits
        self.is_cpython = found.kind == "cpython"
        self.is_pycopy = found.kind == "pycopy"
        self.is_micropython = found.kind == "micropython"
        self.has_sockets = True

    def __repr__(self):
        return self.name

    def environment(self, path=()):
        """The process environment, with picoweb, the libraries and further folders on the module path."""
        bare = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        bare.update(PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
        return dict(bare, **interpreters.module_path(self.kind, path))

    def options(self, heapsize=None):
        """The interpreter's own options. CPython's heap has no limit, so heapsize is ignored."""
        return ["-X", "heapsize=%d" % heapsize] if heapsize and not self.is_cpython else []

    def serve_command(self, app, port, debug="-", heapsize=None):
        return runner.command(self, app, port, debug, self.options(heapsize))

    def script_command(self, script, args, path, heapsize=None):
        return [self.path, *self.options(heapsize), script, *args]


class Wasm(Runtime):
    """MicroPython inside Node: a memory file system, no sockets."""

    def __init__(self, version):
        numbers = tuple(int(n) for n in version.split("."))
        super().__init__("wasm" + version, interpreters.Interpreter(shutil.which("node"), "micropython", numbers, 32))
        self.folder = os.path.join(WASM, "micropython-" + version)
        self.has_sockets = False

    def script_command(self, script, args, path, heapsize=None):
        folders = [*path, ROOT + "/picoweb=picoweb", os.path.join(DEPS, "lib", "micropython"), os.path.dirname(script)]
        # One thread: V8's others may wait for the main one to collect garbage while that waits for them to end
        # (Node's issue 54918), and Node never exits.
        return [self.path, "--single-threaded", os.path.join(HERE, "wasm.mjs"), self.folder, ":".join(folders), str(heapsize or 0),
                script, *args]


def runtimes():
    """Every interpreter with sockets that is here, and lines that list them and those that are missing."""
    found, lines, reasons = [], [], fetch.reasons()
    for name, (variable, _, _) in interpreters.WANTED.items():
        interpreter = interpreters.find(name)
        if interpreter:
            found.append(Runtime(name, interpreter))
        else:
            lines.append("%s: skipped: %s" % (name, reasons.get(name, "not found (set %s=...)" % variable)))
    pythons = [interpreters.probe(sys.executable)] if QUICK else interpreters.pythons()
    found += [Runtime("cpython%d.%d" % python.version[:2], python) for python in pythons]
    if QUICK:
        running = [r for r in found if r.path == sys.executable]
        found = list({r.kind: r for r in reversed(running + found)}.values())
    return found, ["%s: %s" % (r.name, r.path) for r in found] + lines


def wasms():
    """MicroPython for Node, the oldest and the newest, if they and Node are here."""
    if QUICK:
        return [], []
    if not shutil.which("node"):
        return [], ["wasm: skipped: node is not on this machine"]
    found = [Wasm(name.partition("-")[2]) for name in (sorted(os.listdir(WASM)) if os.path.isdir(WASM) else []) if name.startswith("micropython-")]
    reason = fetch.reasons().get("wasm", "not fetched (tools/fetch.py wasm)")
    return found, ["%s: %s" % (r.name, r.folder) for r in found] or ["wasm: skipped: " + reason]


# Processes

# The number of the system call futex() on arm64, x86-64 and x86.
FUTEX = ("98", "202", "240")
# What the Unix ports themselves write after an interrupt has jumped out of the garbage collector, or past every exception handler.
BROKEN = ("heap is locked", "FATAL: uncaught NLR")
# The errors of an interpreter that was built without TLS or SHA-1.
LACKS = re.compile(r"no module named '(?:ussl|ssl|tls)'|can't import name (?:sha1|SSLContext)|has no attribute '(?:sha1|SSLContext)'")
CRASHES = {-number: number.name for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)}


class Broken(Exception):
    """Not the server's fault: an interrupt has broken the interpreter, or it lacks something. conftest.py skips the test."""


def lack(runtime, text):
    """What a runtime was built without, going by what it wrote; or None."""
    found = None if runtime.is_cpython else LACKS.search(text)
    return found and "%s: %s" % (runtime, found.group())


_servers = set()


@atexit.register
def _kill_all():
    for server in list(_servers):
        server.kill()


def faults():
    """What interrupts have broken in the interpreters of the current servers, or what these interpreters lack."""
    return [fault for fault in [server.fault() or lack(server.runtime, server.log()) for server in list(_servers)] if fault]


def _kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _child_setup(ulimit_n):
    # A test run in the background ignores SIGINT; if the server inherited that, Ctrl-C could not stop it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        # When a test run is killed, its servers end, too.
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if ulimit_n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ulimit_n, ulimit_n))


def _claim_ports():
    """A block of ports that no other test process uses: this one has bound the first port's UDP socket.

    They are below the ports that the kernel assigns to clients."""
    for first in range(12000, 32000, 500):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", first))
        except OSError:
            claim.close()
        else:
            return claim, itertools.cycle(range(first + 1, first + 500))
    raise AssertionError("other test runs have all ports")


_claim, _ports = None, None


def free_port():
    global _claim, _ports
    if not _claim:
        _claim, _ports = _claim_ports()
    while True:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.socket() as s:
            # The server sets this too: a port on which a closed connection still lingers is free.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port


def _listening(port):
    """Whether something listens on a port. On Linux, this needs no connection, which the server would notice."""
    try:
        with open("/proc/net/tcp") as f:
            next(f)
            for line in f:
                address, state = line.split()[1:4:2]
                # Listening sockets come first. After them there can be tens of thousands of connections of earlier tests.
                if state != "0A":
                    return False
                if address.endswith(":%04X" % port):
                    return True
    except OSError:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
    return False


class Response:
    """A parsed reply: `status` int, `reason`, `version`, `headers` a list of pairs in their order, `body` bytes."""

    def __init__(self, raw):
        head, gap, self.body = raw.partition(b"\r\n\r\n")
        assert gap, "this is no whole response head: %r" % raw
        line, *fields = head.decode("latin-1").split("\r\n")
        self.raw = raw
        self.version, status, self.reason = (line.split(" ", 2) + [""])[:3]
        self.status = int(status)
        self.headers = [tuple(field.split(": ", 1)) for field in fields]

    def __repr__(self):
        return repr(self.raw)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The value of a field, or None; it is an error if the field occurs twice."""
        values = self.all(name)
        assert len(values) < 2, "%s comes %d times" % (name, len(values))
        return values[0] if values else None

    def in_order(self):
        return in_order(self.raw)

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body.decode())


def in_order(raw):
    """A whole response with its header fields sorted, because fields of different names may come in any order."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    return b"\r\n".join([line] + sorted(fields)) + gap + body


class Server:
    """An app served by a runtime, as a context manager.

    `app` is a path, or source text (anything with a line break), which gets a folder of its own. The app runs with
    that folder as its current one, or the repository for a path, or `cwd`. `files` (name to str or bytes) are written
    into the folder first. `path` adds folders to the module path, `env` environment variables. After `stop`, `status`
    is the exit status: 0 for an app that ends when it is interrupted.
    """

    def __init__(self, runtime, app, *, debug="-", heapsize=None, ulimit_n=None, cwd=None, files=None, path=(),
                 env=None, port=None, start_timeout=START_TIMEOUT):
        self.runtime = runtime
        self.port = port or free_port()
        self.status = None
        self.folder = tempfile.mkdtemp(prefix="picoweb-")
        if "\n" in app:
            files = dict(files or {}, **{"app.py": app})
            app, cwd = os.path.join(self.folder, "app.py"), cwd or self.folder
        write_files(self.folder, files or {})
        self._cwd = cwd or ROOT
        self._command = runtime.serve_command(os.path.join(self._cwd, app), self.port, debug, heapsize)
        self._environment = dict(runtime.environment(path), **(env or {}))
        self._ulimit_n = ulimit_n
        self._start_timeout = start_timeout
        self._process = None
        self._interrupted = False

    def __enter__(self):
        try:
            self._start()
        except BaseException as e:
            self.__exit__(type(e))
            raise
        return self

    def __exit__(self, kind=None, *rest):
        try:
            if kind:  # a server that does not end must not hide what failed before
                if issubclass(kind, Exception):
                    self._raise_fault()
                    if lack(self.runtime, self.log()):
                        raise Broken(lack(self.runtime, self.log()))
            else:
                self.stop()
        finally:
            self.kill()
            _servers.discard(self)
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self):
        return self._process.pid

    def _start(self):
        with open(self._file("stdout"), "wb") as out, open(self._file("stderr"), "wb") as err:
            self._process = subprocess.Popen(
                self._command, cwd=self._cwd, env=self._environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True, preexec_fn=lambda: _child_setup(self._ulimit_n))
        _servers.add(self)
        deadline = time.monotonic() + self._start_timeout
        while not _listening(self.port):
            if not self.alive() or time.monotonic() > deadline:
                raise AssertionError("%s: the server %s\n%s" % (
                    self.runtime, "does not listen" if self.alive() else "died", self.log()))
            time.sleep(0.01)

    def _file(self, name):
        return os.path.join(self.folder, "." + name)

    def alive(self):
        return self._process is not None and self._process.poll() is None

    def log(self):
        """What the server has written so far, standard output first."""
        text = ""
        for name in "stdout", "stderr":
            with contextlib.suppress(FileNotFoundError), open(self._file(name), "rb") as f:
                text += f.read().decode("utf-8", "replace")
        return text

    def idle(self, timeout=2):
        """Return when the server waits for its clients or the clock, or else after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.alive() and self._state() != "S" and time.monotonic() < deadline:
            time.sleep(0.005)

    def _state(self):
        """The kernel's letter for the state of the process. Without /proc: after a while, S, for sleeping."""
        try:
            with open("/proc/%d/stat" % self.pid) as f:
                return f.read().rpartition(")")[2].split()[0]
        except OSError:
            time.sleep(0.1)
            return "S"

    def interrupt(self):
        """Do what Ctrl-C does, whatever the server is doing: see fault()."""
        self._interrupted = True
        self._process.send_signal(signal.SIGINT)

    def wait(self, timeout=TIMEOUT):
        """The exit status, once the server ends by itself or after `interrupt`."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.status = self._process.wait(min(1, max(0, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                self._raise_fault()
                if time.monotonic() > deadline:
                    raise
            else:
                if self.status:
                    self._raise_fault()
                return self.status

    def fault(self):
        """What an interrupt has broken in the interpreter, or None.

        When a signal comes, the Unix ports of MicroPython and Pycopy jump out of whatever C code they are at: locks stay
        locked, and the heap as it was. Code in Python has no part in what is looked for here.
        """
        if not self._interrupted or self.runtime.is_cpython:
            return None
        log = self.log()
        found = [text for text in BROKEN if text in log]
        if self.alive():
            found += ["the only thread waits for a lock"] * self._waits_for_a_lock()
        else:
            found += [CRASHES[self._process.returncode]] if self._process.returncode in CRASHES else []
        return "%s, broken by the interrupt: %s" % (self.runtime, ", ".join(found)) if found else None

    def _raise_fault(self):
        fault = self.fault()
        if fault:
            self.kill()
            raise Broken(fault)

    def _waits_for_a_lock(self):
        """Whether the only thread waits for a lock, which only another thread could release."""
        try:
            with open("/proc/%d/syscall" % self.pid) as f:
                return f.read().split()[0] in FUTEX and len(os.listdir("/proc/%d/task" % self.pid)) == 1
        except OSError:
            return False

    def stop(self, timeout=TIMEOUT):
        """Interrupt the server when it is idle; return its exit status. It is an error if it does not end."""
        if self._process is None or self.status is not None:
            return self.status
        if self.alive():
            self.idle()
            self.interrupt()
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("%s: Ctrl-C did not end the server in %s seconds\n%s" % (self.runtime, timeout, self.log()))

    def kill(self):
        if self._process is not None and self.status is None:
            _kill(self._process)
            self.status = self._process.returncode

    def connect(self, timeout=TIMEOUT):
        s = socket.create_connection(("127.0.0.1", self.port), timeout)
        # Each piece that a test sends becomes a separate packet.
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def raw(self, data, chunks=None, timeout=TIMEOUT, pause=0, eof=False):
        """Send bytes, and return all that comes until the server closes.

        `chunks` is the size of the pieces, or a list of pieces sent in place of `data`; `pause` seconds lie between
        them. `eof` says that no more will come. A reset is a ConnectionResetError, a silent server a socket.timeout.
        """
        with self.connect(timeout) as s:
            send_pieces(s, pieces(data, chunks), pause)
            if eof:
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_WR)
            return receive_all(s)

    def request(self, method, path, headers=(), body=b"", version="HTTP/1.0", **options):
        """Send a request; `headers` are a dict or pairs. Content-Length is added for a body unless they contain it."""
        return Response(self.raw(request_bytes(method, path, headers, body, version), **options))

    def get(self, path, headers=(), **options):
        return self.request("GET", path, headers, **options)

    def post(self, path, body, headers=(), **options):
        return self.request("POST", path, headers, body, **options)


def write_files(folder, files):
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content.encode() if isinstance(content, str) else content)


# The seed for fuzzing; PICOWEB_SEED=N sets another one. N=10000 sets the number of inputs.
SEED = int(os.environ.get("PICOWEB_SEED", "20240229"))


def fuzz_count(count):
    return int(os.environ.get("N") or count)


def without_validators(raw):
    """A response of the static route without the two fields that all of them have, which test_files.py tests."""
    return re.sub(rb'Accept-Ranges: bytes\r\n|ETag: "[0-9a-f]+-[0-9a-f]+"\r\n', b"", raw)


def request_bytes(method, path, headers=(), body=b"", version="HTTP/1.0"):
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    body = body.encode() if isinstance(body, str) else body
    if body and "content-length" not in [name.lower() for name, _ in pairs]:
        pairs.append(("Content-Length", str(len(body))))
    lines = ["%s %s %s" % (method, path, version), "Host: 127.0.0.1"] + ["%s: %s" % pair for pair in pairs]
    return "".join(line + "\r\n" for line in lines + [""]).encode() + body


def pieces(data, chunks=None):
    """The pieces to send one after another: everything at once, pieces of one size, or the given ones."""
    if chunks is None:
        return [data]
    if isinstance(chunks, int):
        return [data[i:i + chunks] for i in range(0, len(data), chunks)]
    return chunks


def send_pieces(s, parts, pause=0):
    """Send until the server closes the connection; its response can still be read then."""
    for i, part in enumerate(parts):
        if i and pause:
            time.sleep(pause)
        try:
            s.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            return


def receive_all(s):
    received = []
    while True:
        chunk = s.recv(65536)
        if not chunk:
            return b"".join(received)
        received.append(chunk)


def patiently(check, tries=5):
    """The result of check(), which is tried several times: a busy machine makes one try fail, a real fault all of them."""
    for left in reversed(range(tries)):
        try:
            return check()
        except (AssertionError, OSError):
            if not left:
                raise


# Scripts that run inside an interpreter

class Failed(AssertionError):
    """A script inside an interpreter ended badly; the text is what it wrote."""


def run_inside(runtime, script, *args, stdin=None, timeout=100, heapsize=None, path=(), cwd=None):
    """What a script (a path, or source text) writes to standard output when a runtime runs it; raises Failed if it fails.

    The script's folder, the repository and the libraries are on its module path.
    """
    with tempfile.TemporaryDirectory(prefix="picoweb-") as folder:
        if "\n" in script:
            write_files(folder, {"script.py": script})
            script = os.path.join(folder, "script.py")
        done = subprocess.run(
            runtime.script_command(os.path.abspath(script), args, path, heapsize), input=stdin, timeout=timeout,
            env=runtime.environment(path), cwd=cwd or folder, encoding="utf-8", errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: _child_setup(None))
    if done.returncode:
        if lack(runtime, done.stdout + done.stderr):
            raise Broken(lack(runtime, done.stdout + done.stderr))
        raise Failed("%s: exit status %d\n%s%s" % (runtime, done.returncode, done.stdout, done.stderr))
    return done.stdout
