"""Streams that every later version decodes to the same values: see ``__main__``."""
