"""Scenes in a folder of one's own, as a config declares them."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from multimodal_rs.data_prep.aligned import (
    AlignedLayer,
    SourceLayer,
    scene_grid,
)
from multimodal_rs.data_prep.checks import LABEL
from multimodal_rs.data_prep.scenes import Scene, TileFolder
from multimodal_rs.data_prep.splits import natural_sort
from multimodal_rs.datasets.band_files import by_band
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.resampled import CLASSES, MEASURED
from multimodal_rs.utils.sample_ids import check_sample_id

ENDINGS = ('.tif', '.tiff', '.vrt', '.img', '.jp2', '.png', '.npy', '.mat')
TIFF = ('.tif', '.tiff')  # what tiles are written as

# Scene -> layer -> its files.
Files = Mapping[str, Mapping[str, Sequence[Path]]]


@dataclass(frozen=True)
class Alignment:
    """How the rasters of a scene are brought to one grid.

    Attributes:
        like: Layer whose grid the others take. None: all must have one grid.
        resolution: Size of a pixel, see :func:`.aligned.scene_grid`.
        methods: Layer -> how it is resampled, where that is not the first of
            ``MEASURED`` or ``CLASSES``.

    Raises:
        ValueError: If there is a resolution, but no layer that has the grid.
    """

    like: str | None = None
    resolution: float | None = None
    methods: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.resolution is not None and self.like is None:
            raise ValueError(
                '--resolution needs --like NAME, the modality whose area and '
                'reference system are taken'
            )

    def check_names(self, layers: Sequence[str]) -> None:
        """Check that what is named exists.

        Raises:
            ValueError: If it does not.
        """
        named = {*self.methods, *([self.like] if self.like else [])}
        unknown = sorted(named - {*layers})
        if unknown:
            raise ValueError(
                f'--like and --resampling name {unknown}, expected some of '
                f'{list(layers)}'
            )

    def method(self, layer: str) -> str:
        """Get the way of resampling of a layer.

        Raises:
            ValueError: If it is none for this kind of layer.
        """
        known = CLASSES if layer == LABEL else MEASURED
        method = self.methods.get(layer, known[0])
        if method not in known:
            raise ValueError(
                f'--resampling {layer}={method}: expected one of {known}'
            )
        return method


def add_alignment_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that make an :class:`Alignment`.

    Args:
        parser: It, or a group of its options.
    """
    parser.add_argument(
        '--like',
        metavar='LAYER',
        help='resample all layers to the grid of this one; without it, layers '
        'on different grids are an error',
    )
    parser.add_argument(
        '--resolution',
        type=float,
        help='size of a pixel in map units, with --like: its area with other '
        'pixels',
    )
    parser.add_argument(
        '--resampling',
        type=_methods,
        metavar='LAYER=METHOD,...',
        help='bilinear (default), average or nearest for measurements, '
        'nearest (default) or mode for the label; as sar=average,label=mode',
    )


def _methods(text: str) -> dict[str, str]:
    pairs = [word.partition('=') for word in text.split(',')]
    if not all(equals for _, equals, _ in pairs):
        raise argparse.ArgumentTypeError(
            f'expected LAYER=METHOD,..., as sar=average, got {text!r}'
        )
    return {layer: method for layer, _, method in pairs}


@dataclass(frozen=True)
class DeclaredTiles(TileFolder):
    """Tiles where a config says that they are.

    Attributes:
        dataset: Of the config.
    """

    dataset: MultiModalSegDataset = field(kw_only=True)

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.size:
            raise ValueError(
                '--overlap must be at least 0 and less than --tile, got '
                f'{self.overlap} and {self.size}'
            )

    def path(self, layer: str, tile: str) -> Path:
        """Say where a tile of a layer is written.

        Raises:
            ValueError: If the declared suffix is not that of a GeoTIFF, or
                the tile would leave the folder.
        """
        dir, suffix = declared_place(self.dataset, layer)
        if not suffix.lower().endswith(TIFF):
            raise ValueError(
                f'{layer}: tiles are written as GeoTIFF, but the config '
                f'declares suffix={suffix!r}: set one that ends in .tif'
            )
        check_sample_id(tile, self.root)
        return self.root / self.dataset.tile_path(tile, layer, dir, suffix)


def declared_place(
    dataset: MultiModalSegDataset, layer: str
) -> tuple[str, str]:
    """Get directory and suffix of a modality, or of the label."""
    if layer == LABEL:
        return dataset.label.dir, dataset.label.suffix
    modality = dataset.modalities[layer]
    return modality.dir, modality.suffix


def layer_names(dataset: MultiModalSegDataset) -> list[str]:
    """Name the modalities and, where there is one, the label."""
    return [*dataset.modalities, *([LABEL] if dataset.label else [])]


