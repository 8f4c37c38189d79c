"""Streams that every reader refuses: see README.md; ``streams`` makes them and says how each is wrong."""
