import sys
from board import server
from phew.template import render_template

rows = [(i, "name %d" % i) for i in range(50)]


@server.route("/")
def index(request):
    return render_template("templates/rows.phew", rows=rows)


server.run("127.0.0.1", int(sys.argv[1]))
