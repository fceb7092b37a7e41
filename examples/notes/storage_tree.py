# A B-tree in one file, with the module btree that is built into Pycopy and the firmware of boards.
import btree


# Keys are sorted by their bytes, which puts these in the order of their numbers.
def key(id):
    return b"%08d" % id


class Storage:

    def __init__(self, name):
        try:
            self.f = open(name, "r+b")
        except OSError:
            self.f = open(name, "w+b")
        self.db = btree.open(self.f)

    def ids(self):
        return [int(k) for k in self.db.keys()]

    # None if there is no such note.
    def get(self, id):
        try:
            return id, str(self.db[key(id)], "utf-8")
        except KeyError:
            return None

    def put(self, id, text):
        self.db[key(id)] = text.encode()
        self.flush()

    def delete(self, id):
        del self.db[key(id)]
        self.flush()

    def flush(self):
        self.db.flush()
        self.f.flush()

    def close(self):
        self.db.close()
        self.f.close()
