"""Steps from the numbers in a file to the units that a network sees.

Each step is called with a source and a target, both (C, H, W). It reads the
source, real numbers of any type, computes in float32 and writes the float32
target, which may be the source. NaN stays where it is. So the first step also
converts what a file holds, one pass over the data less than converting before.
A step whose ``keeps_finite`` is true makes finite numbers of finite ones: what
comes from integers is then not searched for NaN. A modality lists its steps in
``values``; they are not pipeline transforms.
"""

import numpy as np
from mmseg.registry import TRANSFORMS

# For numpy's functions. Without it int32 and float32 would meet in float64.
IN_FLOAT32 = dict(dtype=np.float32, casting='same_kind')


@TRANSFORMS.register_module()
class ScaleValues:
    """Multiply, then add: ``x * factor + offset``.

    Args:
        factor (float): For instance 1e-4 from integers to reflectance.
        offset (float): Added afterwards.
    """

    def __init__(self, factor: float, offset: float = 0.0) -> None:
        self.factor = np.float32(factor)
        self.offset = np.float32(offset)
        with np.errstate(over='ignore'):
            largest = self.factor * np.float32(2**64) + self.offset
        self.keeps_finite = bool(np.isfinite(largest))  # of 64-bit integers

    def __call__(self, source: np.ndarray, out: np.ndarray) -> None:
        np.multiply(source, self.factor, out=out, **IN_FLOAT32)
        if self.offset:
            out += self.offset


@TRANSFORMS.register_module()
class ClipValues:
    """Limit to [low, high].

    Args:
        low (float): Smallest value kept.
        high (float): Largest value kept.
    """

    keeps_finite = True

    def __init__(self, low: float, high: float) -> None:
        if not low < high:
            raise ValueError(
                f'ClipValues: low must be below high, got {low} and {high}'
            )
        self.low = np.float32(low)
        self.high = np.float32(high)

    def __call__(self, source: np.ndarray, out: np.ndarray) -> None:
        np.clip(source, self.low, self.high, out=out, **IN_FLOAT32)


@TRANSFORMS.register_module()
class LinearToDecibel:
    """Linear power to dB: ``10 log10(x)``; x <= 0 has no dB and gets NaN."""

    def __call__(self, source: np.ndarray, out: np.ndarray) -> None:
        np.copyto(out, source, casting='same_kind')
        out[out <= 0] = np.nan
        np.log10(out, out=out)
        out *= np.float32(10)


@TRANSFORMS.register_module()
class RescaleRange:
    """Clip to [low, high] and map that range linearly to [0, 1].

    For SAR in dB the usual choice is (-25, 0). The darkest value becomes 0,
    so that a black image (all zeros) means "no echo".

    Args:
        low (float): Mapped to 0.
        high (float): Mapped to 1.
    """

    keeps_finite = True

    def __init__(self, low: float, high: float) -> None:
        self.clip = ClipValues(low, high)
        self.scale = ScaleValues(1 / (high - low))

    def __call__(self, source: np.ndarray, out: np.ndarray) -> None:
        self.clip(source, out)
        out -= self.clip.low
        self.scale(out, out)
