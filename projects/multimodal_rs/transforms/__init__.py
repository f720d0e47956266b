"""Pipeline transforms for several modalities."""
