"""Tiny copies of datasets in their real layouts, a file for each dataset."""
