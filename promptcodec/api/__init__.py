"""Hosted models: one connection, its answers stored on disk, its spending capped."""
