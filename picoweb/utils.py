# Query strings and forms: percent-encoding (RFC 3986 section 2.1) and the URL Standard's application/x-www-form-urlencoded.

_HEX = b"0123456789abcdefABCDEF"


# Decodes "%XX"; what only looks like it stays.
def unquote_to_bytes(s):
    if b"%" not in s:
        return s
    parts = s.split(b"%")
    for i in range(1, len(parts)):
        part = parts[i]
        if len(part) > 1 and part[0] in _HEX and part[1] in _HEX:
            parts[i] = bytes((int(str(part[:2], "ascii"), 16),)) + part[2:]
        else:
            parts[i] = b"%" + part
    return b"".join(parts)


# How many bytes make the UTF-8 sequence at b[i], and whether it is a whole one (Unicode 15, table 3-7).
def _sequence(b, i):
    first = b[i]
    if first < 0x80:
        return 1, True
    if not 0xC2 <= first <= 0xF4:
        return 1, False
    size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    low, high = 0x80, 0xBF
    if first == 0xE0:
        low = 0xA0
    elif first == 0xED:
        high = 0x9F
    elif first == 0xF0:
        low = 0x90
    elif first == 0xF4:
        high = 0x8F
    for n in range(1, size):
        if i + n == len(b) or not low <= b[i + n] <= high:
            return n, False
        low, high = 0x80, 0xBF
    return size, True


# Bytes to text; U+FFFD stands for what is not UTF-8. MicroPython's own decode() has no "replace", and takes surrogates.
def decode(b):
    try:
        s = b.decode()
        if len(s) == len(b):
            return s  # ASCII, as most are
    except UnicodeError:
        pass
    parts = []
    start = i = 0
    while i < len(b):
        n, whole = _sequence(b, i)
        if not whole:
            parts.append(b[start:i])
            parts.append(b"\xef\xbf\xbd")
            start = i + n
        i += n
    parts.append(b[start:])
    return b"".join(parts).decode()


def unquote_plus(s):
    if isinstance(s, str):
        s = s.encode()
    return decode(unquote_to_bytes(s.replace(b"+", b" ")))


# Text or bytes to a dict; a name that comes once has a str, one that comes again a list, one without "=" True.
def parse_qs(s):
    res = {}
    if isinstance(s, str):
        s = s.encode()
    for pair in s.split(b"&"):
        if not pair:
            continue
        name, equals, value = pair.partition(b"=")
        name = unquote_plus(name)
        value = unquote_plus(value) if equals else True
        if name not in res:
            res[name] = value
        elif isinstance(res[name], list):
            res[name].append(value)
        else:
            res[name] = [res[name], value]
    return res
