"""Functions that need no connection, inside each interpreter, including those in Node."""

import os

import pytest

import harness
import vectors


def test_utils(interpreter):
    assert harness.run_inside(interpreter, os.path.join(harness.HERE, "inside_utils.py")) == "ok\n"


URLENCODED = """
import inside
from picoweb.utils import parse_qs

for name, text, expected in %s:
    form = parse_qs(text)
    inside.check(name, form, expected)
    inside.check(name + " as bytes", parse_qs(text.encode()), expected)
print("ok")
"""


def picoweb_form(text, pairs):
    """A form as picoweb parses it: several values are a list, and a name without "=" has the value True."""
    bare = iter("=" not in part for part in text.split("&") if part)
    form = {}
    for name, value in pairs:
        form.setdefault(name, []).append(True if next(bare) else value)
    return {name: values if len(values) > 1 else values[0] for name, values in form.items()}


def test_urlencoded(interpreter):
    cases = [(name, text, picoweb_form(text, pairs)) for name, text, pairs in vectors.URLENCODED]
    # ascii() keeps the script readable for whoever reads files in another encoding.
    assert harness.run_inside(interpreter, URLENCODED % ascii(cases), path=[harness.HERE]) == "ok\n"


@pytest.mark.parametrize("table", [name for name in dir(vectors) if isinstance(getattr(vectors, name), list)])
def test_names_of_vectors_are_unique(table):
    # A field has its section and its risk before its name.
    names = [row[2 if table == "BAD_FIELDS" else 0] for row in getattr(vectors, table)]
    assert len(names) == len(set(names))
