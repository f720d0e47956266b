"""Pictures of modalities, labels and predictions."""
