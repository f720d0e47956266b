"""Random fields: the raw material of landscapes, textures and clouds."""

import functools
import math

import numpy as np
from scipy import fft

Shape = tuple[int, int]


def smooth_field(
    rng: np.random.Generator, shape: Shape, length: float, decay: float = 2.5
) -> np.ndarray:
    """Draw a Gaussian random field, (H, W) float32, mean 0, variance 1.

    Its spectrum is flat up to the scale ``length`` and falls off beyond like
    that of a Matern field. Mean and variance are those of the ensemble: a
    field smaller than ``length`` is nearly constant.

    Args:
        rng: Source of randomness.
        shape: (H, W).
        length: Scale in pixels beyond which values are independent.
        decay: Exponent of the amplitude; 2 gives ragged level lines, 4
            smooth ones.
    """
    margin = math.ceil(2 * length)  # the transform is periodic
    grid = tuple(fft.next_fast_len(n + margin, real=True) for n in shape)
    noise = rng.standard_normal(grid, np.float32)
    spectrum = fft.rfft2(noise) * _amplitude(grid, length, decay)
    return fft.irfft2(spectrum, s=grid)[: shape[0], : shape[1]]


@functools.lru_cache(maxsize=64)
def _amplitude(grid: Shape, length: float, decay: float) -> np.ndarray:
    rows = fft.fftfreq(grid[0])[:, None]
    columns = fft.fftfreq(grid[1])[None]
    # A quarter of the wave length is the distance from hill to slope.
    wave = (rows**2 + columns**2) * (4 * length) ** 2
    amplitude = (1 + wave) ** (-decay / 2)
    amplitude /= np.sqrt((amplitude**2).mean())
    return amplitude[:, : grid[1] // 2 + 1].astype(np.float32)


def smooth_line(
    rng: np.random.Generator, length: int, scale: float
) -> np.ndarray:
    """Draw a random function of one variable, (length,), variance 1."""
    noise = rng.standard_normal(length + int(8 * scale))
    reach = np.arange(-int(4 * scale), int(4 * scale) + 1) / scale
    kernel = np.exp(-(reach**2))
    line = np.convolve(noise, kernel / np.sqrt((kernel**2).sum()), 'valid')
    return line[:length]


def rotated_grid(shape: Shape, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (along, across) about the centre, each (H, W), pixels."""
    rows, columns = np.indices(shape, np.float32)
    rows -= (shape[0] - 1) / 2
    columns -= (shape[1] - 1) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    return columns * cos + rows * sin, rows * cos - columns * sin


def lots(
    rng: np.random.Generator, shape: Shape, depth: float, width: float
) -> np.ndarray:
    """Divide the ground into rectangular lots in rows, as fields or blocks.

    Args:
        rng: Source of randomness.
        shape: (H, W).
        depth: Mean depth of a row in pixels.
        width: Mean width of a lot in pixels.

    Returns:
        (H, W) int32, the number of each pixel's lot, from 0 without gaps.
    """
    along, across = rotated_grid(shape, rng.uniform(0, math.pi))
    reach = math.hypot(*shape)
    # Rows bend a little, as roads do.
    across = across + 0.15 * depth * np.sin(along / (6 * width))
    edges = _edges(rng, reach, depth)
    row = np.searchsorted(edges, across)
    shift = rng.uniform(0, width, len(edges) + 1)
    scale = width * rng.uniform(0.6, 1.5, len(edges) + 1)
    lot = np.floor((along + reach + shift[row]) / scale[row]).astype(np.int64)
    return number(row * 100_000 + lot)


def number(areas: np.ndarray) -> np.ndarray:
    """Number the areas of equal value from 0 without gaps, int32."""
    _, numbers = np.unique(areas, return_inverse=True)
    return numbers.reshape(areas.shape).astype(np.int32)


def _edges(rng: np.random.Generator, reach: float, depth: float) -> np.ndarray:
    count = math.ceil(2.5 * reach / depth)
    steps = depth * rng.uniform(0.6, 1.4, count)
    return np.cumsum(steps) - 1.25 * reach


def choose(chance: np.ndarray, shares: np.ndarray | list[float]) -> np.ndarray:
    """Turn uniform numbers into choices with the given shares."""
    limits = np.cumsum(shares)[:-1] / np.sum(shares)
    return np.searchsorted(limits, chance)
