# Freezes picoweb into MicroPython's firmware: make FROZEN_MANIFEST=/path/to/picoweb/manifest.py
import json

with open("package.json") as f:
    package("picoweb", files=[name[len("picoweb/"):] for name, _ in json.load(f)["urls"]])  # noqa: F821
