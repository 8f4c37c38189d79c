"""Everything in ``promptcodec/models`` is made here, from data on ``allowlist.toml``."""
