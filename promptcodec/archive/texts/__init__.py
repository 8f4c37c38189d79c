"""Texts of an archive coded with a table of its own texts."""
