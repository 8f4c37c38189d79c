"""The token PPM: text as tokens, each token as a walk down a tree of binary choices."""
