"""What only an encoder of the structure layer needs."""
