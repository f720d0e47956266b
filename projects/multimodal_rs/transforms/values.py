"""Steps from the numbers in a file to the units that a network sees.

Each step is called with a float32 array (C, H, W), changes it in place and
keeps NaN where it is. A modality lists its steps in ``values``; they are not
pipeline transforms.
"""

import numpy as np
from mmseg.registry import TRANSFORMS


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

    def __call__(self, data: np.ndarray) -> None:
        data *= self.factor
        if self.offset:
            data += self.offset


@TRANSFORMS.register_module()
class ClipValues:
    """Limit to [low, high].

    Args:
        low (float): Smallest value kept.
        high (float): Largest value kept.
    """

    def __init__(self, low: float, high: float) -> None:
        if not low < high:
            raise ValueError(
                f'ClipValues: low must be below high, got {low} and {high}'
            )
        self.low = np.float32(low)
        self.high = np.float32(high)

    def __call__(self, data: np.ndarray) -> None:
        np.clip(data, self.low, self.high, out=data)


@TRANSFORMS.register_module()
class LinearToDecibel:
    """Linear power to dB: ``10 log10(x)``; x <= 0 has no dB and gets NaN."""

    def __call__(self, data: np.ndarray) -> None:
        data[data <= 0] = np.nan
        np.log10(data, out=data)
        data *= np.float32(10)


@TRANSFORMS.register_module()
class RescaleRange:
    """Clip to [low, high] and map that range linearly to [0, 1].

    For SAR in dB the usual choice is (-25, 0). The darkest value becomes 0,
    so that a black image (all zeros) means "no echo".

    Args:
        low (float): Mapped to 0.
        high (float): Mapped to 1.
    """

    def __init__(self, low: float, high: float) -> None:
        self.clip = ClipValues(low, high)
        self.scale = ScaleValues(1 / (high - low))

    def __call__(self, data: np.ndarray) -> None:
        self.clip(data)
        data -= self.clip.low
        self.scale(data)
