# Query strings and forms: percent-encoding (RFC 3986 section 2.1), and the URL Standard's application/x-www-form-urlencoded.

_HEX = b"0123456789abcdefABCDEF"


# Decodes "%XX"; a "%" that does not begin an escape stays.
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


# The length of the UTF-8 sequence at b[i], or, negated, that of an invalid one (Unicode 15, table 3-7).
def _sequence(b, i):
    first = b[i]
    if first < 0x80:
        return 1
    size = 0 if first < 0xC2 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF5 else 0
    low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
    high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
    for n in range(1, size):
        if i + n == len(b) or not low <= b[i + n] <= high:
            return -n
        low, high = 0x80, 0xBF
    return size or -1


# Bytes to text, with U+FFFD for invalid UTF-8. On boards, decode() has no "replace" and accepts surrogates.
def decode(b):
    try:
        s = b.decode()
        if len(s) == len(b):
            return s  # ASCII, the usual case
    except UnicodeError:
        pass
    parts = []
    i = 0
    while i < len(b):
        n = _sequence(b, i)
        parts.append(b[i:i + n] if n > 0 else b"\xef\xbf\xbd")
        i += abs(n)
    return b"".join(parts).decode()


# Percent-encoded text or bytes; "+" stays.
def unquote(s):
    return decode(unquote_to_bytes(s.encode() if isinstance(s, str) else s))


def unquote_plus(s):
    return unquote(s.replace("+", " ") if isinstance(s, str) else s.replace(b"+", b" "))


# Text or bytes to a dict: a str for a name that occurs once, a list for one that is repeated, True for one without "=".
def parse_qs(s):
    res = {}
    if isinstance(s, str):
        s = s.encode()
    start = 0
    while start < len(s):
        end = s.find(b"&", start)
        if end < 0:
            end = len(s)
        equals = s.find(b"=", start, end)
        if end > start:
            name = unquote_plus(s[start:equals if equals >= 0 else end])
            value = unquote_plus(s[equals + 1:end]) if equals >= 0 else True
            if name not in res:
                res[name] = value
            elif isinstance(res[name], list):
                res[name].append(value)
            else:
                res[name] = [res[name], value]
        start = end + 1
    return res
