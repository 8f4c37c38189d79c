"""Fuzzing of the decoders: see ``__main__``."""
