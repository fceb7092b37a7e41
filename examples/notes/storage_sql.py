# A table in SQLite, with the library uorm: over pycopy-sqlite3 where there is ffi, over the built-in module on CPython.
import sqlite3
import sys
import uorm


if sys.implementation.name == "cpython":
    # uorm writes %s where CPython's module needs "?".
    class Cursor(sqlite3.Cursor):

        def execute(self, sql, args=()):
            return super().execute(sql.replace("%s", "?"), tuple(args))

    class Connection(sqlite3.Connection):

        def cursor(self):
            return super().cursor(Cursor)

    class DB(uorm.DB):

        # Each statement is a transaction, as it is with pycopy-sqlite3.
        def connect(self):
            self.conn = sqlite3.connect(self.name, isolation_level=None, factory=Connection)
else:
    DB = uorm.DB


class Note(uorm.Model):
    __table__ = "note"
    __schema__ = "CREATE TABLE IF NOT EXISTS note(id INTEGER PRIMARY KEY, text TEXT NOT NULL)"


class Storage:

    def __init__(self, name):
        self.db = Note.__db__ = DB(name)
        self.db.connect()
        Note.create_table()

    def ids(self):
        return [row[0] for row in Note.execute("SELECT id FROM note ORDER BY id")]

    # None if there is no such note.
    def get(self, id):
        for row in Note.get_id(id):
            return row[0], row[1]

    def put(self, id, text):
        if self.get(id):
            Note.update({"id": id}, text=text)
        else:
            Note.create(id=id, text=text)

    def delete(self, id):
        Note.execute("DELETE FROM note WHERE id=%s", (id,)).c.close()

    def close(self):
        self.db.close()
