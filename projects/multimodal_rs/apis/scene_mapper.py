"""Land-cover maps of scenes of any size, from arrays or from files."""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from multimodal_rs.apis.batch import Mapped, map_scenes
from multimodal_rs.apis.finished import maps_are_finished
from multimodal_rs.apis.incomplete import IncompleteError
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.apis.scene_lists import Scene
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.adaptation import adapted_to_scene
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.plan import fitting_stride
from multimodal_rs.inference.preview import save_preview
from multimodal_rs.inference.rasters import (
    SceneRasters,
    Source,
    scene_grid,
)
from multimodal_rs.inference.scene import predict_scene
from multimodal_rs.inference.together import ALONE, Together
from multimodal_rs.inference.windowed import (
    PARTS,
    Windows,
    network_modalities,
    predict_rows,
)
from multimodal_rs.models.neighbourhood import margin_of
from multimodal_rs.products.make import (
    NOTHING,
    Products,
    make_products,
    make_within_reach,
)
from multimodal_rs.products.notes import UNREACHED, noting
from multimodal_rs.products.reference import OutOfReachError
from multimodal_rs.utils.stopwatch import Stopwatch

LOG = logging.getLogger(__name__)
USUAL_CROP = 256  # pixels


class SceneMapper:
    """Maps one scene after the other with one network.

    A scene is a dict from the name of a modality to its raster: a file (all
    formats of tiles: GeoTIFF, PNG, ``.npy``, ``.mat``, ``/vsicurl/...``), a
    list of files with a band each, or an array (C, H, W) with all bands that a
    file would have, in the units of files, NaN or masked where invalid.
    Rasters of other grids are resampled while they are read, see
    :class:`SceneGrid`; any subset of the modalities will do.

    Args:
        model (nn.Module): What ``init_model`` returns.
        crop (int, optional): Height and width of a window in pixels, best as
            in training. None: that of the crops in the model's config, 256
            where it has none.
        stride (int, optional): Pixels between windows, at most ``crop``. None:
            half of it, so that every pixel is seen four times and blended; of
            a network that declares its ``margin``, such as window classifiers,
            ``crop - 2 * margin``, so that every pixel is classified once, and
            the map is that of the whole scene for any ``crop``.
        batch_size (int): Windows in the network at once.
        adapt (float): How much of the statistics of batch normalisation is
            measured in each scene before it is mapped, 0 to 1; 0.4 is a good
            value where the scene lies elsewhere than the training data.

    Attributes:
        classes: Names, in the order of the ids in a map.
        palette: (R, G, B) of every class.
        modalities: Name -> declaration of what the network reads: ``bands``,
            ``file_bands``, ``unit``, ...

    Raises:
        ValueError: If windows would leave gaps, or not show the margin of the
            network around each pixel.
        TypeError: If the model does not say what it was trained on.
    """

    def __init__(
        self,
        model: nn.Module,
        crop: int | None = None,
        stride: int | None = None,
        batch_size: int = 4,
        adapt: float = 0.0,
    ) -> None:
        meta = getattr(model, 'dataset_meta', None)
        if not meta or not hasattr(model, 'data_preprocessor'):
            raise TypeError(
                'SceneMapper: expected a network with dataset_meta (classes '
                f'and palette), got {type(model).__name__} without: make it '
                'with multimodal_rs.apis.init_model'
            )
        self.model = model
        self.classes: tuple[str, ...] = tuple(meta['classes'])
        self.palette: tuple = tuple(meta['palette'])
        self.modalities: Mapping[str, Modality] = network_modalities(model)
        crop = training_crop(model) if crop is None else crop
        stride = fitting_stride(crop, stride, margin_of(model))
        self.windows = Windows(crop, stride, batch_size, adapt)

    def predict(
        self,
        rasters: Mapping[str, Source],
        probabilities: bool = False,
        grid: SceneGrid = FINEST,
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Classify a scene in memory.

        Args:
            rasters: The scene.
            probabilities: Whether to return them, too.
            grid: To which grid rasters of others are brought.

        Returns:
            (H, W) uint8 ids into ``classes``, 255 where no modality has data;
            with ``probabilities`` also (K, H, W) float32, which add up to 1,
            NaN where no modality has data.

        Raises:
            KeyError: If a raster is for an unknown modality.
            FileNotFoundError: If a file does not exist.
            ValueError: If rasters cannot be brought to one grid, lack bands,
                or cannot be read.
        """
        with (
            SceneRasters(rasters, self.modalities, grid) as scene,
            adapted_to_scene(self.model, scene, self.windows),
        ):
            ids = np.empty(scene.size, np.uint8)
            count = len(self.classes)
            if probabilities:
                chances = np.empty((count, *scene.size), np.float32)
            found = predict_rows(self.model, scene, count, self.windows)
            with contextlib.closing(found):
                for rows in found:
                    part = slice(rows.top, rows.top + len(rows.valid))
                    ids[part] = rows.ids()
                    if probabilities:
                        chances[:, part] = rows.probabilities()
                        chances[:, part][:, ~rows.valid] = np.nan
        return (ids, chances) if probabilities else ids

    def map(
        self,
        rasters: Mapping[str, Source],
        out: str | os.PathLike,
        probabilities: str | os.PathLike | None = None,
        preview: str | os.PathLike | None = None,
        progress: bool = False,
        confidence: str | os.PathLike | None = None,
        answered: str | os.PathLike | None = None,
        grid: SceneGrid = FINEST,
        products: Products = NOTHING,
        resume: bool = False,
    ) -> 'MapReport':
        """Classify a scene into a GeoTIFF on the grid of its rasters.

        Rasters are read and maps written window by window: they may be larger
        than the memory. Files appear complete or not at all. All GeoTIFFs are
        cloud-optimised, uint8, nodata 255.

        Args:
            rasters: The scene.
            out: GeoTIFF to write: ids into ``classes``, with colours and
                names.
            probabilities: GeoTIFF to write: percent for each class.
            preview: PNG to write: the rasters beside the map, and a raster
                of reference with the errors of the map.
            progress: Whether to say on stderr how far it is.
            confidence: GeoTIFF to write: percent, the probability of the
                class in the map, and its margin over the second one.
            answered: GeoTIFF to write: which modalities have data.
            grid: To which grid rasters of others are brought.
            products: What to make of the map when it is complete: areas,
                polygons, a style, the accuracy against a reference.
            resume: Whether to keep maps that are finished, and rows that a
                run has finished which was killed or told to end.

        Returns:
            Where the time went, and what there is to say.

        Raises:
            KeyError: If a raster is for an unknown modality.
            FileNotFoundError: If a file does not exist.
            ValueError: If rasters cannot be brought to one grid, lack bands,
                or cannot be read, or an output is no GeoTIFF, cannot be
                written, or is one of the files that are read.
            FolderInUseError: If another process makes the same map.
            IncompleteError: If the map is written, but its preview or a
                product of it cannot be made.
        """
        outputs = SceneOutputs(
            out, probabilities, preview, confidence, answered, products
        )
        return self.make(rasters, outputs, progress, grid, resume=resume)

    def make(
        self,
        rasters: Mapping[str, Source],
        outputs: SceneOutputs,
        progress: bool = False,
        grid: SceneGrid = FINEST,
        together: Together = ALONE,
        resume: bool = False,
        partial_reference: bool = False,
    ) -> 'MapReport':
        """Do what :meth:`map` does, all names in one object.

        With ``together``, several processes share the rows of the scene; the
        first one writes all files. With ``partial_reference``, a scene that
        the reference does not reach is mapped, but not compared.
        """
        outputs.check(rasters, getattr(self.model, 'loaded_from', ()))
        LOG.info('mapping %s', outputs.out)
        kept = resume and maps_are_finished(self, rasters, outputs, grid)
        if kept:
            watch = Stopwatch(PARTS)
        else:
            if outputs.products.reference is not None:
                found = scene_grid(rasters, self.modalities, grid)
                try:
                    outputs.products.check_reference(found, self.classes)
                except OutOfReachError:
                    if not partial_reference:
                        raise
            watch = predict_scene(
                *(self.model, rasters, outputs.rasters),
                *(self.classes, self.palette, self.windows),
                *(progress, grid, together, resume),
            )
        spent = watch.seconds, watch.whole, watch.cpu_seconds
        report = MapReport(*spent, kept=kept)
        if together.rank:
            return report
        try:
            self._make_derived(
                rasters, outputs, grid, report, partial_reference
            )
        except (OSError, ValueError) as error:
            message = f'{outputs.out} is written, but {error}'
            raise IncompleteError(message, report) from error
        return report

    def _make_derived(
        self,
        rasters: Mapping[str, Source],
        outputs: SceneOutputs,
        grid: SceneGrid,
        report: 'MapReport',
        partial_reference: bool,
    ) -> None:
        """Make the preview and the products of a map; report of them."""
        if not outputs.derived:
            return
        asked = outputs.out, outputs.products, report.said
        made = outputs.out, outputs.products, outputs.preview
        with noting(*made) as notes:
            if outputs.preview is not None:
                save_preview(
                    *(outputs.preview, outputs.out, rasters, self.modalities),
                    *(self.classes, self.palette),
                    grid=grid,
                    truth=outputs.products.picture_of_reference(self.classes),
                )
                report.said.append(f'Wrote {outputs.preview}')
            if not partial_reference:
                make_products(*asked)
            elif not make_within_reach(*asked):
                report.reached = False
                notes['accuracy'] |= UNREACHED

    def map_scenes(
        self,
        scenes: Iterable[Scene],
        outputs: SceneOutputs,
        resume: bool = False,
        progress: bool = False,
        grid: SceneGrid = FINEST,
    ) -> Iterator[Mapped]:
        """Map many scenes, see :func:`multimodal_rs.apis.batch.map_scenes`."""
        return map_scenes(self, scenes, outputs, resume, progress, grid)


@dataclass
class MapReport:
    """How a scene was mapped.

    Attributes:
        seconds: Where the time went: reading, network, blending and writing,
            of which the first and the last run beside the others.
        whole: Seconds from opening the rasters to the complete maps.
        cpu_seconds: Likewise, but what the processor spent.
        said: What there is to say about previews and products, line by line.
        kept: Whether the maps were finished before, and are as they were.
        reached: Whether the reference reaches the map, if there is one.
    """

    seconds: Mapping[str, float]
    whole: float
    cpu_seconds: Mapping[str, float]
    said: list[str] = field(default_factory=list)
    kept: bool = False
    reached: bool = True

    @property
    def shares(self) -> str:
        """Seconds as shares of the whole, for people."""
        return ', '.join(
            f'{part} {seconds / self.whole:.0%}'
            for part, seconds in self.seconds.items()
        )


def training_crop(model: nn.Module) -> int:
    """Find the side of the crops that a network was trained on, in pixels.

    The smaller side of the ``crop_size`` of ``RandomCrop`` in the training
    pipeline of ``model.cfg``; 256 where there is none.
    """
    data = getattr(model, 'cfg', {}).get('train_dataloader') or {}
    data = data.get('dataset') or {}
    while 'pipeline' not in data and 'dataset' in data:  # repeated, ...
        data = data['dataset']
    steps = data.get('pipeline') or ()
    sizes = [step['crop_size'] for step in steps if 'crop_size' in step]
    return int(np.min(sizes[-1])) if sizes else USUAL_CROP
