"""What is installed here, what would work now, and why not; nothing heavy is imported to find it out."""
