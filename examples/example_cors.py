# CORS lets pages of other sites call this app's API. Before a request that a plain form could not make, the browser asks
# with OPTIONS (the preflight request). See section 3.3 of the Fetch standard.

import picoweb

ALLOWED = (b"http://localhost:3000", b"https://panel.example")

app = picoweb.WebApp(__name__, serve_static=False)


# The header fields for a page of an allowed site. For other sites there are none, so the browser hides the response.
def cors(req):
    origin = req.headers.get(b"Origin")
    headers = [("Vary", "Origin")]
    if origin in ALLOWED:
        headers.append(("Access-Control-Allow-Origin", origin))
    return headers


@app.route("/api/led", methods=("OPTIONS",))
def preflight(req, resp):
    headers = cors(req) + [
        ("Access-Control-Allow-Methods", "GET, PUT"),
        ("Access-Control-Allow-Headers", "Content-Type"),
        ("Access-Control-Max-Age", 600),
    ]
    yield from picoweb.start_response(resp, status=204, headers=headers)


@app.route("/api/led", methods=("GET", "PUT"))
def led(req, resp):
    on = False
    if req.method == "PUT":
        on = yield from req.get_json()
    yield from picoweb.start_response(resp, content_type="application/json", headers=cors(req))
    yield from resp.awrite("true" if on else "false")


if __name__ == "__main__":
    app.run(debug=True)
