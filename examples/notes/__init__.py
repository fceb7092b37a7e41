# Notes: an app that is a package, with templates, static files, a JSON API and a storage that config.py chooses.
