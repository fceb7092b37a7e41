# Where the notes are kept, and how: "filedb", "btree", "btreedb" or "uorm". README.rst says what each promises.
STORAGE = "filedb"

# The name of its folder or file; None: "notes-" and the storage's name.
NAME = None
