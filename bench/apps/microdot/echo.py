import sys
from microdot import Microdot

app = Microdot()


@app.post("/")
async def index(request):
    obj = request.json
    obj["sum"] = sum(obj["values"])
    return obj


app.run("127.0.0.1", int(sys.argv[1]))
