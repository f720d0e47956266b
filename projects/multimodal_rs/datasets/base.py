"""A dataset of co-registered rasters, one file per modality and tile."""

import glob
import os
import os.path as osp
import random
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import force_full_init
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from multimodal_rs.datasets.band_groups import in_band_groups
from multimodal_rs.datasets.fits import (
    Fit,
    completed,
    fitted_names,
    stored_fits,
    tiles_key,
)
from multimodal_rs.datasets.io.raster import raster_session
from multimodal_rs.datasets.io.split_list import read_split_list
from multimodal_rs.datasets.label import build_label
from multimodal_rs.datasets.label_check import (
    check_class_order,
    check_label_ids,
)
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.utils.installation import prepare_command
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.plain import plain
from multimodal_rs.utils.sample_ids import check_sample_id

STATS = 'stats.json'  # beside the split lists; data_prep writes it


@DATASETS.register_module()
class MultiModalSegDataset(BaseSegDataset):
    """Tiles of any set of named modalities, listed in a text file.

    A tile with the id ``<id>`` has the files
    ``<data_root>/<dir>/<id><suffix>``, one per modality, with ``dir`` and
    ``suffix`` from the modality's declaration; the label likewise. Datasets
    with another layout override :meth:`tile_id` and :meth:`tile_path`.

    Args:
        modalities (dict): For each name the declaration, see
            :class:`multimodal_rs.datasets.modality.Modality`. Their order is
            the order in the network.
        label (dict | bool, optional): Where the label rasters are and what
            their numbers or colours mean, see
            :class:`multimodal_rs.datasets.label.Label`. None takes the
            class's ``LABEL``. False: no label is read (pretraining); then the
            classes may be unknown too.
        data_root (str): Folder of the dataset.
        ann_file (str): Split list, one tile per line, below ``data_root`` if
            relative. Empty, without labels: all tiles in the folders.
        pipeline (list): Transforms.
        metainfo (dict, optional): ``classes`` and ``palette``, where the class
            does not fix them. Others than its own need a ``label`` with
            the ids of these.
        test_mode (bool): No augmentation seed is drawn.
        seed (int): Seed of the augmentation; see :meth:`prepare_data`.
        indices (int | Sequence[int], optional): Take only these tiles.
        ignore_index (int): Train id that no loss and no metric counts: 255.
        lazy_init (bool): Do not read the split list yet.
    """

    LABEL: Mapping | None = None
    # Folders of label rasters that divide the pixels of tiles with this list;
    # the same tile may then be in other lists, too.
    held_out: Sequence[str] = ()

    def __init__(
        self,
        modalities: Mapping[str, Mapping],
        label: Mapping | bool | None = None,
        data_root: str = '',
        ann_file: str = '',
        pipeline: Sequence = (),
        metainfo: Mapping | None = None,
        test_mode: bool = False,
        seed: int = 0,
        indices: int | Sequence[int] | None = None,
        ignore_index: int = IGNORED,
        lazy_init: bool = False,
    ) -> None:
        self.modalities = build_modalities(modalities)
        label = self.LABEL if label is None else label
        self.label = build_label(label) if label else None
        if ignore_index != IGNORED:
            raise ValueError(
                f'{type(self).__name__}: ignore_index={ignore_index}, but '
                f'what is ignored is {IGNORED} from the label file to the '
                'loss: map it there with the `ids` of the label'
            )
        self.seed = seed
        # Shared with worker processes, so that they see a resumed epoch.
        self.draws = torch.zeros(0, dtype=torch.int64)
        metainfo = dict(metainfo or {})
        metainfo['modalities'] = plain(modalities)
        if self.label is None and 'classes' not in self.METAINFO:
            metainfo.setdefault('classes', ())  # mmseg wants some to test
        super().__init__(
            ann_file=ann_file,
            data_root=data_root or None,
            data_prefix={},
            pipeline=list(pipeline),
            metainfo=metainfo,
            test_mode=test_mode,
            indices=indices,
            ignore_index=ignore_index,
            lazy_init=lazy_init,
            max_refetch=0,
        )
        transforms = self.pipeline.transforms
        self.pipeline.transforms = [in_band_groups(t) for t in transforms]
        self._check_label_ids()

    @cached_property
    def num_classes(self) -> int:
        """Number of classes; asked for every tile, so not made each time."""
        return len(self.metainfo.get('classes', ()))

    def full_init(self) -> None:
        """Read the split list and start counting draws."""
        if self._fully_initialized:
            return
        super().full_init()
        self._take_stored_fits()
        self.draws = torch.zeros(len(self), dtype=torch.int64).share_memory_()

    def load_data_list(self) -> list[dict]:
        """List the tiles of the split.

        Without labels there need be no list: then all tiles that the folders
        of all modalities hold.

        Returns:
            One dict per tile with ``sample_id``, ``img_paths`` (a path per
            modality), ``img_path`` (the first of them: what mmseg's hooks
            print) and ``seg_map_path``.

        Raises:
            FileNotFoundError: If the split list does not exist.
            ValueError: If it lists no tile, the folders hold none, or the
                list has an unknown encoding.
        """
        if self.label is None and not self.ann_file:
            tiles = set.intersection(*self.required_tiles().values())
            if not tiles:
                raise ValueError(self._why_no_tile())
            return [self._record(tile) for tile in sorted(tiles)]
        if not self.ann_file or not osp.isfile(self.ann_file):
            raise FileNotFoundError(
                f'{type(self).__name__}: split list {self.ann_file!r} does '
                f'not exist: run `{prepare_command()}`, or set '
                '`ann_file` to a text file with one tile id per line'
            )
        tiles = []
        for number, line in enumerate(read_split_list(self.ann_file)):
            tile = self.tile_id(line, first=number == 0)
            if tile:
                tiles.append(self._record(tile))
        if not tiles:
            raise ValueError(
                f'{type(self).__name__}: split list {self.ann_file} lists no '
                'tile. Expected one tile id per line: write it again with '
                f'`{prepare_command()}`'
            )
        return tiles

    def tile_id(self, line: str, first: bool) -> str:
        """Turn a line of a split list into a tile id.

        Args:
            line: The line without surrounding blanks; neither empty nor a
                comment.
            first: Whether it is the first line (some lists have a header).

        Returns:
            The id, empty for a line that names no tile.
        """
        return line

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster of a tile lies, relative to ``data_root``.

        Args:
            tile: Id of the tile.
            layer: Name of the modality, or ``'label'``.
            dir: Declared directory.
            suffix: Declared suffix.
        """
        return osp.join(dir, tile + suffix)

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles that have a raster of a layer, whatever the split.

        The inverse of :meth:`tile_path`, and to be overridden with it: the
        commands of ``data_prep`` make and check split lists with it.

        Args:
            dir: Declared directory.
            suffix: Declared suffix.

        Returns:
            Tile ids, sorted.
        """
        files = glob.glob(
            f'**/*{glob.escape(suffix)}',
            root_dir=self._locate(dir) or '.',
            recursive=True,
        )
        ids = (f.removesuffix(suffix).replace(os.sep, '/') for f in files)
        return sorted(ids)

    def required_tiles(self) -> dict[str, set[str]]:
        """List the tiles of each layer that a tile must have.

        Returns:
            Modality, or ``'label'`` if there are labels, -> tile ids. Optional
            modalities are left out. If all are optional, a tile must have one
            of them: ``'opt or sar'`` -> tiles that have any.
        """
        modalities = self.modalities
        found = {
            name: set(self.list_tiles(modality.dir, modality.suffix))
            for name, modality in modalities.items()
        }
        required = {
            n: t for n, t in found.items() if not modalities[n].optional
        }
        if not required:
            required[' or '.join(found)] = set().union(*found.values())
        if self.label is not None:
            where = self.label.dir, self.label.suffix
            required['label'] = set(self.list_tiles(*where))
        return required

    def _why_no_tile(self) -> str:
        found = {
            f'{n} ({self._locate(m.dir)}/*{m.suffix})': len(
                self.list_tiles(m.dir, m.suffix)
            )
            for n, m in self.modalities.items()
        }
        return (
            f'{type(self).__name__}: no tile has a file in the folder of '
            f'every modality; tiles found: {found}. Files of a tile must '
            'have the same name up to `suffix`'
        )

    @property
    def stats_file(self) -> Path:
        """Where ``data_prep`` keeps what it has measured of the list."""
        if not self.ann_file:
            return Path(self.data_root or '.', STATS)
        return Path(self.ann_file).with_name(STATS)

    @property
    @force_full_init
    def tiles(self) -> list[dict]:
        """Records of all tiles of the list; samples may be parts of them."""
        count = super().__len__()
        return [self.get_data_info(i) for i in range(count)]

    def take_fits(self, fits: Mapping[str, Sequence]) -> None:
        """Take numbers for the steps of ``values`` that are measured.

        Args:
            fits: Modality -> for each step the numbers, None without any.
                Those of modalities that are not read here are left out.
        """
        fits = {n: f for n, f in fits.items() if n in self.modalities}
        declared = completed(self._metainfo['modalities'], fits)
        self._metainfo['modalities'] = declared
        self.modalities = {
            name: replace(modality, values=tuple(declared[name]['values']))
            if name in fits
            else modality
            for name, modality in self.modalities.items()
        }

    def _take_stored_fits(self) -> None:
        """Take what ``data_prep`` has measured; training checks of what."""
        declarations = self._metainfo['modalities']
        if not fitted_names(declarations):
            return
        fits = stored_fits(self.stats_file, declarations)
        if not self.test_mode:
            self.check_fits(fits)
        self.take_fits({name: fit.steps for name, fit in fits.items()})

    def check_fits(self, fits: Mapping[str, Fit]) -> None:
        """Compare what numbers were measured on with the training list.

        Raises:
            ValueError: If it was another list.
        """
        key = tiles_key([tile['sample_id'] for tile in self.tiles])
        other = [name for name, fit in fits.items() if fit.tiles != key]
        if other:
            raise ValueError(
                f'{self.stats_file}: the numbers for `values` of {other} were '
                f'measured on other tiles than those of {self.ann_file}: '
                f'`{prepare_command()}` measures them again'
            )

    def training_pixels(self, tile: dict) -> np.ndarray | None:
        """Say which pixels of a tile statistics may be taken from.

        Args:
            tile: Its record.

        Returns:
            (H, W) bool; None: all.
        """
        return None

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Get one tile's record with the declarations it is read by."""
        info = super().get_data_info(idx)
        info['modalities'] = self.modalities
        info['label'] = self.label
        info['num_classes'] = self.num_classes
        info['test_mode'] = self.test_mode
        return info

    def prepare_data(self, idx: int) -> dict:
        """Load and augment one tile.

        The augmentation is seeded by (seed, index, how often the tile was
        drawn), so it depends neither on the number of workers nor on whether
        the run was interrupted.
        """
        if not self.test_mode:
            entropy = (self.seed, idx, int(self.draws[idx]))
            self.draws[idx] += 1
            state = np.random.SeedSequence(entropy).generate_state(1)
            np.random.seed(state)
            random.seed(int(state[0]))
        with self.session():
            return self.pipeline(self.raw_sample(idx))

    def session(self) -> AbstractContextManager:
        """Share what the files of a sample are read with."""
        return raster_session()

    def raw_sample(self, idx: int) -> dict:
        """Get what the pipeline starts from."""
        return self.get_data_info(idx)

    def _record(self, tile: str) -> dict:
        check_sample_id(tile, self.ann_file or self.data_root or '.')
        paths = {
            name: self._locate(
                self.tile_path(tile, name, modality.dir, modality.suffix)
            )
            for name, modality in self.modalities.items()
        }
        record = dict(
            sample_id=tile,
            img_path=next(iter(paths.values())),
            img_paths=paths,
            seg_fields=[],
            reduce_zero_label=False,
        )
        if self.label is not None:
            record['seg_map_path'] = self._locate(
                self.tile_path(
                    tile,
                    'label',
                    self.label.dir,
                    self.label.suffix,
                )
            )
        return record

    def _locate(self, path: str) -> str:
        return osp.join(self.data_root, path) if self.data_root else path

    def _check_label_ids(self) -> None:
        if self.label is None:
            return
        name = type(self).__name__
        check_label_ids(self.label, self.num_classes, name)
        if self.LABEL is not None:
            check_class_order(self.label, self.LABEL, self.label_map, name)
