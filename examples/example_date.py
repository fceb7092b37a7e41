# The Date field in every response. A server with a clock has to send it, and one without must not (RFC 9110 section 6.6.1), so this
# app sends it only when the time has been set, for example by ntptime.settime().

import picoweb
from picoweb.hooks import add_headers, before

try:
    from time import gmtime
except ImportError:
    from utime import localtime as gmtime  # on Pycopy

DAYS = "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
MONTHS = "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"


# After a reset, the clock starts in 2000, 2015 or 2021.
def date():
    year, month, day, hour, minute, second, weekday = gmtime()[:7]
    if year < 2024:
        return ""
    return "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n" % (DAYS[weekday], day, MONTHS[month - 1], year, hour, minute, second)


class App(picoweb.WebApp):

    # For error pages, too: some are written before a handler is called.
    def handle_error(self, req, resp, e):
        add_date(req, resp)
        return super().handle_error(req, resp, e)


# Once for each response
def add_date(req, resp):
    if not hasattr(req, "dated"):
        req.dated = True
        add_headers(resp, date)


app = App(__name__)
before(app, add_date)


@app.route("/")
def index(req, resp):
    return "What the time was is in the Date field."


if __name__ == "__main__":
    app.run(debug=True)
