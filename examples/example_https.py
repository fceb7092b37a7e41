# HTTPS: pass an SSLContext of the runtime to picoweb as ssl=. This command makes a certificate to try it with:
#
#     openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost -keyout key.pem -out cert.pem
# MicroPython takes DER files:
#     openssl x509 -in cert.pem -outform DER -out cert.der; openssl pkey -in key.pem -outform DER -out key.der

import picoweb

app = picoweb.WebApp(__name__, serve_static=False)


@app.route("/")
def index(req, resp):
    yield from picoweb.start_response(resp)
    yield from resp.awrite("Nobody but you can read this.")


def read(name):
    with open(name, "rb") as f:
        return f.read()


def context():
    try:
        import ssl
    except ImportError:
        try:
            import tls as ssl
        except ImportError:
            import ussl
            ctx = ussl.SSLContext()
            ctx.set_cert_key(read("cert.der"), read("key.der"))
            return ctx
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        ctx.load_cert_chain("cert.pem", "key.pem")
    except (TypeError, ValueError):
        # MicroPython's built-in module takes the contents of the files, not their names.
        ctx.load_cert_chain(read("cert.der"), read("key.der"))
    return ctx


if __name__ == "__main__":
    app.run(debug=True, ssl=context())
