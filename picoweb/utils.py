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
        digits = s[i + 1:i + 3]
        is_escape = len(digits) == 2 and not digits.strip(_HEX)  # int() would accept signs and spaces
        res.append(int(digits, 16) if is_escape else 37)
        start = i + (3 if is_escape else 1)


# Bytes to text, with U+FFFD for invalid UTF-8. On boards, decode() has no "replace" and accepts surrogates.
def decode(b):
    try:
        s = b.decode()
        if len(s) == len(b):
            return s  # ASCII, the usual case
    except UnicodeError:
        pass
    valid = []
    start = i = 0
    while i < len(b):
        first = b[i]
        size = 1 if first < 0x80 else 0 if first < 0xC2 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4 if first < 0xF5 else 0
        # The range of the second byte excludes overlong forms, surrogates and what is past U+10FFFF (Unicode 15, table 3-7).
        low = {0xE0: 0xA0, 0xF0: 0x90}.get(first, 0x80)
        high = {0xED: 0x9F, 0xF4: 0x8F}.get(first, 0xBF)
        n = 1
        while n < size and i + n < len(b) and low <= b[i + n] <= high:
            n += 1
            low, high = 0x80, 0xBF
        i += n
        if n != size:
            valid.append(b[start:i - n])
            start = i
    valid.append(b[start:])
    return b"\xef\xbf\xbd".join(valid).decode()


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
