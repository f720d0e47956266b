"""Loading of the modalities and the label of a tile."""

import warnings

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from multimodal_rs.datasets.file_range import far_off, file_numbers
from multimodal_rs.datasets.io.grid import Grid, differences, resampling
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import Reading, read_layer
from multimodal_rs.transforms.stack import INSIDE
from multimodal_rs.utils.installation import one_grid_command, prepare_command
from multimodal_rs.utils.labels import IGNORED

STEP = 4  # every fourth row and column says what unit a tile has


@TRANSFORMS.register_module()
class LoadMultiModalImages(BaseTransform):
    """Read all modalities of a tile into one stack.

    What to read and how stands in the dataset's ``modalities``; the transform
    has no arguments. Only the declared bands are read.

    Required keys: ``sample_id``, ``img_paths``, ``modalities``.

    Added keys:

    - ``img``: (H, W, C + 1) float32, all modalities one after the other in
      the units after their value transforms; NaN in every band of a modality
      where a pixel of it is invalid, and everywhere if it is absent. The last
      band is 1. Whatever a transform fills in, padding or the wedges of a
      rotation, is not 1 there, and packing makes it invalid.
    - ``modality_channels``: number of channels per modality, in stack order.
    - ``present_modalities``: names of what the tile really has.
    - ``grids``: size and position of every file that was read; the label's
      is compared with them.

    Raises:
        FileNotFoundError: If a file is missing and its modality not optional.
        ValueError: If a file is damaged, contradicts its declaration (number
            or order of bands, scale tags), has nothing valid (and is not
            optional), or the modalities do not lie on one grid.
    """

    def transform(self, results: dict) -> dict:
        """Read one tile."""
        modalities = results['modalities']
        rasters = {}
        for name, modality in modalities.items():
            path = results['img_paths'][name]
            if not (modality.optional and not raster_exists(path)):
                rasters[name] = read_layer(path, modality)
        grids = {name: raster.grid for name, raster in rasters.items()}
        height, width = _common_size(grids, results)
        compare_grids(grids, results)
        channels = {n: m.channels for n, m in modalities.items()}
        # (C, H, W) in memory, (H, W, C) for the transforms: flips, crops and
        # quarter turns are views, and packing needs no transposition.
        bands = sum(channels.values())
        stack = np.empty((bands + 1, height, width), np.float32)
        stack[-1] = INSIDE
        *parts, _ = np.split(stack, np.cumsum(list(channels.values())))
        present = [
            name
            for name, part in zip(modalities, parts, strict=True)
            if self._fill(part, name, rasters, results)
        ]
        if not present:
            raise ValueError(
                f'tile {results["sample_id"]!r} has none of the modalities '
                f'{list(modalities)}: take it out of the split list'
            )
        results['img'] = stack.transpose(1, 2, 0)
        results['modality_channels'] = channels
        results['present_modalities'] = tuple(present)
        results['grids'] = grids
        results['img_shape'] = results['ori_shape'] = (height, width)
        return results

    @staticmethod
    def _fill(
        part: np.ndarray, name: str, rasters: dict, results: dict
    ) -> bool:
        """Fill the channels of a modality; say whether the tile has it."""
        modality = results['modalities'][name]
        if name not in rasters:
            part.fill(np.nan)
            return False
        reading = rasters[name].reading
        if results.get('test_mode') and modality.file_range is not None:
            _warn_if_far(reading, modality, results['img_paths'][name])
        modality.prepare(*reading, out=part)
        if not (np.isnan(part[0, 0, 0]) and np.isnan(part[0]).all()):
            return True
        if modality.optional:
            return False
        raise ValueError(
            f'{results["img_paths"][name]}: tile {results["sample_id"]!r} has '
            f'no valid {name} pixel. Expected at least one: take the tile out '
            f'of the split list (`{prepare_command()} --check` lists all such '
            'tiles), or '
            'declare the modality `optional=True` so that the tile counts as '
            'lacking it'
        )


