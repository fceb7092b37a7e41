import sys
from microdot import Microdot
from microdot.utemplate import Template

app = Microdot()
rows = [(i, "name %d" % i) for i in range(50)]


@app.route("/")
async def index(request):
    return Template("rows.tpl").render(rows), {"Content-Type": "text/html"}


app.run("127.0.0.1", int(sys.argv[1]))
