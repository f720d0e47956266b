"""What encoders make of an image, as colours."""

import numpy as np


def principal_colours(features: np.ndarray) -> np.ndarray:
    """Draw the three directions in which features vary most.

    Equal features have equal colours, and the more two cells differ, the more
    their colours do. What a colour means depends on the picture.

    Args:
        features: (C, h, w) of any scale.

    Returns:
        (h, w, 3) uint8 RGB. With less than three channels the others are
        grey.
    """
    channels, height, width = features.shape
    cells = features.reshape(channels, -1).T.astype(np.float64)
    cells = cells - cells.mean(axis=0)
    # Eigenvectors of a symmetric matrix, the largest last.
    _, directions = np.linalg.eigh(cells.T @ cells)
    chosen = directions[:, ::-1][:, :3]
    # A direction and its opposite are equally good; take always the same.
    largest = np.abs(chosen).argmax(axis=0)
    chosen = chosen * np.sign(chosen[largest, np.arange(chosen.shape[1])])
    values = cells @ chosen
    low, high = np.percentile(values, (2, 98), axis=0)
    span = np.where(high > low, high - low, 1)
    scaled = np.where(high > low, (values - low) / span, 0.5)
    colours = np.full((height * width, 3), 128, np.uint8)
    colours[:, : chosen.shape[1]] = np.rint(255 * np.clip(scaled, 0, 1))
    return colours.reshape(height, width, 3)
