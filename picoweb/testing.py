# A client for an app's own tests, without sockets
from .loop import Stream, get_event_loop, json as _json, sleep_ms
from .utils import decode


# The request, and the response
class _Socket:

    def __init__(self, data, limit):
        self.data = data
        self.sent = b""
        self.limit = limit

    def read(self, n):
        data, self.data = self.data[:n], self.data[n:]
        return data

    def readinto(self, buf):
        data = self.read(len(buf))
        buf[:len(data)] = data
        return len(data)

    def write(self, buf, off=0, sz=-1):
        if len(self.sent) >= self.limit:
            raise OSError(104)  # ECONNRESET
        data = bytes(buf)
        data = data[off:off + sz] if sz >= 0 else data[off:]
        self.sent += data
        return len(data)

    def close(self):
        self.limit = 0


class _Connection(Stream):

    def _wait(self, write):
        return sleep_ms(0)


# The fields of a response; names match in any case. Repeated fields are joined by commas; pairs has each of them.
class _Fields:

    def __init__(self, pairs):
        self.pairs = pairs

    def get(self, name, default=None):
        values = [value for key, value in self.pairs if key.lower() == name.lower()]
        return ", ".join(values) if values else default

    def __getitem__(self, name):
        if name not in self:
            raise KeyError(name)
        return self.get(name)

    def __contains__(self, name):
        return self.get(name) is not None


class Response:

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = decode(head).split("\r\n")
        self.status = int(first.split(" ")[1]) if first else 0  # 0: the app closed the connection without a response
        self.headers = _Fields([(name, value.strip()) for name, _, value in [line.partition(":") for line in lines]])

    @property
    def text(self):
        return decode(self.body)

    @property
    def json(self):
        return _json.loads(self.text)


# Percent-encoded, like the names and values of a form.
def _quote(s):
    return "".join([chr(b) if 48 <= b < 58 or 65 <= b < 91 or 97 <= b < 123 else "%%%02X" % b for b in str(s).encode()])


def _encode(form):
    fields = []
    for name, values in form.items():
        for value in values if isinstance(values, (list, tuple)) else (values,):
            fields.append(_quote(name) + "=" + _quote(value))
    return "&".join(fields)


# Keeps cookies of all paths; headers (dict) are sent with each request.
class TestClient:
    __test__ = False  # pytest would take the class for tests

    def __init__(self, app, headers=None, debug=0):
        self.app = app
        self.headers = headers or {}
        self.cookies = {}
        if not app.inited:
            app._begin(debug)

    # The body is data (str or bytes), form (dict) or json. After limit bytes of the response, the client hangs up.
    def request(self, method, url, headers=None, data=b"", form=None, json=None, limit=1 << 30):
        fields = {"Host": "localhost"}
        if form is not None:
            fields["Content-Type"], data = "application/x-www-form-urlencoded", _encode(form)
        elif json is not None:
            fields["Content-Type"], data = "application/json", _json.dumps(json)
        data = data.encode() if isinstance(data, str) else data
        if data or method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = len(data)
        if self.cookies:
            fields["Cookie"] = "; ".join(["%s=%s" % cookie for cookie in self.cookies.items()])
        fields.update(self.headers)
        fields.update(headers or {})
        head = "%s %s HTTP/1.0\r\n%s\r\n" % (method, url, "".join(["%s: %s\r\n" % field for field in fields.items()]))
        return self._talk(_Socket(head.encode() + data, limit))

    def _talk(self, s):
        conn = _Connection(self.app, s, ("127.0.0.1", 0))
        get_event_loop().run_until_complete(self.app._handle(conn, conn))
        raw = s.sent
        conn.close()
        response = Response(raw)
        for name, value in response.headers.pairs:
            if name.lower() == "set-cookie":
                self._keep(value)
        return response

    def _keep(self, cookie):
        pair, *attributes = cookie.split(";")
        name, _, value = pair.strip().partition("=")
        self.cookies[name] = value
        for attribute in attributes:
            key, _, value = attribute.strip().lower().partition("=")
            if key == "max-age" and value[:1] in ("0", "-") or key == "expires" and " 1970 " in value:
                self.cookies.pop(name, None)

    def get(self, url, **options):
        return self.request("GET", url, **options)

    def post(self, url, **options):
        return self.request("POST", url, **options)

    def put(self, url, **options):
        return self.request("PUT", url, **options)

    def patch(self, url, **options):
        return self.request("PATCH", url, **options)

    def delete(self, url, **options):
        return self.request("DELETE", url, **options)
