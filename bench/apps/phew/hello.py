import sys
from board import server


@server.route("/")
def index(request):
    return "Hello"


server.run("127.0.0.1", int(sys.argv[1]))
