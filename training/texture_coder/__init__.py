"""Train the learned texture coder: pack pictures, train, look at the figures, export the table."""
