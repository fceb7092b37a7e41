import sys
from microdot import Microdot

app = Microdot()


@app.route("/")
async def index(request):
    return "Hello"


app.run("127.0.0.1", int(sys.argv[1]))
