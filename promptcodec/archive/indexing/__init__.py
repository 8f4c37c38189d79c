"""The index beside an archive: what each record says and how it looks."""
