"""Accuracy of maps by the distance to the edge of a sensor."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from multimodal_rs.utils.labels import IGNORED

# Signed distances to the edge in pixels: negative where the sensor has a gap.
ENDS = (-math.inf, -32, -16, -8, -4, 0, 4, 8, 16, 32, math.inf)
STRIPS = tuple(zip(ENDS[:-1], ENDS[1:], strict=True))


def signed_distance(gap: np.ndarray) -> np.ndarray:
    """Get the distance to the edge of a gap, negative inside.

    Args:
        gap: (H, W) bool, neither nowhere nor everywhere true.

    Returns:
        (H, W) float32 in pixels; those beside the edge have 1 and -1.
    """
    inside, outside = (
        cv2.distanceTransform(
            side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5
        )
        for side in (gap, ~gap)
    )
    return outside - inside


@dataclass
class EdgeAccuracy:
    """Counts of right pixels of several maps in strips along an edge.

    Attributes:
        pixels: Pixels with a label in every strip.
        right: Name of a map -> how many of those it has right.
    """

    pixels: np.ndarray = field(
        default_factory=lambda: np.zeros(len(STRIPS), np.int64)
    )
    right: dict[str, np.ndarray] = field(default_factory=dict)

    def add(
        self,
        gap: np.ndarray,
        label: np.ndarray,
        maps: Mapping[str, np.ndarray],
    ) -> None:
        """Count a scene.

        Args:
            gap: (H, W) bool, see :func:`signed_distance`.
            label: (H, W) train ids, 255 ignored.
            maps: Name -> (H, W) train ids.
        """
        distance = signed_distance(gap)
        for strip, (low, high) in enumerate(STRIPS):
            near, far = sorted((abs(low), abs(high)))
            side = distance < 0 if high <= 0 else distance > 0
            counted = side & (abs(distance) > near) & (abs(distance) <= far)
            counted &= label != IGNORED
            self.pixels[strip] += counted.sum()
            for name, ids in maps.items():
                right = self.right.setdefault(name, np.zeros_like(self.pixels))
                right[strip] += (ids[counted] == label[counted]).sum()

    def rows(self, names: Iterable[str]) -> list[Sequence]:
        """Make a table: a row per strip with pixels and percents right."""
        return [
            [
                _words(low, high),
                int(self.pixels[strip]),
                *(
                    100 * float(self.right[n][strip]) / self.pixels[strip]
                    if self.pixels[strip]
                    else math.nan
                    for n in names
                ),
            ]
            for strip, (low, high) in enumerate(STRIPS)
        ]


def _words(low: float, high: float) -> str:
    side = 'gap' if high <= 0 else 'sensor'
    near, far = sorted((abs(low), abs(high)))
    if math.isinf(far):
        return f'{side}, beyond {near:g} px'
    return f'{side}, {near:g} to {far:g} px'
