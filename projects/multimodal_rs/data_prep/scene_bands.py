"""Checks of the bands of a scene, before anything is written of it."""

from collections.abc import Sequence

from multimodal_rs.data_prep.scenes import FOLDER, Scene
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.modality import Modality


def check_scenes(
    scenes: Sequence[Scene], dataset: MultiModalSegDataset
) -> None:
    """Check the bands of scenes before they are cut into tiles.

    Args:
        scenes: What will be cut. Layers that no modality reads are not looked
            at.
        dataset: Says which bands are expected.

    Raises:
        ValueError: If a layer has others than declared.
    """
    modalities = {m.dir: m for m in dataset.modalities.values()}
    for scene in scenes:
        for name, layer in scene.layers.items():
            modality = modalities.get(f'{FOLDER}/{name}')
            if modality is not None:
                with layer.open() as file:
                    check_bands(file, modality, layer.name)


def check_bands(
    file: OpenedRaster, modality: Modality, name: str | None = None
) -> None:
    """Check the number of the bands of an image.

    Args:
        file: The image.
        modality: Its declaration.
        name: What to call the image; None: as its file.

    Raises:
        ValueError: If it is another one than declared.
    """
    expected = modality.file_count
    if expected is None:
        file.checked(modality.indices)
    if expected in (None, file.bands):
        return
    shape = file.bands, *file.size
    hint = ': the bands stand on another axis' if expected in shape else ''
    raise ValueError(
        f'{name or file.path} has {file.bands} bands ((bands, H, W) is '
        f'{shape}), expected {expected} of {modality.name!r}{hint}; download '
        'the file again, or choose a config that declares them with --config'
    )
