"""The figures as text, Markdown, CSV and SVG. A row is for an interpreter, a page and a server; a word tells what failed."""

import csv
import io

from contenders import OURS

# column: its title, and the format of its figures. Less is better, except for rates.
COLUMNS = {
    "instructions": ("instructions", "{:,.0f}"),
    "allocated": ("bytes allocated", "{:,.0f}"),
    "heap_source": ("heap, source", "{:,}"),
    "heap_mpy": ("heap, .mpy", "{:,}"),
    "source": ("source", "{:,}"),
    "mpy": (".mpy", "{:,}"),
    "rate_1": ("rate, 1 client", "{:.2f}"),
    "rate_10": ("10", "{:.2f}"),
    "rate_50": ("50", "{:.2f}"),
}
INTERPRETERS = {"micropython": "MicroPython", "pycopy": "Pycopy"}

NOTE = """Instructions and bytes allocated are per request; heap is the smallest that serves 20 requests, 32-bit; source and .mpy are
bytes of the framework's files. A rate is requests per second as a share of the ceiling's, which parses nothing.
(x2.0) is the ratio to picoweb on the same interpreter."""


def ratio(results, key, column):
    """A figure divided by picoweb's; None if one of them is missing, or if the row is picoweb's own."""
    kind, page, name = key
    own = results.get((kind, page, OURS), {}).get(column)
    figure = results[key].get(column)
    if name == OURS or not _number(own) or not _number(figure):
        return None
    return figure / own


def _number(value):
    return isinstance(value, (int, float)) and value > 0


def _used(results):
    return [column for column in COLUMNS if any(column in row for row in results.values())]


def _cell(results, key, column):
    value = results[key].get(column)
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    part = ratio(results, key, column)
    return COLUMNS[column][1].format(value) + ("" if part is None else " (x{:.1f})".format(part)
                                               if part >= 0.995 else " (x{:.2f})".format(part))


def _table(results):
    """Rows of cells, the titles first, grouped by interpreter and page."""
    columns = _used(results)
    kinds, pages = [list(dict.fromkeys(key[i] for key in results)) for i in (0, 1)]
    keys = sorted(results, key=lambda key: (kinds.index(key[0]), pages.index(key[1])))
    rows = [["interpreter", "page", "server"] + [COLUMNS[column][0] for column in columns]]
    for key in keys:
        rows.append([INTERPRETERS[key[0]], key[1], key[2]] + [_cell(results, key, column) for column in columns])
    return rows


def text(results):
    rows = _table(results)
    widths = [max(map(len, cells)) for cells in zip(*rows)]
    lines = []
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:3], widths)]
        words += [cell.rjust(width) for cell, width in zip(row[3:], widths[3:])]
        lines.append("  ".join(words).rstrip())
    return "\n".join(lines + ["", NOTE])


def markdown(results):
    rows = _table(results)
    rows.insert(1, ["---"] * 3 + ["---:"] * (len(rows[0]) - 3))
    return "".join("| %s |\n" % " | ".join(row) for row in rows) + "\n%s\n" % NOTE


def comma_separated(results):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = _used(results)
    writer.writerow(["interpreter", "page", "server"] + [name for c in columns for name in (c, c + "_to_picoweb")])
    for key, row in results.items():
        cells = []
        for column in columns:
            part = ratio(results, key, column)
            value = row.get(column, "")
            cells += [round(value, 4) if isinstance(value, float) else value, "" if part is None else "%.4f" % part]
        writer.writerow(list(key) + cells)
    return out.getvalue()


# The plot

# The columns that the plot shows: one panel of bars for each.
PANELS = {
    "instructions": "Instructions per request",
    "allocated": "Bytes allocated per request, 32-bit",
    "heap_source": "Smallest heap from source, bytes, 32-bit",
    "heap_mpy": "Smallest heap as .mpy, bytes, 32-bit",
    "rate_10": "Requests per second at 10 clients, as a share of the ceiling",
}
WIDTH, LABEL, BAR, GAP, TITLE = 720, 190, 18, 6, 34
LONGEST = WIDTH - LABEL - 110
# Readable on white and on dark pages.
STYLE = "text { font: 13px sans-serif; fill: #777 } .title { font-weight: bold } .bar { fill: #9ab } .own { fill: #d73 }"


def svg(results, page="hello"):
    """A plot of a page's figures, a panel of bars for each."""
    parts, y = [], 10
    for column, title in PANELS.items():
        bars = [(_label(key), row[column], key[2] == OURS) for key, row in results.items()
                if key[1] == page and _number(row.get(column))]
        if bars:
            parts += _panel(title, bars, COLUMNS[column][1], y)
            y += TITLE + len(bars) * (BAR + GAP) + 10
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">\n<style>%s</style>\n%s\n</svg>\n'
            % (WIDTH, y, WIDTH, y, STYLE, "\n".join(parts)))


def _label(key):
    return key[2] if key[0] == "micropython" else "%s, %s" % (key[2], INTERPRETERS[key[0]])


def _panel(title, bars, form, y):
    parts = ['<text class="title" x="4" y="%d">%s</text>' % (y + 16, title)]
    most = max(value for _, value, _ in bars)
    y += TITLE - 6
    for label, value, own in bars:
        length = max(1, round(LONGEST * value / most))
        middle = y + BAR - 5
        parts.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (LABEL - 8, middle, label))
        parts.append('<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>' % ("own" if own else "bar", LABEL, y, length, BAR))
        parts.append('<text x="%d" y="%d">%s</text>' % (LABEL + length + 6, middle, form.format(value)))
        y += BAR + GAP
    return parts


FORMATS = {"md": markdown, "csv": comma_separated, "svg": svg}
