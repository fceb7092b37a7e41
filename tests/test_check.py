"""What every change has to respect: the size of picoweb's module, and ruff's rules (pyproject.toml)."""

import os
import subprocess
import sys

import pytest

import harness

pytest.importorskip("ruff")

# A board's file system and the memory that it compiles in: picoweb's promise.
MAX_CORE_BYTES = 10239


def ruff(*args, **options):
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--quiet", "--output-format", "concise", *args],
                          cwd=harness.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", **options)
    return done.stdout


def test_the_module_is_small():
    assert os.path.getsize(os.path.join(harness.ROOT, "picoweb", "__init__.py")) <= MAX_CORE_BYTES


def test_ruff_finds_nothing():
    assert ruff() == ""


@pytest.mark.parametrize("text, rule", [
    ("def f(x):\n" + "    x()\n" * 37, "PLR0915"), ("async def f(x):\n" + "    x()\n" * 37, "PLR0915"),
    ("# TO" + "DO: later\n", "FIX"), ("# FIX" + "ME\n", "FIX"), ("# X" + "XX\n", "FIX"),
    ("try:\n    x = 1\nexcept:\n    x = 2\n", "E722"), ("import os\n", "F401"),
])
def test_ruff_finds(text, rule):
    assert rule in ruff("--stdin-filename", "picoweb/new.py", "-", input=text)