def files_below(folder: Path, dataset: MultiModalSegDataset) -> Files:
    """List the files of a folder with a folder per scene.

    A layer is a file with its name, ``<scene>/opt.tif``, or a folder with a
    file per band, ``<scene>/opt/``.

    Args:
        folder: It. Nothing is found if it does not exist.
        dataset: Of the config.
    """
    scenes = [p for p in folder.glob('[!.]*') if p.is_dir()]
    return {
        scene.name: {
            layer: files
            for layer in layer_names(dataset)
            if (files := _layer_files(scene, layer))
        }
        for scene in sorted(scenes)
    }


def build_scenes(
    files: Files, dataset: MultiModalSegDataset, alignment: Alignment
) -> list[Scene]:
    """Make the scenes that are cut out of files.

    Modalities that the config reads from the same files (bands of one
    product) are one layer: one of them has to be there.

    Raises:
        ValueError: If a scene lacks a layer or has one twice, a band has no
            file, or the grids differ and nobody has said which one to take.
        FileNotFoundError: If a file does not exist.
    """
    alignment.check_names(layer_names(dataset))
    return [
        _scene(name, layers, dataset, alignment)
        for name, layers in files.items()
    ]


def source_layer(
    dataset: MultiModalSegDataset, layer: str, paths: Sequence[Path]
) -> SourceLayer:
    """Describe the files of a layer.

    Raises:
        ValueError: If a band of the declaration has no file.
    """
    if layer == LABEL:
        label = dataset.label
        return SourceLayer(
            *(tuple(paths), label.key),
            label=label,
            classes=dataset.num_classes,
        )
    modality = dataset.modalities[layer]
    if len(paths) > 1:
        paths = by_band(modality, paths)
    place = declared_place(dataset, layer)
    others = [
        other
        for name, other in dataset.modalities.items()
        if name != layer and declared_place(dataset, name) == place
    ]
    # What any modality reads from these files is no alpha band.
    measured = modality.measured.union(*(other.measured for other in others))
    return SourceLayer(
        *(tuple(paths), modality.key, modality),
        measured=measured,
        others=tuple(o for o in others if o.key == modality.key),
    )


def _scene(
    name: str,
    files: Mapping[str, Sequence[Path]],
    dataset: MultiModalSegDataset,
    alignment: Alignment,
) -> Scene:
    places: dict[tuple, list[str]] = {}
    for layer in layer_names(dataset):
        places.setdefault(declared_place(dataset, layer), []).append(layer)
    sources = {}
    for place, layers in places.items():
        given = [layer for layer in layers if layer in files]
        if len(given) > 1:
            raise ValueError(
                f'scene {name}: the config reads {layers} from the same files '
                f'(dir and suffix {place}), but the scene has one for each of '
                f'{given}: give one with all bands, or declare another dir'
            )
        if given:
            paths = files[given[0]]
            sources[given[0]] = source_layer(dataset, given[0], paths)
        elif any(_required(dataset, layer) for layer in layers):
            raise ValueError(
                f'scene {name} lacks {" or ".join(layers)}, it has '
                f'{list(files)}: add a file {name}/{layers[0]}.tif, or a '
                f'folder {name}/{layers[0]} with a file per band'
            )
    return Scene(name, align(name, sources, alignment))


def align(
    scene: str, sources: Mapping[str, SourceLayer], alignment: Alignment
) -> dict[str, AlignedLayer]:
    """Bring the layers of a scene to one grid.

    Raises:
        ValueError: If it is not clear to which, or how.
    """
    grid = scene_grid(scene, sources, alignment.like, alignment.resolution)
    return {
        layer: AlignedLayer(
            source,
            grid,
            alignment.method(layer),
            {
                other.name: alignment.method(other.name)
                for other in source.others
            },
        )
        for layer, source in sources.items()
    }


def _required(dataset: MultiModalSegDataset, layer: str) -> bool:
    return layer == LABEL or not dataset.modalities[layer].optional


def _layer_files(scene: Path, layer: str) -> list[Path]:
    """Find the one file of a layer, or those of its bands.

    Raises:
        ValueError: If there are several.
    """
    folder = scene / layer
    inside = folder.glob('[!.]*') if folder.is_dir() else ()
    bands = [p for p in inside if p.suffix.lower() in ENDINGS]
    single = [
        p
        for p in scene.glob(f'{layer}.*')
        if p.suffix.lower() in ENDINGS and p.stem == layer
    ]
    if len(single) + bool(bands) > 1:
        names = sorted(p.name for p in (*single, *bands[:1]))
        raise ValueError(
            f'{scene}: expected one file, or one folder, of {layer}, got '
            f'{names}: take all but one out'
        )
    names = natural_sort(p.name for p in bands)
    return single or [folder / name for name in names]
