import sys
from board import server


@server.route("/", ["POST"])
def index(request):
    return "%s, %s" % (request.form["name"], request.form["city"])


server.run("127.0.0.1", int(sys.argv[1]))