@TRANSFORMS.register_module()
class LoadLandCover(BaseTransform):
    """Read the label raster of a tile and turn its ids into train ids.

    The dataset's ``label`` declares what the numbers or colours in the file
    mean (:class:`multimodal_rs.datasets.label.Label`); one that it does not
    list is an error, not a silent class.

    Required keys: ``seg_map_path``, ``label``, ``num_classes``,
    ``modality_channels``, ``img``, ``ori_shape``.

    Added keys: ``gt_seg_map`` (H, W) uint8, train ids, 255 ignored; its name
    in ``seg_fields``.

    Args:
        ignore_invalid (str, optional): ``'all'`` ignores the label where no
            modality is valid, ``'any'`` where at least one present modality
            is not. None keeps the label.

    Raises:
        ValueError: If the raster has an unknown id or another size, or the
            dataset has no labels.
    """

    def __init__(self, ignore_invalid: str | None = None) -> None:
        if ignore_invalid not in (None, 'any', 'all'):
            raise ValueError(
                "LoadLandCover: ignore_invalid must be None, 'any' or 'all', "
                f'got {ignore_invalid!r}'
            )
        self.ignore_invalid = ignore_invalid

    def transform(self, results: dict) -> dict:
        """Read one label."""
        label = results['label']
        if label is None:
            raise ValueError(
                'LoadLandCover: the dataset has no labels, expected `label` '
                'with dir and suffix, got label=False: set it, or take this '
                'transform out of the pipeline'
            )
        path = results['seg_map_path']
        raster = label.read(path)
        raw = raster.numbers
        if raw.shape != tuple(results['ori_shape']):
            images = dict.fromkeys(results['modalities'], raw.shape)
            raise ValueError(
                f'{path}: label of tile {results["sample_id"]!r} has size '
                f'{raw.shape}, the images {tuple(results["ori_shape"])}. Both '
                f'must share one grid: `{one_grid_command(images)}` resamples '
                'all tiles to one'
            )
        compare_grids({**results['grids'], 'label': raster.grid}, results)
        if self.ignore_invalid and raw.shape != results['img'].shape[:2]:
            raise ValueError(
                'LoadLandCover: ignore_invalid compares label and images, '
                f'but the images were resized to {results["img"].shape[:2]}: '
                'load the label before resizing, or leave ignore_invalid out'
            )
        train_ids = label.train_ids(raster, results['num_classes'], path)
        if self.ignore_invalid is not None:
            train_ids[self._invalid(results)] = IGNORED
        results['gt_seg_map'] = train_ids
        results['seg_fields'] = [*results['seg_fields'], 'gt_seg_map']
        return results

    def _invalid(self, results: dict) -> np.ndarray:
        masks = []
        start = 0
        for name, channels in results['modality_channels'].items():
            if name in results['present_modalities']:
                masks.append(np.isnan(results['img'][..., start]))
            start += channels
        combine = np.any if self.ignore_invalid == 'any' else np.all
        return combine(masks, axis=0)


def _warn_if_far(reading: Reading, modality: Modality, path: str) -> None:
    """Warn of a tile in another unit than the training's."""
    found = far_off(file_numbers(reading, modality, STEP), modality)
    if found:
        warnings.warn(f'{path}: {found}', stacklevel=2)


def compare_grids(grids: dict[str, Grid], results: dict) -> None:
    """Refuse files of a tile that say that they lie elsewhere.

    Raises:
        ValueError: If they do, with both positions.
    """
    first, *others = grids.values() or [None]
    if all(first == other for other in others):
        return  # nearly always, and quicker than the whole rule
    found = differences(grids)
    if not found:
        return
    paths = {**results['img_paths'], 'label': results.get('seg_map_path')}
    raise ValueError(
        f'tile {results["sample_id"]!r}: {" and ".join(grids)} must share one '
        f'grid, got {"; ".join(found)}. Resample the one that differs: '
        f'`{resampling(grids, paths)}`, with `--resampling nearest` for a '
        'label. If it does lie there and its georeference is wrong, correct '
        'that, or take it away: `gdal_edit.py -unsetgt FILE`'
    )


def _common_size(grids: dict, results: dict) -> tuple[int, int]:
    sizes = {name: grid.size for name, grid in grids.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f'{" and ".join(sizes)} must share one grid, got (H, W) {sizes} '
            f'for tile {results["sample_id"]!r}: `{one_grid_command(sizes)}` '
            'resamples all tiles to one'
        )
    return next(iter(sizes.values()), (1, 1))
