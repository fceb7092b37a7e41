import sys
from board import server


def page(request):
    return "Hello"


for i in range(int(sys.argv[2])):
    server.add_route("/page%03d" % i, page)

server.run("127.0.0.1", int(sys.argv[1]))
