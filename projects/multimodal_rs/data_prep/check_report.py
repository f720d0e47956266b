"""Report on a whole dataset folder: what was found, in words."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.checks import (
    Finding,
    Tile,
    check_lists,
    check_tile,
    label_names,
    layers_of,
    read_lists,
)
from multimodal_rs.data_prep.fitting import stale_fits
from multimodal_rs.data_prep.splits import natural_sort
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.label_counts import never_seen
from multimodal_rs.utils.progress import progress
from multimodal_rs.utils.tables import text_table


def check_folder(
    dataset: MultiModalSegDataset,
    splits: Path,
    scene_of: Callable[[str], str] | None = None,
    found: Sequence[Finding] = (),
    lists: Iterable[Path] = (),
) -> int:
    """Read every file and every split list and print a report.

    Tiles are those on disk and those in the lists.

    Args:
        dataset: Says what the files should be, and which list it trains on.
        splits: Folder of split lists.
        scene_of: Gives the scene of a tile, where ids tell it.
        found: What was found wrong before.
        lists: Split lists that lie elsewhere.

    Returns:
        1 if something is wrong, else 0.
    """
    trained_on = Path(dataset.ann_file)
    of_config = {*lists, trained_on}
    paths = {*splits.rglob('*.txt'), *of_config}
    lists, findings = read_lists(dataset, filter(Path.is_file, sorted(paths)))
    findings = [*found, *findings]
    on_disk = {
        layer.name: dataset.list_tiles(layer.dir, layer.suffix)
        for layer in layers_of(dataset)
    }
    names = natural_sort(set().union(*on_disk.values(), *lists.values()))
    if not names:
        text = f'{dataset.data_root} has no file of any layer'
        findings.append(Finding('no tile', text))
    tiles = {
        name: check_tile(dataset, name) for name in progress(names, 'check')
    }
    findings += [f for tile in tiles.values() for f in tile.findings]
    wrong, remarks = check_lists(
        lists, scene_of, bool(dataset.held_out), of_config
    )
    findings += wrong
    if dataset.label is not None:
        trained = lists.get(trained_on, names)
        findings += _check_classes(dataset, [tiles[n] for n in trained])
    # Measured numbers can be compared only with files that can be read.
    if trained_on in lists and not any(t.findings for t in tiles.values()):
        kept = [] if found else stale_fits(dataset)
        findings += [Finding('stale numbers', text) for text in kept]
    _print_files(on_disk, tiles)
    if dataset.label is not None:
        _print_labels(dataset, lists, tiles)
    _print_lists(lists, names)
    for remark in remarks:
        print(f'Remark: {remark}.')
    _print_findings(findings)
    return 1 if findings else 0


def _check_classes(
    dataset: MultiModalSegDataset, tiles: Sequence[Tile]
) -> list[Finding]:
    """Find classes that no tile has."""
    classes = dataset.metainfo['classes']
    known = label_names(dataset)
    pixels = Counter()
    for number, count in sum((t.labels for t in tiles), Counter()).items():
        pixels[known.get(number)] += count
    if not pixels:
        return []  # no label could be read, which is said elsewhere
    text = never_seen(dataset, [pixels[c] for c in classes], pixels['ignored'])
    return [Finding('class never occurs', text)] if text else []


def _print_files(
    on_disk: Mapping[str, list[str]], tiles: Mapping[str, Tile]
) -> None:
    print(f'\n{len(tiles)} tiles. Files per layer:')
    for name, ids in on_disk.items():
        grids = [t.grids[name] for t in tiles.values() if name in t.grids]
        sizes = Counter(f'{g.size[0]}x{g.size[1]}' for g in grids)
        bands = Counter(
            t.bands[name] for t in tiles.values() if name in t.bands
        )
        placed = sum(g.crs is not None and g.placed for g in grids)
        invalid = [
            t.invalid[name] for t in tiles.values() if name in t.invalid
        ]
        line = f'  {name}: {len(ids)} files, size {_tally(sizes)}'
        if bands:
            line += f', bands {_tally(bands)}'
        line += f', {placed} georeferenced'
        if invalid:
            line += (
                f', {100 * np.mean(invalid):.3f} % invalid pixels in '
                f'{np.count_nonzero(invalid)} tiles'
            )
        print(line)


def _print_labels(
    dataset: MultiModalSegDataset,
    lists: Mapping[Path, list[str]],
    tiles: Mapping[str, Tile],
) -> None:
    known = label_names(dataset)
    columns = {'all tiles': sum((t.labels for t in tiles.values()), Counter())}
    for path, column in short_names(lists).items():
        names = lists[path]
        columns[column] = sum((tiles[n].labels for n in names), Counter())
    rows = []
    for number in sorted(known):
        shares = (c[number] / max(c.total(), 1) for c in columns.values())
        name = f'{dataset.label.name(number):>4} {known[number]}'
        rows.append([name, *(f'{100 * share:.3f}' for share in shares)])
    print('\nLabel ids, percent of the pixels:')
    print(text_table(['label', *columns], rows))


def short_names(paths: Iterable[Path]) -> dict[Path, str]:
    """Name files by the ends of their paths, without suffix.

    Returns:
        ``<folder>/<name>``, or as much more of all paths as tells them apart.
    """
    paths = list(paths)
    longest = max((len(path.parts) for path in paths), default=0)
    for count in range(2, longest + 1):
        names = ['/'.join(p.with_suffix('').parts[-count:]) for p in paths]
        if len(set(names)) == len(paths):
            return dict(zip(paths, names, strict=True))
    return {path: str(path) for path in paths}  # they differ in the suffix


def _print_lists(lists: Mapping[Path, list[str]], names: list[str]) -> None:
    print('\nSplit lists:' if lists else '\nNo split list.')
    for path, tiles in lists.items():
        print(f'  {path}: {len(tiles)} tiles')
    for folder in dict.fromkeys(path.parent for path in lists):
        listed = set().union(
            *(t for path, t in lists.items() if path.parent == folder)
        )
        left = len(set(names) - listed)
        if left:
            print(f'  {folder}: {left} tiles are in no list')


def _print_findings(findings: list[Finding]) -> None:
    if not findings:
        print('\nNothing wrong was found.')
        return
    kinds = Counter(finding.kind for finding in findings)
    for kind, count in kinds.items():
        print(f'\n{kind.upper()} ({count}):')
        for finding in findings:
            if finding.kind == kind:
                print(f'  {finding.text}')
    print(f'\n{len(findings)} findings: {_tally(kinds)}')


def _tally(counts: Counter) -> str:
    if len(counts) == 1:
        return str(next(iter(counts)))
    return ', '.join(f'{key} ({n})' for key, n in counts.most_common())
