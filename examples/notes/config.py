# Where the notes are kept, and how: "filedb", "btree", "btreedb" or "uorm". README.rst compares them.
STORAGE = "filedb"

# The name of its folder or file; None: "notes-" and the storage's name.
NAME = None
