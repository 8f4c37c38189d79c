"""What only an encoder of the texture layer needs."""
