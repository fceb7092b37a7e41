# The storages. Each opens by a name, and has the same methods: ids() in order, get(id), put(id, text), delete(id), close().
# A note is a pair of its number and its text.
# Only one module is imported: the one for the storage that config.py names.

MODULES = {"filedb": "files", "btree": "tree", "btreedb": "treedb", "uorm": "sql"}


def open_storage(kind, name):
    if kind not in MODULES:
        raise ValueError("config.STORAGE is %r: it has to be one of %s" % (kind, ", ".join(sorted(MODULES))))
    module = __import__("notes.storage_" + MODULES[kind], None, None, ("Storage",))
    return module.Storage(name or "notes-" + kind)
