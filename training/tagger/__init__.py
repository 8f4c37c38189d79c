"""The tagger: its network, its words and their thresholds, and the directions of the signature."""
