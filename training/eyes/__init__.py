"""The tables that put what the network sees into words; trained on ``training/labels``."""
