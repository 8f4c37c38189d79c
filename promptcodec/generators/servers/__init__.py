"""What the generators share that draw at servers people run themselves: profiles, models, pictures."""
