"""Arithmetic on pixels that a declaration asks for."""

import numpy as np

from multimodal_rs.datasets.io.opened import Scaling


def in_type(value: float | None, dtype: np.dtype) -> np.generic | None:
    """Convert a nodata value to the type of the data, as its pixels were.

    Returns:
        None if no pixel can have it, or if it marks empty ones anyway.
    """
    if value is None or not np.isfinite(value):
        return None
    if dtype.kind not in 'iu':
        with np.errstate(over='ignore'):
            converted = dtype.type(value)
        return converted if np.isfinite(converted) else None
    limits = np.iinfo(dtype)
    if float(value) == float(limits.max):  # of 64 bits it is rounded
        return dtype.type(limits.max)
    fits = limits.min <= value <= limits.max and float(value).is_integer()
    return dtype.type(int(value)) if fits else None


def apply_scaling(data: np.ndarray, scaling: Scaling, out: np.ndarray) -> None:
    """Apply scale and offset per band, in float64 as files state them."""
    scales, offsets = (np.array(x)[:, None, None] for x in scaling)
    np.multiply(data, scales, out=out, dtype=np.float64, casting='same_kind')
    np.add(out, offsets, out=out, dtype=np.float64, casting='same_kind')


def not_finite(data: np.ndarray) -> np.ndarray | None:
    """Find pixels (H, W) with NaN or infinity in any band; None: none."""
    # One of them makes the sum one: cheaper than asking them all.
    with np.errstate(over='ignore', invalid='ignore'):
        if np.isfinite(data.sum()):
            return None
    return ~np.isfinite(data).all(axis=0)
