import sys
from board import server


@server.route("/static/<name>")
def static(request, name):
    return server.serve_file("static/" + name)


server.run("127.0.0.1", int(sys.argv[1]))
