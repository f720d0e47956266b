"""Datasets: modality declarations, file readers, split lists."""
