"""Accuracy of several maps together, against one reference."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.products.accuracy import own_files
from multimodal_rs.products.accuracy_tables import (
    SUMMARY,
    taken,
    write_tables,
)
from multimodal_rs.products.area import summed_areas
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.comparison import Compared, compare, known_areas
from multimodal_rs.products.error_maps import error_names, with_sidecars
from multimodal_rs.products.reference import OutOfReachError
from multimodal_rs.products.reference_check import (
    check_reference,
    check_systems,
)
from multimodal_rs.products.reference_points import SEVERAL, left_out
from multimodal_rs.utils.file_sets import replaced_together

Ids = Mapping[int, int] | None


def write_total_accuracy(
    folder: str | os.PathLike,
    paths: Sequence[str],
    reference: str | os.PathLike,
    ids: Ids = None,
) -> str:
    """Compare several maps with a reference, which may reach only some.

    The files are those of ``write_map_accuracy``, made of the sums over the
    maps that the reference says something about: of their confusion matrices
    and areas. Each of them has a map of errors, see ``error_names``.

    Args:
        folder: Where to.
        paths: The maps, 8 bits, whose classes have the same names.
        reference: As for ``write_map_accuracy``.
        ids: Likewise.

    Returns:
        Tables for people, and which maps the reference does not reach.

    Raises:
        OutOfReachError: If it reaches none.
        ValueError: If a map cannot be compared.
        OSError: If a file cannot be written.
    """
    names = error_names(paths)
    # Each once, also on disks that ignore case.
    every = (*own_files(folder), *with_sidecars(names))
    own = {name.casefold(): name for name in every}.values()
    reached = within_reach(paths, reference, ids)
    with replaced_together(folder, own, SUMMARY) as temporary:
        places = (temporary / name for name in names)
        errors = dict(zip(paths, places, strict=True))
        return _compare(
            temporary,
            {path: errors[path] for path in reached},
            *(paths, reference, ids),
        )


def within_reach(
    paths: Sequence[str], reference: str | os.PathLike, ids: Ids
) -> list[str]:
    """List the maps on which a reference lies; it may be empty there.

    Raises:
        OutOfReachError: If it lies on none.
        ValueError: If it cannot be compared with one, or is a table of points
            without reference systems while those of the maps differ.
    """
    found, systems = [], {}
    for path in paths:
        with ClassMap(path) as land:
            grid = land.grid
        systems[path] = grid.crs
        try:
            check_reference(reference, ids, grid)
        except OutOfReachError:
            continue
        found.append(path)
    check_systems(reference, systems)
    if not found:
        raise _out_of_reach(reference, paths)
    return found


def _compare(
    folder: Path,
    errors: Mapping[str, Path],
    paths: Sequence[str],
    reference: str | os.PathLike,
    ids: Ids,
) -> str:
    """Write all files.

    Args:
        folder: Where to.
        errors: Map that the reference may reach -> its map of errors.
        paths: Of all maps.
        reference: It.
        ids: Number in it -> number of the class in the maps.
    """
    areas, unknown = {}, {}
    for path in errors:
        with ClassMap(path) as land:
            areas[path], unknown[path] = known_areas(land, ids)
    # Of all maps: one may show nothing of a class that the reference has.
    classes = [
        area._replace(pixels=0, hectares=0.0)
        for area in summed_areas(areas.values())
    ]
    names = {area.number: area.name for area in classes}
    compared = {
        path: _compare_one(target, path, names, reference, ids)
        for path, target in errors.items()
    }
    known = {p: c.matrix for p, c in compared.items() if c.matrix.any()}
    if not known:
        raise _out_of_reach(reference, paths)
    for path in errors.keys() - known:  # there is nothing on it
        for name in with_sidecars([errors[path].name]):
            Path(folder, name).unlink(missing_ok=True)
    summed = summed_areas([classes, *(areas[path] for path in known)])
    why = [f'map {p}: {unknown[p]}' for p in known if unknown[p] is not None]
    tables = write_tables(
        folder, summed, sum(known.values()), why[0] if why else None
    )
    head = _reached(paths, known, reference)
    head += taken(next(iter(compared.values())).ids, summed)
    return head + _notes([*compared.values()]) + tables


def _reached(
    paths: Sequence[str],
    known: Collection[str],
    reference: str | os.PathLike,
) -> str:
    """Say which maps count."""
    said = f'Compared: {len(known)} of {len(paths)} maps'
    missed = [path for path in paths if path not in known]
    if missed:
        said += (
            ', to which all figures refer; the reference '
            f'{os.fspath(reference)} does not reach {", ".join(missed)}'
        )
    return f'{said}\n'


def _notes(compared: Sequence[Compared]) -> str:
    """Say once what there is to say about the numbers and the points."""
    note = compared[0].note
    if compared[0].fates is None:
        return note
    every = np.stack([one.fates for one in compared])
    return note + left_out(every.min(axis=0), SEVERAL)


def _compare_one(
    errors: Path,
    path: str,
    names: Mapping[int, str],
    reference: str | os.PathLike,
    ids: Ids,
) -> Compared:
    with ClassMap(path) as land:
        try:
            return compare(errors, land, names, reference, ids)
        except ValueError as error:
            raise ValueError(
                f'map {path} is not compared with the reference: {error}'
            ) from error


def _out_of_reach(
    reference: str | os.PathLike, paths: Sequence[str]
) -> OutOfReachError:
    return OutOfReachError(
        f'accuracy: the reference {os.fspath(reference)} has no pixel or '
        f'point with a class where one of the {len(paths)} maps has one: '
        'compare where they lie, and the numbers'
    )
