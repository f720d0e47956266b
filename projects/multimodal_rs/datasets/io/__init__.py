"""Reading rasters and arrays from disk."""
