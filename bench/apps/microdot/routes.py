import sys
from microdot import Microdot

app = Microdot()


async def page(request):
    return "Hello"


for i in range(int(sys.argv[2])):
    app.route("/page%03d" % i)(page)

app.run("127.0.0.1", int(sys.argv[1]))
