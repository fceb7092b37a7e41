# One JSON file per note, with the library filedb.
import sys

if sys.implementation.name == "cpython":
    # Modules of boards that filedb and this file use, and that CPython has under other names.
    import collections
    import os
    os.ilistdir = lambda path: ((name,) for name in os.listdir(path))
    sys.modules.setdefault("ucollections", collections)
    sys.modules["uos"] = os
else:
    import uos as os

import filedb


class Note(filedb.Model):
    __table__ = "note"
    __schema__ = {"id": ("INT", 0), "text": ("TEXT", "")}

    # A prefix for file names. filedb's scan() skips those that begin with a dot.
    prefix = ""

    @classmethod
    def fname(cls, pkey):
        return "%s/%s/%s%s" % (cls.__db__.name, cls.__table__, cls.prefix, pkey)


class Storage:

    def __init__(self, name):
        Note.__db__ = filedb.DB(name)
        Note.create_table(True)

    # filedb's own scan() reads every file, in no order.
    def ids(self):
        names = [entry[0] for entry in os.ilistdir(Note.fname(""))]
        return sorted(int(name) for name in names if name.isdigit())

    # None if there is no such note.
    def get(self, id):
        try:
            row = Note.get_id(id)[0]
        except OSError:
            return None
        return row.id, row.text

    # The old text stays until the new one is complete: filedb by itself would empty the file first.
    def put(self, id, text):
        Note.prefix = "."
        try:
            Note.create(id=id, text=text)
            written = Note.fname(id)
        finally:
            Note.prefix = ""
        os.rename(written, Note.fname(id))

    def delete(self, id):
        os.remove(Note.fname(id))

    def close(self):
        pass
