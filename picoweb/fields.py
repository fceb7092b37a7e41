# The fields of a request's head that has not been seen before (RFC 9112 section 5): where each byte is looked at, once.

# In lower case (RFC 9110 section 5.6.2). The last four are none of a host.
TOKEN = b"abcdefghijklmnopqrstuvwxyz0123456789-_.~!$%&'*+#^`|"


# Where the fields end, or -1: not yet. A ValueError is the client's: 400.
def parse_fields(app, req, head, start):
    find = head.find
    first = 0 if req._parsed else start
    while True:
        end = find(b"\n", start)
        if end - start < 2:
            break
        colon = find(b":", start, end)
        name = head[start:colon].lower()
        value = head[colon + 1:end - (head[end - 1] == 13)].replace(b"\t", b" ")
        # isalpha() is the fastest look at all bytes of a name, min() at those of a value. A CR is a control character, too.
        if (colon <= start or not name.replace(b"-", b"").isalpha() and name.strip(TOKEN)
                or min(value or b" ") < 32 or b"\x7f" in value):
            raise ValueError
        if name == b"host":
            parse_host(req, value.strip())
        elif name in (b"content-length", b"content-type", b"transfer-encoding", b"expect"):
            from .headers import frame
            frame(req, name, value.strip())
            first = 0
        start = end + 1
    if end < 0:
        req._parsed = start
    elif end > start and head[start] != 13 or req._host is None:
        raise ValueError
    elif first and req._host and end - first < 640:
        app._seen = head[first:end + 1]
    return end


# One host, and a port (RFC 9112 section 3.2, RFC 3986 section 3.2.2)
def parse_host(req, value):
    host = value.rstrip(b"0123456789")
    host = host[:-1] if host[-1:] == b":" else value
    allowed = TOKEN[:-4] + b"()=;"
    if host[:1] + host[-1:] == b"[]":
        host = host[1:-1]
        allowed = b"0123456789abcdef:."
    if req._host or not host or host.lower().strip(allowed):
        raise ValueError
    req._host = value
