"""The comparison laboratory: run from a checkout as ``python -m eval...``, not in the wheel."""
