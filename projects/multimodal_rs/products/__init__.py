"""What a team makes of a map of classes, whatever program has written it."""
