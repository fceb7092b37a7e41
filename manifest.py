# Freezes picoweb into MicroPython's firmware: make FROZEN_MANIFEST=/path/to/picoweb/manifest.py
import os

# What only CPython needs
NOT_HERE = ("_cpython.py", "__main__.py", "asgi.py")

package("picoweb", files=[f for f in sorted(os.listdir("picoweb")) if f.endswith(".py") and f not in NOT_HERE])  # noqa: F821
