# Where the notes are kept, and how: "filedb", "btree", "btreedb" or "uorm". README.rst compares them.
STORAGE = "filedb"

# The name of its folder or file; None means "notes-" and the name of the storage.
NAME = None
