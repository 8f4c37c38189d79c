"""Layers: from what a stream carries (words, a texture, contours, a picture) to bytes, and back.

One module or package each, with ``encode`` and ``decode`` as pure functions. What only an encoder needs
stands below ``encoder`` and is imported when something is encoded; nothing heavy is imported here, so a
reader of one layer does not load the others.
"""
