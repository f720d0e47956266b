"""Helpers without a home in another package."""
