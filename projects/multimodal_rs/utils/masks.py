"""The coarse grid of the masks of masked pretraining."""

MASK_STRIDE = 4  # pixels per value of a mask: the tokens of VMamba


def mask_size(size: tuple[int, int]) -> tuple[int, int]:
    """Size of the mask of an image, both (H, W), rounded up."""
    height, width = size
    return -(-height // MASK_STRIDE), -(-width // MASK_STRIDE)
