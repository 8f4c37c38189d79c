"""A second decoder, written from docs/format.md and the tables alone, by somebody who had not seen the first.

It is frozen with version 1 of the format, and so stands for readers of that time: what later code writes
must decode with it. ``python -m tests.reference FILE.pxt --tables promptcodec/models`` prints the values.
"""
