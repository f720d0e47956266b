"""Scenes of which some pixels are labelled, and samples cut from them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from mmengine.dataset import force_full_init
from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import Fit, chosen_pixels, places_key
from multimodal_rs.transforms.loading import (
    LoadLandCover,
    LoadMultiModalImages,
)
from multimodal_rs.utils.installation import prepare_command
from multimodal_rs.utils.labels import IGNORED

LOADING = (LoadMultiModalImages, LoadLandCover)


@dataclass(frozen=True)
class LoadedScene:
    """A scene in memory.

    Attributes:
        record: What the transforms that load have made of it, without images.
        stack: (C + 1, H + 2 margin, W + 2 margin) float32, all modalities
            and the band that marks the inside, mirrored at the border.
        label: (H, W) uint8, train ids of the training pixels, else 255.
    """

    record: dict
    stack: np.ndarray
    label: np.ndarray


@DATASETS.register_module()
class SparseSceneDataset(MultiModalSegDataset):
    """Scenes with few labelled pixels, as hyperspectral benchmarks have.

    A tile of the split list is a whole scene. The same scene may be in the
    lists of training, validation and test: its label raster is another one
    for each of them, in a folder of its own, and the pixels divide them.

    Samples are whole scenes, 255 where nothing is labelled, or parts of them:

    - ``windows=11``: a window of 11 x 11 pixels around each labelled pixel,
      with the label of that pixel alone. Beyond the border of the scene it
      is mirrored (the pixel at the edge is repeated), as in tests and maps.
      No label of another pixel can get into a window, of whatever part;
    - ``crops=dict(size=64, count=200)``: 200 crops per epoch of 64 x 64
      pixels, each around a labelled pixel: first a class is drawn, then one
      of its pixels, then where in the crop it lies. All labels of the
      training raster inside of it count.

    Both keep the scenes in memory: the transforms that load, the first two of
    the pipeline, run once for each scene, the others for each sample.

    Args:
        windows (int, optional): Side of windows in pixels, odd.
        crops (dict, optional): ``size`` in pixels, and ``count`` per epoch.
        label_dir (str, optional): Folder of the label rasters of this list,
            below ``data_root``. None: what the class declares.
        held_out (Sequence[str]): Folders of label rasters, below
            ``data_root``, that must not label a pixel that this list trains
            on: those of validation and test.
        **of_base: Arguments of :class:`MultiModalSegDataset`.

    Raises:
        ValueError: If a pixel is labelled for training and held out, or
            nothing is labelled.
    """

    # Of the official split: 'train' (with what is held out of it for
    # validation) and 'test' -> labelled pixels of each class.
    OFFICIAL: Mapping[str, Sequence[int]] | None = None
    # Labelled pixels of each class, where there is no official split.
    TOTAL: Sequence[int] | None = None

    def __init__(
        self,
        windows: int | None = None,
        crops: Mapping[str, int] | None = None,
        label_dir: str | None = None,
        held_out: Sequence[str] = (),
        **of_base: object,
    ) -> None:
        if windows is not None and (windows < 1 or windows % 2 == 0):
            raise ValueError(
                f'{type(self).__name__}: windows={windows}: a window has a '
                'pixel in its middle, expected an odd number'
            )
        if windows is not None and crops is not None:
            raise ValueError(
                f'{type(self).__name__}: got windows={windows} and crops='
                f'{dict(crops)}: samples are one or the other'
            )
        self.windows = windows
        self.crops = None if crops is None else dict(crops)
        self.held_out = tuple(held_out)
        if label_dir is not None:
            label = of_base.get('label')
            label = self.LABEL if label is None else label
            of_base['label'] = dict(label or {}, dir=label_dir)
        super().__init__(**of_base)

    @force_full_init
    def __len__(self) -> int:
        if self.crops is not None:
            return self.crops['count']
        if self.windows is not None:
            return len(self._places)
        return super().__len__()

    def full_init(self) -> None:
        """Read the list, and the scenes if samples are parts of them."""
        if self._fully_initialized:
            return
        super().full_init()  # asks for the length, which reads the scenes
        self.check_held_out()
        if self.crops is not None:
            self._check_crops()

    def training_pixels(self, tile: dict) -> np.ndarray:
        """Say where a scene is labelled, (H, W) bool."""
        path = tile['seg_map_path']
        raster = self.label.read(path)
        ids = self.label.train_ids(raster, self.num_classes, path)
        return ids != IGNORED

    def check_held_out(self) -> None:
        """Compare the labels with those that are held out.

        Raises:
            ValueError: With the number of pixels that both label.
        """
        for tile in self.tiles if self.held_out else ():
            own = self.training_pixels(tile)
            for folder in self.held_out:
                where = (folder, self.label.suffix)
                path = self._locate(
                    self.tile_path(tile['sample_id'], 'label', *where)
                )
                other = self.training_pixels(dict(seg_map_path=path))
                if other.shape != own.shape:
                    raise ValueError(
                        f'{path} has (H, W) {other.shape}, '
                        f'{tile["seg_map_path"]} {own.shape}: expected label '
                        'rasters of one scene: write them again'
                    )
                both = int(np.count_nonzero(own & other))
                if both:
                    raise ValueError(
                        f'{tile["seg_map_path"]} and {path} label {both} '
                        'pixels in common: what is trained on must not be '
                        'held out, the scores would be too high. Take those '
                        'pixels out of one of the rasters'
                    )

    def check_fits(self, fits: Mapping[str, Fit]) -> None:
        """Compare what numbers were measured on with the training pixels.

        Raises:
            ValueError: If it was another list, or are other labels.
        """
        super().check_fits(fits)
        if not fits:
            return
        chosen = [
            chosen_pixels(self.training_pixels(tile), len(self.tiles))
            for tile in self.tiles
        ]
        count, key = sum(int(c.sum()) for c in chosen), places_key(chosen)
        pixels = {name: fit.pixels for name, fit in fits.items()}
        other = {name: n for name, n in pixels.items() if n != count}
        moved = [n for n, f in fits.items() if f.places not in (None, key)]
        if other or moved:
            measured = (
                f'{other} training pixels, the labels in {self.label.dir!r} '
                f'have {count}'
                if other
                else f'training pixels of {moved} in other places than those '
                f'that the labels in {self.label.dir!r} have now'
            )
            raise ValueError(
                f'{self.stats_file}: the numbers for `values` were measured '
                f'on {measured}: `{prepare_command()}` measures them again'
            )

    def take_fits(self, fits: Mapping[str, Sequence]) -> None:
        """Take measured numbers; scenes in memory are read again with them.

        Args:
            fits: See :meth:`MultiModalSegDataset.take_fits`.
        """
        before = self.modalities
        super().take_fits(fits)
        if self.modalities != before:
            self.__dict__.pop('_scenes', None)

    def session(self) -> AbstractContextManager:
        """Read no files for samples of scenes that are in memory."""
        if self.windows is None and self.crops is None:
            return super().session()
        return nullcontext()

    def raw_sample(self, idx: int) -> dict:
        """Cut a sample out of a scene that is in memory."""
        if self.windows is not None:
            return self._window(*self._places[idx].tolist())
        if self.crops is not None:
            return self._crop()
        return super().raw_sample(idx)

    def _window(self, scene: int, row: int, column: int) -> dict:
        size = self.windows
        loaded = self._scenes[scene]
        label = np.full((size, size), IGNORED, np.uint8)
        label[size // 2, size // 2] = loaded.label[row, column]
        return self._sample(scene, row, column, label)

    def _crop(self) -> dict:
        """Draw a crop from the global random state, which is the sample's."""
        size = self.crops['size']
        of_class = self._places_of_class[
            np.random.randint(len(self._places_of_class))
        ]
        scene, *place = of_class[np.random.randint(len(of_class))].tolist()
        label = self._scenes[scene].label
        top, left = (
            np.random.randint(
                max(at - size + 1, 0), min(at, length - size) + 1
            )
            for at, length in zip(place, label.shape, strict=True)
        )
        part = label[top : top + size, left : left + size].copy()
        return self._sample(scene, top, left, part)

    def _sample(
        self, scene: int, top: int, left: int, label: np.ndarray
    ) -> dict:
        """Cut the images that belong to a label, (side, side)."""
        loaded = self._scenes[scene]
        side = len(label)
        block = loaded.stack[:, top : top + side, left : left + side].copy()
        place = f'{top:05}_{left:05}'
        return dict(
            loaded.record,
            sample_id=f'{loaded.record["sample_id"]}/{place}',
            img=block.transpose(1, 2, 0),
            gt_seg_map=label,
            img_shape=label.shape,
            ori_shape=label.shape,
        )

    @cached_property
    def _loading(self) -> list:
        """The transforms that load, taken out of the pipeline."""
        loading, others = _divided(self.pipeline.transforms)
        if [type(t) for t in loading] != list(LOADING):
            raise ValueError(
                f'{type(self).__name__}: samples that are cut from scenes in '
                'memory need a pipeline that begins with '
                f'{[t.__name__ for t in LOADING]}, got '
                f'{[type(t).__name__ for t in self.pipeline.transforms]}'
            )
        self.pipeline.transforms = others
        return loading

    @cached_property
    def _scenes(self) -> list[LoadedScene]:
        return [self._load(tile) for tile in self.tiles]

    def _load(self, tile: dict) -> LoadedScene:
        margin = (self.windows or 1) // 2
        for transform in self._loading:
            tile = transform(tile)
        stack = tile.pop('img').transpose(2, 0, 1)
        label = tile.pop('gt_seg_map')
        for key in ('grids', 'modalities', 'label'):  # nobody needs them
            tile.pop(key, None)
        sides = ((0, 0), (margin, margin), (margin, margin))
        return LoadedScene(tile, np.pad(stack, sides, 'symmetric'), label)

    @cached_property
    def _places(self) -> np.ndarray:
        """Labelled pixels, (N, 3): scene, row, column.

        Raises:
            ValueError: If there is none.
        """
        places = [
            np.insert(np.argwhere(scene.label != IGNORED), 0, i, axis=1)
            for i, scene in enumerate(self._scenes)
        ]
        found = np.concatenate(places)
        if not len(found):
            raise ValueError(
                f'{self.ann_file}: no pixel of {len(places)} scenes is '
                f'labelled in {self.label.dir!r}: correct `dir` and `ids` of '
                'the label'
            )
        return found

    @cached_property
    def _places_of_class(self) -> list[np.ndarray]:
        """The labelled pixels of each class that has some."""
        places = self._places
        ids = np.array([self._scenes[s].label[r, c] for s, r, c in places])
        return [places[ids == i] for i in np.unique(ids)]

    def _check_crops(self) -> None:
        size = self.crops['size']
        for scene in self._scenes:
            if min(scene.label.shape) < size:
                raise ValueError(
                    f'{scene.record["sample_id"]}: the scene has (H, W) '
                    f'{scene.label.shape}, crops need {size} x {size}: take a '
                    'smaller `size`'
                )
        _ = self._places


def _divided(transforms: Sequence) -> tuple[list, list]:
    """Separate the transforms that load from the others."""
    loading = [t for t in transforms if isinstance(t, LOADING)]
    return loading, [t for t in transforms if t not in loading]
