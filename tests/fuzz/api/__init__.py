"""Fuzzing of the server: see ``__main__``."""
