"""Checkpoints and weights: stems, pretrained files, conversion, loading."""
