"""Pictures that hosted models describe: their questions are gathered, and asked together."""
