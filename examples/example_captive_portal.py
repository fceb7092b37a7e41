# Wi-Fi setup with a captive portal: a phone that joins the board's access point is sent to one page, whatever it asks for. The
# board's DNS server answers every name with its own address, and the last route redirects every path.

import picoweb
import uasyncio

try:
    import socket
except ImportError:
    import usocket as socket

ADDRESS = "192.168.4.1"
DNS_PORT = 53
PAGE = """<!DOCTYPE html><meta name="viewport" content="width=device-width"><title>Wi-Fi</title>
<form method="post">Network <input name="ssid"> Password <input name="password" type="password"> <button>Save</button></form>"""

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/", methods="GET")
def index(req, resp):
    return PAGE


@app.route("/", methods="POST")
def save(req, resp):
    yield from req.read_form_data()
    if not isinstance(req.form.get("ssid"), str) or not isinstance(req.form.get("password"), str):
        raise picoweb.HTTPException(400)
    with open("wifi.txt", "w") as f:
        f.write("%s\n%s\n" % (req.form["ssid"], req.form["password"]))
    return "Saved. Restart the board."


@app.route("/<path:rest>")
def elsewhere(req, resp, rest):
    return picoweb.redirect(resp, "http://%s/" % ADDRESS)


# An answer (RFC 1035) repeats the question, and has one address if the question asked for that.
async def answer_dns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(socket.getaddrinfo("0.0.0.0", DNS_PORT)[0][-1])
    s.setblocking(False)
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([int(n) for n in ADDRESS.split(".")])
    while True:
        await uasyncio.sleep_ms(20)
        try:
            query, client = s.recvfrom(512)
            end = query.find(b"\0", 12) + 5
            found = query[end - 4:end] == b"\0\1\0\1"
            s.sendto(query[:2] + b"\x81\x80\0\1\0" + bytes([found]) + b"\0\0\0\0" + query[12:end] + (record if found else b""), client)
        except OSError:
            pass  # there is no query at the moment


if __name__ == "__main__":
    # On a board, start its access point here: docs/board.rst shows how.
    uasyncio.get_event_loop().create_task(answer_dns())
    app.run(host="0.0.0.0", port=80, debug=True)
