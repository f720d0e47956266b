"""Preparation of a scene with sparse labels: images, label rasters, lists."""

import argparse
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.check_report import check_folder
from multimodal_rs.data_prep.checks import Finding
from multimodal_rs.data_prep.prepare import (
    build_dataset,
    measure,
    usual_parser,
)
from multimodal_rs.data_prep.scene_bands import check_bands
from multimodal_rs.data_prep.scene_files import SceneForm, copies_of
from multimodal_rs.data_prep.scene_rasters import read_image
from multimodal_rs.data_prep.sparse_labels import PARTS, write_labels
from multimodal_rs.data_prep.tile_files import Stripe, placed, write_tile
from multimodal_rs.datasets.io.grid import Grid, differences, shared_grid
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import BandReader
from multimodal_rs.datasets.sparse_scene import SparseSceneDataset
from multimodal_rs.utils.installation import (
    dataset_config,
    prepare_command,
)

RASTERS = ('.mat', '.tif', '.TIF', '.npy', '.txt')
SHOWN = 12  # files that a message lists


def prepare_scene(
    description: str | None,
    config: str,
    scene: str,
    forms_of: Callable[[Path], Sequence[SceneForm]],
    arguments: Sequence[str] | None = None,
) -> int:
    """Prepare or check the folder of one scene.

    Preparing writes ``scene/<modality>/<scene>.tif``, the label rasters
    ``labels/<split>/{train,val,test}/<scene>.tif``, split lists, and what is
    measured of the training pixels. What is there stays.

    Args:
        description: Help text of the command.
        config: Name of the usual config in ``configs/_base_/datasets``.
        scene: Name of the files that are written.
        forms_of: Lists the forms in which a folder may hold the scene.
        arguments: Command line; None takes that of the process.

    Returns:
        Exit code: 1 if a check found something, else 0.

    Raises:
        ValueError: If the files are not as expected; names what is wrong.
        FileNotFoundError: If no form of the scene is complete.
    """
    args = _parse(description, config, arguments)
    config = dataset_config(args.config or config)
    dataset = build_dataset(config, args.data_root)
    if args.check:
        splits = args.data_root / 'splits'
        found = check_parts(config, args.data_root)
        return check_folder(dataset, splits, found=found)
    own = _split_of(dataset)
    lists = args.data_root / 'splits' / own
    written = [lists / f'{part}.txt' for part in PARTS]
    divided = not args.random and _are_there(written)
    images = [
        _image(args.data_root, modality, scene)
        for modality in dataset.modalities.values()
    ]
    if not divided or not _are_there(images):
        form = _complete_form(forms_of(args.data_root), args.data_root)
        grid = write_layers(dataset, form, scene, args.data_root)
        folder = args.data_root / 'labels' / own
        labels = [folder / part / f'{scene}.tif' for part in PARTS]
        if divided and _are_there(labels):
            print(f'{lists} is there: lists and labels stay as they are')
            split = own
        else:
            split = write_labels(dataset, form, scene, grid, args)
        if split != own:
            print(
                f'{config} does not read the split {split}: a config that '
                f'does has ann_file and label_dir below splits/{split} and '
                f'labels/{split}, as trento_blocks.py'
            )
            return 0
    else:
        print(
            f'{lists} is there: images and labels stay as they are; to make '
            'them of changed files, delete the folders scene, labels and '
            'splits first'
        )
    measure(dataset, config)
    return 0


def _are_there(paths: Sequence[Path]) -> bool:
    return all(path.is_file() for path in paths)


def _image(root: Path, modality: Modality, scene: str) -> Path:
    """Say where the image of a modality is written."""
    return root / modality.dir / f'{scene}{modality.suffix}'


def write_layers(
    dataset: SparseSceneDataset, form: SceneForm, scene: str, root: Path
) -> Grid:
    """Write the images of a scene as GeoTIFF, unless they are there.

    What their files say of position, nodata, masks, names and scale of the
    bands moves along.

    Returns:
        Where the scene lies.

    Raises:
        ValueError: If the images differ in size or position, or one has
            other bands than declared, or an empty one.
    """
    print(f'{root}: {form.name}')
    for name in form.changed():
        print(
            f'Remark: {name} is another copy than the one whose checksum is '
            'known; what is in it is checked all the same'
        )
    with contextlib.ExitStack() as stack:
        files = _open_layers(dataset, form, root, stack)
        for name, modality in dataset.modalities.items():
            path = _image(root, modality, scene)
            stripe = read_image(files[name], modality.measured)
            check_numbers(stripe.data, files[name].path)
            reader = BandReader(files[name], modality)  # or it refuses
            _remark_empty(stripe, reader)
            if not any(stripe.names):
                names = tuple(modality.file_bands or ())
                stripe = replace(stripe, names=names)
            if not path.is_file():
                write_tile(path, stripe, placed(files[name].grid))
        return shared_grid({n: file.grid for n, file in files.items()})


