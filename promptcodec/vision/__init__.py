"""Measurements of pictures that captioners, layers, checks and generators share."""
