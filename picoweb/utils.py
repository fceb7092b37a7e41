# Query strings and forms: percent-encoding (RFC 3986 section 2.1), and the URL Standard's application/x-www-form-urlencoded.

_HEX = b"0123456789abcdefABCDEF"


# Decodes "%XX"; a "%" that does not begin an escape stays.
def unquote_to_bytes(s):
    res = bytearray()  # a list of parts would take many times the memory of the text
    start = 0
    while True:
        i = s.find(b"%", start)
        if i < 0:
            return bytes(res) + s[start:] if start else s
        res.extend(s[start:i])
        is_escape = i + 2 < len(s) and s[i + 1] in _HEX and s[i + 2] in _HEX  # int() would accept signs and spaces
        start = i + (3 if is_escape else 1)
        res.append(int(s[i + 1:start], 16) if is_escape else 37)


# Bytes to text, with U+FFFD for invalid UTF-8. On boards, decode() has no "replace" and accepts surrogates.
def decode(b):
    try:
        s = b.decode()
        if len(s) == len(b):
            return s  # ASCII, the usual case
    except UnicodeError:
        pass
    text = bytearray()
    start = i = 0
    while i < len(b):
        first = b[i]
        size = 1 if first < 0x80 else 0 if first < 0xC2 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF5 else 0
        # The range of the second byte excludes overlong forms, surrogates and what is past U+10FFFF (Unicode 15, table 3-7).
        low = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        high = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        n = 1
        while n < size and i + n < len(b) and low <= b[i + n] <= high:
            n += 1
            low, high = 0x80, 0xBF
        i += n
        if n != size:
            text.extend(b[start:i - n])
            text.extend(b"\xef\xbf\xbd")
            start = i
    return str(text + b[start:], "utf-8") if start else s


# Percent-encoded text or bytes; "+" stays.
def unquote(s):
    return decode(unquote_to_bytes(s.encode() if isinstance(s, str) else s))


def unquote_plus(s):
    return unquote(s.replace("+", " ") if isinstance(s, str) else s.replace(b"+", b" "))


# Text or bytes to a dict: a str for a name that occurs once, a list for one that is repeated, True for one without "=".
def parse_qs(s):
    form = {}
    if isinstance(s, str):
        s = s.encode()
    start = 0
    while start < len(s):
        end = s.find(b"&", start)
        if end < 0:
            end = len(s)
        if end > start:
            equals = s.find(b"=", start, end)
            name = unquote_plus(s[start:equals if equals >= 0 else end])
            value = unquote_plus(s[equals + 1:end]) if equals >= 0 else True
            if name not in form:
                form[name] = value
            elif isinstance(form[name], list):
                form[name].append(value)
            else:
                form[name] = [form[name], value]
        start = end + 1
    return form
