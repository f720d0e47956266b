"""Loops and hooks."""
