import sys
from microdot import Microdot, send_file

app = Microdot()


@app.route("/static/<path:path>")
async def static(request, path):
    if ".." in path:
        return "Not found", 404
    return send_file("static/" + path)


app.run("127.0.0.1", int(sys.argv[1]))
