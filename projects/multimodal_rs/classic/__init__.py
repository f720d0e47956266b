"""Classifiers from before neural networks, on the same pixels and splits."""
