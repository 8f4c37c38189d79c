"""What only the encoder of the recipe layer needs."""
