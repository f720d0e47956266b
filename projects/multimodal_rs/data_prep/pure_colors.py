"""Pictures of labels whose colours are not quite those of the classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from multimodal_rs.data_prep.scenes import SceneLayer
from multimodal_rs.datasets.io.opened import OpenedRaster, Window
from multimodal_rs.datasets.io.view import RasterView

# A number between these two may mean 0 as well as 255.
DARK, LIGHT = 95, 160
UNCLEAR = 0.01  # share of such pixels that a label may have
CHANNELS = 3


@dataclass(frozen=True, kw_only=True)
class PureColorsLayer(SceneLayer):
    """A picture of 8 bits whose channels can only mean 0 or 255.

    Others are rounded, such as (252, 255, 0) to (255, 255, 0), and the few
    that may mean either become black, no class. A remark says so once for
    each file.
    """

    def open(self) -> OpenedRaster:
        """Open it for reading, with pure colours."""
        file = super().open()
        if file.bands != CHANNELS or set(file.dtypes) != {'uint8'}:
            return file  # who reads the tiles says what is wrong
        return PureColorsRaster(file)


class PureColorsRaster(RasterView):
    """A picture, in its pure colours. A context manager that owns its source.

    Args:
        source (OpenedRaster): Three bands of 8 bits; closed with this one.
    """

    def __init__(self, source: OpenedRaster) -> None:
        super().__init__(source)
        self.missing = source.missing

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        data = self._source.read(bands, window, out_shape, 'uint8')
        unclear = ((data > DARK) & (data < LIGHT)).any(axis=0)
        if unclear.mean() > UNCLEAR:
            raise ValueError(
                f'{self.path}: {int(unclear.sum())} pixels have colours such '
                f'as {_first(data, unclear)}, expected each channel near 0 or '
                '255: this is no label, or one that was made smaller or '
                'larger; download the file again'
            )
        pure = np.where(unclear | (data < LIGHT), 0, 255).astype('uint8')
        changed = (pure != data).any(axis=0)
        if changed.any() and self.path not in _remarked():
            _remarked().add(self.path)
            print(
                f'Remark: {self.path} has colours such as '
                f'{_first(data, changed)}: each channel is taken as 0 or 255, '
                'whichever is nearer; pixels where neither is near are no '
                'class'
            )
        return pure if dtype is None else pure.astype(dtype)


@cache
def _remarked() -> set[str]:
    """Files of which the remark was made."""
    return set()


def _first(data: np.ndarray, wrong: np.ndarray) -> tuple[int, ...]:
    """Get the first of some colours; data (C, H, W), wrong (H, W)."""
    row, column = np.argwhere(wrong)[0]
    return tuple(data[:, row, column].tolist())
