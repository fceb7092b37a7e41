# Runs the notes app, a package with templates, static files and a storage: see notes/README.rst.

from notes.app import app

if __name__ == "__main__":
    app.run(debug=True)
