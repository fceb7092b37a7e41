# Sphinx's configuration: make docs
import os
import re

with open(os.path.join(os.path.dirname(__file__), "..", "setup.py"), encoding="utf-8") as f:
    release = re.search(r'version="(.+?)"', f.read()).group(1)

project = "picoweb"
author = "the picoweb developers"
html_theme = "furo"
html_title = "picoweb " + release
html_copy_source = False
highlight_language = "none"
add_module_names = False
# Unresolved references are errors.
nitpicky = True
