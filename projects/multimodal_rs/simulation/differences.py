"""How differently the sensors see one piece of land.

The label and the optical image show the land as it is drawn. The SAR image
can show its objects elsewhere, larger, and leaning towards the sensor; and
some pairs of classes can be made alike for one of the sensors. With
``NO_DIFFERENCES``, the default everywhere, nothing of this happens.

Positions are (row, column) in pixels. The *displacement* d of the ground at
u in label and optical image says that SAR shows it at u + d(u): a network
that moves the SAR map back has to read it there.

The sensor always looks from the left. Augmentation that turns a tile, or
exchanges left and right, turns this direction with it: the network then sees
towns that lean every way. An upside-down tile keeps it, which is all that
``configs/_base_/datasets/simulated_outlines.py`` does.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from multimodal_rs.simulation.fields import Shape, smooth_field
from multimodal_rs.simulation.landscape import Landscape
from multimodal_rs.simulation.signatures import Cover

# Classes that stand up from the ground, the lower one first: height as a
# share of that of the highest. They are what dilation lets grow, too.
HEIGHTS = {Cover.FOREST: 0.7, Cover.URBAN: 1.0}
# Middle of Sentinel-1's swath, 31 to 46 degrees.
INCIDENCE = math.radians(39)
# A displacement changes slowly: within this many times its own length it is
# nearly the same, so that objects move more than they are bent.
COHERENCE = 6
ROUNDS = 30  # of the fixed-point iteration; the error shrinks by half or more


@dataclass(frozen=True)
class SensorDifferences:
    """What SAR shows otherwise than the label and the optical image.

    Attributes:
        displacement: Bound of the length of the displacement, in pixels. It
            varies over the piece, and is about 0.8 of the bound on average.
        dilation: How far forest and towns grow over lower land, in pixels.
        layover: How far the top of a town leans towards the sensor, in
            pixels (forest: 0.7 of it). The sensor looks from the left. The
            shadow behind is as long as the height demands.
        separability: Share that is left of the difference between the
            classes of ``signatures.ALIKE``, 0 to 1.
    """

    displacement: float = 0.0
    dilation: float = 0.0
    layover: float = 0.0
    separability: float = 1.0

    def __post_init__(self) -> None:
        lengths = (self.displacement, self.dilation, self.layover)
        if min(lengths) < 0 or not 0 <= self.separability <= 1:
            raise ValueError(
                'displacement, dilation and layover must not be negative and '
                f'separability must lie in 0..1, got {self}'
            )


NO_DIFFERENCES = SensorDifferences()


def draw_displacement(
    rng: np.random.Generator, shape: Shape, bound: float
) -> np.ndarray:
    """Draw a smooth displacement, (2, H, W) float32, (rows, columns).

    Args:
        rng: Source of randomness.
        shape: (H, W).
        bound: No vector is longer, in pixels.
    """
    scale = max(COHERENCE * bound, 12.0)
    vector = np.stack([smooth_field(rng, shape, scale, 4.0) for _ in range(2)])
    length = np.maximum(np.hypot(*vector), 1e-6)
    return (bound * np.tanh(length) / length * vector).astype(np.float32)


def displace(land: Landscape, displacement: np.ndarray) -> Landscape:
    """Move the ground at u to u + d(u); the edge is continued by mirroring.

    Args:
        land: What is on the ground.
        displacement: (2, H, W), of :func:`draw_displacement`.
    """
    here = np.indices(land.label.shape, np.float32)
    there = here.copy()
    # there + d(there) = here: which ground is seen here.
    for _ in range(ROUNDS):
        there = here - np.stack([_read(d, there, 1) for d in displacement])
    return _rearrange(land, there)


def dilate(land: Landscape, pixels: float) -> Landscape:
    """Let forest and towns grow over lower land.

    Args:
        land: What is on the ground.
        pixels: How far.
    """
    source = np.indices(land.label.shape)
    height = _heights(land)
    for cover, tall in HEIGHTS.items():
        own = land.label == cover
        if not own.any():
            continue
        distance, nearest = ndimage.distance_transform_edt(
            ~own, return_indices=True
        )
        grows = (distance <= pixels) & (height < tall)
        source[:, grows] = nearest[:, grows]
        height[grows] = tall
    return _rearrange(land, source)


def lean(power: np.ndarray, land: Landscape, layover: float) -> np.ndarray:
    """Let what is tall lie over the ground before it and shade that behind.

    Ground range is the column; the sensor is on the left, far away. The top
    of an object of height h returns its echo h / tan(incidence) nearer, where
    it adds to that of the ground. Ground that the object hides, over
    h tan(incidence) behind it, returns nothing, and neither does its foot.
    Beyond the edges the land goes on as its mirror image.

    Args:
        power: (H, W), backscatter, linear.
        land: What is on the ground.
        layover: h / tan(incidence) of the highest class, in pixels.

    Returns:
        (H, W) of the type of ``power``.
    """
    margin = ((0, 0), (math.ceil(2 * layover),) * 2)
    height = np.pad(layover * _heights(land), margin, 'symmetric')
    echo = np.pad(power, margin, 'symmetric')
    rows, columns = np.indices(echo.shape)
    shadow_end = columns + height * math.tan(INCIDENCE) ** 2
    hidden = np.maximum.accumulate(shadow_end, axis=1) > shadow_end
    seen_at = columns - np.rint(height).astype(int)
    visible = ~hidden & (seen_at >= 0)
    result = np.zeros_like(echo)
    np.add.at(result, (rows[visible], seen_at[visible]), echo[visible])
    left = margin[1][0]
    return result[:, left : left + power.shape[1]]


def _heights(land: Landscape) -> np.ndarray:
    """Height of what stands there, (H, W), 1 for the highest class."""
    height = np.zeros(land.label.shape)
    for cover, tall in HEIGHTS.items():
        height[land.label == cover] = tall
    return height


def _read(field: np.ndarray, at: np.ndarray, order: int) -> np.ndarray:
    return ndimage.map_coordinates(field, at, order=order, mode='mirror')


def _rearrange(land: Landscape, source: np.ndarray) -> Landscape:
    """Put at each pixel what ``source`` (2, H, W), (row, column), names."""
    return Landscape(
        label=_read(land.label, source, 0),
        kind=_read(land.kind, source, 0),
        lot=_read(land.lot, source, 0),
    )
