"""The forms that recipes are written in, one file each."""
