"""Keeping an archive whole and small: checking, saving what is left, compacting, counting bytes."""
