"""Studies: what there is to do, doing it in worker processes, and the rows that come of it."""
