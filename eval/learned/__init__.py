"""A learned picture codec that sees the words of a picture: CATC, after its paper and published code.

Laboratory only: it needs torch, and has no place in the format. See docs/measurements/learned.md.
"""
