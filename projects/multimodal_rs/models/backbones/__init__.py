"""Backbones: {m: (B, C, H, W)} to {m: pyramid}."""