def _remark_empty(stripe: Stripe, reader: BandReader) -> None:
    """Say how many pixels the nodata value of a file makes invalid."""
    modality = reader.modality
    if stripe.nodata is None or modality.nodata != 'file':
        return
    combine = np.all if modality.nodata_when == 'all' else np.any
    equal = stripe.data[list(reader.bands)] == stripe.nodata
    pixels = int(combine(equal, axis=0).sum())
    if pixels:
        print(
            f'Remark: {reader.file.path} declares nodata {stripe.nodata:g}: '
            f'{pixels} pixels have it in {modality.nodata_when} of the bands '
            'and count as invalid (`nodata` and `nodata_when` of the modality '
            'say otherwise)'
        )


def _open_layers(
    dataset: SparseSceneDataset,
    form: SceneForm,
    root: Path,
    stack: contextlib.ExitStack,
) -> dict[str, OpenedRaster]:
    """Open the images of a scene, and compare where they lie.

    Raises:
        ValueError: If one is missing or has other bands than declared, or
            they do not lie on one grid.
    """
    files = {}
    for name, modality in dataset.modalities.items():
        if name not in form.layers:
            raise ValueError(
                f'{root}: {form.name} has {list(form.layers)}, the config '
                f'reads {name!r}, too: choose another with --config'
            )
        files[name] = stack.enter_context(form.layers[name].open())
        check_bands(files[name], modality)
    found = differences({n: file.grid for n, file in files.items()})
    if found:
        raise ValueError(
            f'{root}: all images of a scene must lie on one grid, got '
            f'{"; ".join(found)}: download the files again, or resample the '
            'one that differs'
        )
    return files


def check_numbers(data: np.ndarray, path: str) -> None:
    """Check that the bands of an image hold numbers.

    Args:
        data: (C, H, W).
        path: Of the file, for messages.

    Raises:
        ValueError: If a band holds none.
    """
    if data.dtype.kind != 'f':
        return
    invalid = ~np.isfinite(data).reshape(len(data), -1)
    empty = np.flatnonzero(invalid.all(axis=1)).tolist()
    if empty:
        raise ValueError(
            f'{path}: bands {empty} (from 0) hold no number at all: expected '
            'measurements; download the file again, or leave the bands out '
            'in a config of your own'
        )
    some = np.flatnonzero(invalid.any(axis=1)).tolist()
    if some:
        pixels = int(invalid.any(axis=0).sum())
        print(
            f'Remark: {path}: {pixels} pixels are NaN in some of the bands '
            f'{some[:10]}{" ..." if len(some) > 10 else ""}; they count as '
            'invalid'
        )


def check_parts(config: Path, root: Path) -> list[Finding]:
    """Compare the label rasters of training, validation and test."""
    parts = {part: build_dataset(config, root, part) for part in PARTS}
    folder = root / parts['train'].label.dir
    findings = []
    for path in sorted(folder.glob('**/*.tif')):
        tile = path.relative_to(folder)
        own = parts['train'].training_pixels(dict(seg_map_path=str(path)))
        for part in PARTS[1:]:
            other = root / parts[part].label.dir / tile
            if other == path or not other.is_file():
                continue
            labelled = parts[part].training_pixels(
                dict(seg_map_path=str(other))
            )
            both = int(np.count_nonzero(own & labelled))
            if both:
                text = f'{path} and {other} label {both} pixels in common'
                findings.append(Finding('overlap of label rasters', text))
    return findings


def _split_of(dataset: SparseSceneDataset) -> str:
    """Get the split that a config reads, from ``labels/<split>/train``."""
    return Path(dataset.label.dir).parent.name


def _complete_form(forms: Sequence[SceneForm], root: Path) -> SceneForm:
    """Choose the first form whose files are all there.

    Raises:
        FileNotFoundError: With what is missing of each.
    """
    missing: Mapping[str, list[str]] = {
        form.name: [_missing(path, root) for path in form.missing]
        for form in forms
    }
    for form in forms:
        if not missing[form.name]:
            return form
    lines = '; '.join(f'{n}: {files}' for n, files in missing.items())
    there = sorted(p.name for p in root.rglob('*') if p.suffix in RASTERS)
    more = f' and {len(there) - SHOWN} more' if len(there) > SHOWN else ''
    raise FileNotFoundError(
        f'{root} holds no complete form of the scene. Missing of each: '
        f'{lines}. Found: {there[:SHOWN]}{more}. Put the files of one form '
        'there. If yours are called otherwise, rename them, or name them to '
        f'`{prepare_command("labelled_scene")}`, which divides labels that '
        'have no split'
    )


def _missing(path: Path, root: Path) -> str:
    """Name a file that is missing, or one of which there are several."""
    copies = [str(p.relative_to(root)) for p in copies_of(root, path.name)]
    name = str(path.relative_to(root))
    if not copies:
        return name
    return f'{name} (found in: {", ".join(copies)}; keep one)'


def _parse(
    description: str | None,
    config: str,
    arguments: Sequence[str] | None,
) -> argparse.Namespace:
    parser = usual_parser(description, config)
    parser.add_argument(
        '--random',
        type=int,
        metavar='N',
        help='write another split, random-N-seed<seed>, with N training '
        'pixels of each class at random; their neighbours are tested on, so '
        'its scores are too high: to compare with papers that do this',
    )
    return parser.parse_args(arguments)
