"""Layers: from what a stream carries (a colour map, contours, a picture) to bytes, and back.

One module each, with ``encode`` and ``decode`` as pure functions. Nothing heavy is
imported here, so a reader of one layer does not load the others.
"""
