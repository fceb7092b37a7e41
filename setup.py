"""Packages: `pip install .` for a PC, `python setup.py sdist` for boards (an archive in upip's form)."""

import os
import re
import sys

from setuptools import setup

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "tools"))

from sdist import read, sdist  # noqa: E402


class BoardArchive(sdist):
    requires = ("pycopy-uasyncio", "pycopy-pkg_resources")
    leave_out = ("picoweb/_cpython.py", "picoweb/__main__.py", "picoweb/asgi.py", "*.pyi", "*/py.typed")


def description(text):
    """README for an index, which shows only the text: without pictures, and with the names of files instead of links to them."""
    text = re.sub(r"^\.\. image:: (?!https?:).*\n(?: .*\n)*\n", "", text, flags=re.M)
    return re.sub(r"`[^`<]+<(?!https?:)([^>]+)>`__", r"``\1``", text)


setup(
    name="picoweb",
    version="2.0.0",
    description="A web framework for boards with some tens of kilobytes of memory: MicroPython, Pycopy and CPython",
    long_description=description(read(os.path.join(HERE, "README.rst")).decode()),
    long_description_content_type="text/x-rst",
    author="the picoweb developers",
    license="MIT",
    license_files=["LICENSE"],
    classifiers=[
        "Environment :: Web Environment",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: Implementation :: CPython",
        "Programming Language :: Python :: Implementation :: MicroPython",
        "Topic :: Internet :: WWW/HTTP :: HTTP Servers",
        "Topic :: Software Development :: Embedded Systems",
    ],
    python_requires=">=3.8",
    packages=["picoweb"],
    package_data={"picoweb": ["*.pyi", "py.typed"]},
    entry_points={"console_scripts": ["picoweb = picoweb.__main__:main"]},
    # The modules that app files import by the names that they have on boards.
    install_requires=["pycopy-cpython-" + name for name in (
        "micropython", "uerrno", "uio", "ujson", "ulogging", "uos", "ure", "utime")],
    cmdclass={"sdist": BoardArchive},
    zip_safe=False,
)
