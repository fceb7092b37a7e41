# The logger of an app that brings none.
import sys


class Logger:

    def info(self, msg, *args):
        sys.stderr.write("picoweb: " + (msg % args if args else msg) + "\n")

    debug = warning = error = critical = exception = info
