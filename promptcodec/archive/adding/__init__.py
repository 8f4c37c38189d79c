"""Adding files: what is taken, what is known already, what failed."""
