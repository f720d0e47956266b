"""Fusion necks: {m: pyramid} to a fused pyramid."""
