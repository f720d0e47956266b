"""Arithmetic on pixels that a declaration asks for."""

import numpy as np

from multimodal_rs.datasets.io.opened import Nodata, Scaling

# No unit of remote sensing needs such numbers, but -3.4e38, 1e38 and their
# like mark empty pixels in many products, often without a declaration. A
# single one makes all weights of a network NaN. (Of 16-bit floats only the
# infinities are as large.)
ABSURD = 1e30


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


def unmeasured(data: np.ndarray) -> np.ndarray | None:
    """Find pixels (H, W) that no sensor has measured; None: there are none.

    Those are NaN, infinity, and numbers of ``ABSURD`` or more in any band.

    Args:
        data: (C, H, W) of a floating type.
    """
    # One of them makes the sum of squares too large: cheaper than to ask all.
    flat = data.ravel()
    with np.errstate(over='ignore', invalid='ignore'):
        if np.dot(flat, flat) < min(ABSURD**2, np.finfo(data.dtype).max):
            return None
        return ~(np.abs(data) < ABSURD).all(axis=0)


def count_absurd(data: np.ndarray, nodata: Nodata) -> int:
    """Count finite numbers that no sensor measures and nobody declares."""
    if data.dtype.kind != 'f' or unmeasured(data) is None:
        return 0
    absurd = np.isfinite(data) & (np.abs(data) >= ABSURD)
    if nodata is not None:
        values = nodata if isinstance(nodata, tuple) else [nodata] * len(data)
        for band, pixels, value in zip(data, absurd, values, strict=True):
            if value is not None:
                pixels &= band != in_type(value, data.dtype)
    return int(np.count_nonzero(absurd))
