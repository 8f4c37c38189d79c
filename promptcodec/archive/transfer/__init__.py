"""Archives to other forms, and back."""
