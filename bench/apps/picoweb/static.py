# Files below static/ are what every app serves.
import sys
import picoweb

app = picoweb.WebApp(__name__)
app.run(debug=-1, port=int(sys.argv[1]))
