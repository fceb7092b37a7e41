import sys
from microdot import Microdot

app = Microdot()


@app.post("/")
async def index(request):
    return "%s, %s" % (request.form["name"], request.form["city"])


app.run("127.0.0.1", int(sys.argv[1]))
