"""Confusion matrices, what is computed from them, and metrics."""
