# CORS lets pages of other sites call this app's API. Before a request that a plain form could not make, the browser asks
# with OPTIONS (the preflight request); that is answered from the route table.
#     curl -H "Origin: https://panel.example" -i http://127.0.0.1:8081/api/led

import picoweb
from picoweb.cors import CORS

app = picoweb.WebApp(__name__, serve_static=False)

CORS(app, ("http://localhost:3000", "https://panel.example"))

led = {"on": False}


@app.route("/api/led", methods=("GET", "PUT"))
def switch(req, resp):
    if req.method == "PUT":
        led["on"] = bool((yield from req.get_json()))
    return led


if __name__ == "__main__":
    app.run(debug=True)
