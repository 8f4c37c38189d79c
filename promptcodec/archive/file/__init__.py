"""How records are kept in a file: SQLite's tables, the blobs in them, and the way through."""
