"""Which pixels a declaration calls invalid, in the numbers of the files."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from multimodal_rs.datasets.display import Display
from multimodal_rs.datasets.modality import Modality


def prepared(
    data: np.ndarray,
    nodata: Sequence[float | None],
    masked: np.ndarray | None,
    modality: Modality,
    bands: Sequence[int] | None = None,
) -> np.ndarray:
    """Mark what the declaration calls invalid, in the units of the file.

    Bands that the declaration does not read count one by one.

    Args:
        data: (C, H, W), all bands as read.
        nodata: What the file declares for each of them.
        masked: True where its mask says empty, (H, W) or (C, H, W).
        modality: The declaration.
        bands: Where the bands that it reads are; None: where it says.

    Returns:
        (C, H, W) float32, NaN where invalid.
    """
    out = np.empty(data.shape, np.float32)
    read = list(dict.fromkeys(modality.indices if bands is None else bands))
    others = [[b] for b in range(len(data)) if b not in read]
    for group in [read] * bool(read) + others:
        alone = replace(
            plain(modality), bands=tuple(range(len(group))), file_bands=None
        )
        declared = tuple(nodata[b] for b in group)
        same = len(set(map(str, declared))) == 1
        each = masked is not None and masked.ndim == 3
        block = np.empty((len(group), *data.shape[1:]), np.float32)
        alone.prepare(
            data[group],
            declared[0] if same else declared,
            masked[group] if each else masked,
            out=block,
        )
        out[group] = block
    return out


def plain(modality: Modality) -> Modality:
    """Leave of a declaration what says which pixels are invalid."""
    return replace(
        modality,
        scale='ignore',
        values=(),
        mean=None,
        std=None,
        file_range=None,
        display=Display(),
    )
