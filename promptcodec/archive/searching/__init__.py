"""Searching: a query taken apart, records ranked, and why each matches."""
