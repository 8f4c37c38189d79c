"""Where a comparison counts half: the distance, or the share, of each field; see docs/reference/checks.md."""

AGREES = 0.5
"""Closeness from which a field agrees."""
CELL_COLOUR = 14.0
"""CIEDE2000 between a cell and its words."""
LAYER_COLOUR = 12.0
"""CIEDE2000 between a picture and a texture or pixels layer."""
WORST_PLACES = 28.0
"""CIE 1976 difference of the tenth of the places that misses most."""
TEXTURE_STEPS = 1.5
"""Classes of texture apart."""
CONTOUR_RATIO = 1.5
"""Gradient on the contours over the mean; at twice this they agree fully."""
SIGNATURE = {
    "content": ("semantics", 0.46),
    "colour": ("photometry", 0.06),
    "layout": ("geometry", 0.27),
}
"""Aim of each part of the signature, and the distance that best tells the same picture, compressed, shrunk,
cropped or blurred, from others (training/tagger/principal.py --measure; docs/reference/tags.md)."""
