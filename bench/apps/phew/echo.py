import json
import sys
from board import server


@server.route("/", ["POST"])
def index(request):
    obj = request.data
    obj["sum"] = sum(obj["values"])
    return json.dumps(obj), 200, "application/json"


server.run("127.0.0.1", int(sys.argv[1]))
