"""An archive: pictures as streams in one file, and an index beside it that finds them by what they say."""
