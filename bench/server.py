"""A server process to measure: it is started, sent requests, and ended in any case."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """What a server did instead of answering, in a word or two for the table."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, request, timeout):
    """The whole response of a server to a request."""
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        s.sendall(request)
        parts = iter(lambda: s.recv(65536), b"")
        return b"".join(parts)


def _child_setup():
    # Interpreters that run in the background inherit an ignored SIGINT, and would not end by it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Server:
    """A command that serves a page at a port, as a context manager; entering waits for the first right answer."""

    def __init__(self, command, folder, environment, port, page, patience=60, timeout=10):
        self.port = port
        self.page = page
        self._command = command
        self._options = {"cwd": folder, "env": dict(os.environ, **environment)}
        self._patience = patience
        self._timeout = timeout
        self._process = None

    def __enter__(self):
        # A file, not a pipe: a server must not block because nobody reads its errors.
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=self._said, start_new_session=True, preexec_fn=_child_setup,
                                         **self._options)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._said.close()

    def _wait(self):
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self.get()
            except ConnectionRefusedError:
                if not self.alive():
                    raise Failed("died")
                if time.monotonic() > deadline:
                    raise Failed("does not listen")
                time.sleep(0.01)

    def alive(self):
        return self._process.poll() is None

    def get(self, times=1):
        """Ask for the page, and make sure that the response is right."""
        for _ in range(times):
            try:
                response = ask(self.port, self.page.request, self._timeout)
            except ConnectionRefusedError:
                raise
            except socket.timeout:
                raise Failed("hangs")
            except OSError:
                response = b""
            if not self.page.right(response):
                raise Failed(self._fate())

    def _fate(self):
        """What happened to a server that gave a wrong response or none; a process takes a moment to die."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        return "errs" if self.alive() else "died"

    def interrupt(self):
        """End the server as Ctrl-C does; return what it wrote to standard error."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            raise Failed("does not end")
        self._said.seek(0)
        return self._said.read().decode("utf-8", "replace")


def real_command(path):
    """The command behind a path that may be a shell script, whose instructions must not be counted."""
    script = "import sys; print(1); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen([path, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            with open("/proc/%d/cmdline" % process.pid, "rb") as f:
                words = [os.fsdecode(word) for word in f.read().split(b"\0")[:-1]]
        except FileNotFoundError:
            # Not Linux.
            words = [path, "-c"]
    return words[:words.index("-c")]
