# Rows in a B-tree, with the library btreedb on the built-in module btree.
import btreedb


class Note(btreedb.Model):
    __table__ = "note"
    __schema__ = {"id": ("TEXT", ""), "text": ("TEXT", "")}


# Keys are sorted by their characters, which puts these in the order of their numbers.
def key(id):
    return "%08d" % id


class Storage:

    def __init__(self, name):
        self.db = Note.__db__ = btreedb.DB(name)
        self.db.connect()
        Note.create_table(True)

    # Not with scan(): that reads the texts too.
    def ids(self):
        return [int(k) for k in self.db.db.keys()]

    # None if there is no such note.
    def get(self, id):
        try:
            row = Note.get_id(key(id))[0]
        except KeyError:
            return None
        return int(row.id), row.text

    def put(self, id, text):
        Note.create(id=key(id), text=text)
        self.db.f.flush()

    # btreedb has no method for this.
    def delete(self, id):
        del self.db.db[key(id)]
        self.db.db.flush()
        self.db.f.flush()

    def close(self):
        self.db.close()
