"""Which bands a pretrained first convolution reads, and in which order."""

import re
from collections.abc import Sequence

# Orders that published weights have, by a name that configs may use.
BAND_ORDERS = {
    'sentinel-2': (
        *('B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7'),
        *('B8', 'B8A', 'B9', 'B10', 'B11', 'B12'),
    ),
    'sentinel-1': ('VV', 'VH'),
}
BY_NAME = 'by_name'


def named_bands(bands: str | Sequence[str]) -> tuple[str, ...]:
    """Look up the bands of a pretrained file.

    Args:
        bands: A key of :data:`BAND_ORDERS`, or the names themselves.

    Raises:
        ValueError: If there is no order of that name.
    """
    if not isinstance(bands, str):
        return tuple(bands)
    if bands not in BAND_ORDERS:
        raise ValueError(
            f'init_cfg: bands={bands!r} is no known order, expected one of '
            f'{list(BAND_ORDERS)} or a list with the names of all bands of '
            'the file, in its order'
        )
    return BAND_ORDERS[bands]


def slices(
    file_bands: Sequence[str],
    image_bands: Sequence[str],
    rule: str,
    where: str,
) -> list[int]:
    """Say which slice of a pretrained weight each band of an image takes.

    Names are compared without regard to case and to zeros in front of a
    number: B02 is B2.

    Args:
        file_bands: Names in the order of the file's first convolution.
        image_bands: Names in the order of the image.
        rule: ``'by_name'``: any bands of the file, in any order. Any other:
            all of them, in the same order.
        where: What the message begins with.

    Returns:
        A position in ``file_bands`` for each band of the image.

    Raises:
        ValueError: If the order differs, or the file lacks a band.
    """
    theirs = [_plain(b) for b in file_bands]
    ours = [_plain(b) for b in image_bands]
    lacking = [b for b in image_bands if _plain(b) not in theirs]
    if lacking:
        raise ValueError(
            f'{where}: the image has the bands {list(image_bands)}, of which '
            f'the pretrained weights lack {lacking}; they read '
            f'{list(file_bands)}: declare other `bands`, or choose another '
            'checkpoint'
        )
    if rule != BY_NAME and ours != theirs:
        raise ValueError(
            f'{where}: the image has the bands {list(image_bands)}, the '
            f'pretrained weights expect {list(file_bands)}'
            f'{_first_difference(file_bands, image_bands)}: put `bands` of '
            "the modality in that order, or set stem='by_name' in init_cfg, "
            'which gives every band the weights of its name'
        )
    return [theirs.index(name) for name in ours]


def _first_difference(
    file_bands: Sequence[str], image_bands: Sequence[str]
) -> str:
    pairs = zip(file_bands, image_bands, strict=False)
    for position, (theirs, ours) in enumerate(pairs):
        if _plain(theirs) != _plain(ours):
            return f' (at position {position}: {ours} instead of {theirs})'
    return f' ({len(image_bands)} instead of {len(file_bands)})'


def _plain(name: str) -> str:
    return re.sub(r'(?<!\d)0+(?=\d)', '', str(name)).casefold()
