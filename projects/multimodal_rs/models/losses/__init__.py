"""Losses that mmseg lacks."""
