"""Encoding on many machines: a pure function over batches of rows, and Ray Data that calls it."""
