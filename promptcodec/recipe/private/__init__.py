"""What a recipe says about its owner: the places in its texts, and the names of keys that say so."""
