"""Preparation of a scene with sparse labels: images, label rasters, lists."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.check_report import check_folder
from multimodal_rs.data_prep.checks import Finding
from multimodal_rs.data_prep.prepare import (
    build_dataset,
    measure,
    usual_parser,
)
from multimodal_rs.data_prep.scene_files import SceneForm
from multimodal_rs.data_prep.sparse_splits import (
    block_split,
    hold_out_end,
    random_pixels,
    touching,
)
from multimodal_rs.data_prep.splits import write_split
from multimodal_rs.data_prep.tile_files import Stripe, write_tile
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.sparse_scene import SparseSceneDataset
from multimodal_rs.utils.installation import dataset_config

# Splits that label files make: those whose counts are checked, and others.
OFFICIAL, GIVEN = 'official', 'given'
BLOCKS = 'blocks'  # ours, of labels without a split
PARTS = ('train', 'val', 'test')


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
    done = args.data_root / 'labels' / _split_of(dataset) / 'test'
    if not (done / f'{scene}.tif').is_file() or args.random:
        form = _complete_form(forms_of(args.data_root), args.data_root)
        size = write_layers(dataset, form, scene, args.data_root)
        split = write_labels(dataset, form, scene, size, args)
        if split != _split_of(dataset):
            print(
                f'{config} does not read the split {split}: a config that '
                f'does has ann_file and label_dir below splits/{split} and '
                f'labels/{split}, as trento_blocks.py'
            )
            return 0
    measure(dataset, config)
    return 0


def write_layers(
    dataset: SparseSceneDataset, form: SceneForm, scene: str, root: Path
) -> tuple[int, int]:
    """Write the images of a scene as GeoTIFF, unless they are there.

    Returns:
        (H, W).

    Raises:
        ValueError: If an image has other bands than declared, a band is
            empty, or sizes differ.
    """
    print(f'{root}: {form.name}')
    for name in form.changed():
        print(
            f'Remark: {name} is another copy than the one whose checksum is '
            'known; what is in it is checked all the same'
        )
    sizes = {}
    for name, modality in dataset.modalities.items():
        if name not in form.layers:
            raise ValueError(
                f'{root}: {form.name} has {list(form.layers)}, the config '
                f'reads {name!r}, too: choose another with --config'
            )
        source = form.layers[name]
        data = source.read()
        check_image(data, modality, str(source.path))
        sizes[name] = data.shape[1:]
        path = root / modality.dir / f'{scene}{modality.suffix}'
        if not path.is_file():
            wide = data.dtype.itemsize > 4 and data.dtype.kind == 'f'
            data = data.astype(np.float32) if wide else data
            names = tuple(modality.file_bands or ())
            write_tile(path, Stripe(data, names=names), {})
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f'{root}: all images of a scene must have one size, got (H, W) '
            f'{sizes}: download the files again, or resample the one that '
            'differs'
        )
    return next(iter(sizes.values()))


def check_image(data: np.ndarray, modality: Modality, path: str) -> None:
    """Check number and contents of the bands of an image.

    Args:
        data: (C, H, W).
        modality: Its declaration.
        path: Of the file, for messages.

    Raises:
        ValueError: If the number is another one, or a band is empty.
    """
    expected = modality.file_count
    if expected is not None and len(data) != expected:
        first = expected in data.shape
        hint = ': the bands stand on another axis' if first else ''
        raise ValueError(
            f'{path} has {len(data)} bands ((bands, H, W) is {data.shape}), '
            f'expected {expected} of {modality.name!r}{hint}; download the '
            'file again, or choose a config that declares them with --config'
        )
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


def write_labels(
    dataset: SparseSceneDataset,
    form: SceneForm,
    scene: str,
    size: tuple[int, int],
    args: argparse.Namespace,
) -> str:
    """Write label rasters and lists.

    Returns:
        Name of the split.

    Raises:
        ValueError: If the labels are not as expected.
    """
    name, everything, chosen = _divided(dataset, form, size, args)
    train = np.where(chosen, everything, 0)
    held_out = hold_out_end(train)
    parts = dict(
        train=np.where(held_out, 0, train),
        val=np.where(held_out, train, 0),
        test=np.where(chosen, 0, everything),
    )
    _check_classes(dataset, parts['train'], name)
    for part, numbers in parts.items():
        path = args.data_root / 'labels' / name / part / f'{scene}.tif'
        raster = Stripe(numbers[None].astype(np.uint8), compressed=True)
        write_tile(path, raster, {})
    counts = {p: int(np.count_nonzero(n)) for p, n in parts.items()}
    beside = touching(train, parts['test'])
    print(
        f'{args.data_root}: split {name}, labelled pixels {counts}; '
        f'{100 * beside:.3g} % of those for training have one for testing '
        'beside them (of a random choice nearly all)'
    )
    write_split(args.data_root / 'splits' / name, {p: [scene] for p in PARTS})
    return name


def _divided(
    dataset: SparseSceneDataset,
    form: SceneForm,
    size: tuple[int, int],
    args: argparse.Namespace,
) -> tuple[str, np.ndarray, np.ndarray]:
    """Read the labels and choose those to train on.

    Returns:
        Name of the split, all labels (H, W), and which are chosen, bool.
    """
    train, test = form.train.read(size), None
    check_numbers(dataset, train, 'train')
    if form.test is not None:
        test = form.test.read(size)
        check_numbers(dataset, test, 'test')
    everything = train if test is None else np.maximum(train, test)
    if args.random:
        chosen = random_pixels(everything, args.random, args.seed)
        return f'random-{args.random}-seed{args.seed}', everything, chosen
    if test is None:
        return BLOCKS, everything, block_split(everything, args.seed)
    check_counts(dataset, train, test)
    name = OFFICIAL if dataset.OFFICIAL else GIVEN
    return name, everything, train > 0


def check_numbers(
    dataset: SparseSceneDataset, numbers: np.ndarray, part: str
) -> None:
    """Refuse numbers that are no classes.

    Raises:
        ValueError: With the numbers and their pixels.
    """
    classes = dataset.metainfo['classes']
    known = set(dataset.label.numbers(len(classes)))
    values, counts = np.unique(numbers, return_counts=True)
    unknown = {
        v: c
        for v, c in zip(values.tolist(), counts.tolist(), strict=True)
        if v not in known
    }
    if unknown:
        raise ValueError(
            f'{part} labels: {unknown} (number: pixels) are no classes, '
            f'expected 0 (none) to {len(classes)} ({classes[-1]}): the file '
            'is another one'
        )


def check_counts(
    dataset: SparseSceneDataset, train: np.ndarray, test: np.ndarray
) -> None:
    """Compare labels with those of the official split.

    Args:
        dataset: Says how many pixels each class has in the official split.
        train: (H, W), numbers of the training pixels, 0 elsewhere.
        test: Likewise.

    Raises:
        ValueError: If a pixel is in both, or the sums are other ones.
    """
    both = int(np.count_nonzero((train > 0) & (test > 0)))
    if both:
        raise ValueError(
            f'{both} pixels are labelled for training and for testing: '
            'expected none; the label files do not belong together, or one '
            'of them holds all labels'
        )
    for part, numbers in (('train', train), ('test', test)):
        official = list((dataset.OFFICIAL or {}).get(part, ()))
        if not official:
            continue
        length = len(official) + 1
        found = np.bincount(numbers.ravel(), minlength=length)[1:].tolist()
        if sum(found) != sum(official):
            raise ValueError(
                f'{part}: {sum(found)} labelled pixels, the official split '
                f'has {sum(official)}; of each class {found}, expected '
                f'{official}. Take the official files. Other training pixels '
                'of the same scene: `--random N` writes a split whose name '
                'says so'
            )
        if found != official:
            names = dataset.metainfo['classes']
            pairs = zip(names, found, official, strict=True)
            other = {n: (f, o) for n, f, o in pairs if f != o}
            print(
                f'Remark: {part}: the sum is that of the official split, but '
                f'classes have other counts, (found, expected): {other}'
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


def _check_classes(
    dataset: SparseSceneDataset, train: np.ndarray, split: str
) -> None:
    classes = dataset.metainfo['classes']
    missing = [n for i, n in enumerate(classes, 1) if not (train == i).any()]
    if missing:
        raise ValueError(
            f'split {split}: {missing} have no training pixel, so nothing '
            'can be learnt about them: expected some of each class; the '
            'label file is another one, or incomplete'
        )


def _split_of(dataset: SparseSceneDataset) -> str:
    """Get the split that a config reads, from ``labels/<split>/train``."""
    return Path(dataset.label.dir).parent.name


def _complete_form(forms: Sequence[SceneForm], root: Path) -> SceneForm:
    """Choose the first form whose files are all there.

    Raises:
        FileNotFoundError: With what is missing of each.
    """
    missing: Mapping[str, list[str]] = {
        form.name: [str(p.relative_to(root)) for p in form.missing]
        for form in forms
    }
    for form in forms:
        if not missing[form.name]:
            return form
    lines = '; '.join(f'{n}: {files}' for n, files in missing.items())
    raise FileNotFoundError(
        f'{root} holds no complete form of the scene. Missing of each: '
        f'{lines}. Put the files of one form there'
    )


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
