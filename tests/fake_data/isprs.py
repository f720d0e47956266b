"""ISPRS Vaihingen and Potsdam: areas in the folders of the archives."""

from pathlib import Path

import numpy as np

from fake_data.files import write_tif

COLOURS = np.array(
    [
        [255, 255, 255],
        [0, 0, 255],
        [0, 255, 255],
        [0, 255, 0],
        [255, 255, 0],
        [255, 0, 0],
    ],
    np.uint8,
)
SIZE = (300, 520)  # (H, W): two tiles and a rest
COMPLETE = 'ISPRS_semantic_labeling_Vaihingen_ground_truth'


def make_vaihingen(root: Path, areas: tuple[int, ...]) -> None:
    """Write areas of Vaihingen; eroded labels lack every fourth row."""
    for area in areas:
        top, dsm, label, eroded = make_area(area, bands=3)
        name = f'top_mosaic_09cm_area{area}'
        write_tif(root / f'top/{name}.tif', top)
        write_tif(root / f'dsm/dsm_09cm_matching_area{area}.tif', dsm)
        write_tif(root / f'{COMPLETE}_COMPLETE/{name}.tif', label)
        folder = root / f'{COMPLETE}_eroded_COMPLETE'
        write_tif(folder / f'{name}_noBoundary.tif', eroded)


def make_potsdam(root: Path, patches: tuple[str, ...]) -> None:
    """Write patches of Potsdam: 3_13 lacks a column of heights.

    In 5_Labels_all 4_12 is a picture of another kind.
    """
    for number, patch in enumerate(patches):
        top, dsm, label, eroded = make_area(number, bands=4)
        row, column = patch.split('_')
        padded = f'{row:0>2}_{column:0>2}'
        name = f'top_potsdam_{patch}'
        if patch == '3_13':
            dsm = dsm[..., :-1]
        write_tif(root / f'4_Ortho_RGBIR/{name}_RGBIR.tif', top)
        write_tif(root / f'1_DSM/dsm_potsdam_{padded}.tif', dsm)
        participants = root / '5_Labels_for_participants'
        if int(column) < 13:
            write_tif(participants / f'{name}_label.tif', label)
        overlay = label // 2 if patch == '4_12' else label
        write_tif(root / f'5_Labels_all/{name}_label.tif', overlay)
        folder = root / '5_Labels_all_noBoundary'
        write_tif(folder / f'{name}_label_noBoundary.tif', eroded)


def make_area(seed: int, bands: int) -> tuple[np.ndarray, ...]:
    """Return image, heights, label and eroded label, (C, H, W)."""
    rng = np.random.default_rng(seed)
    top = rng.integers(0, 256, (bands, *SIZE), np.uint8)
    dsm = rng.uniform(240, 290, (1, *SIZE)).astype('float32')
    label = COLOURS[rng.integers(0, 6, SIZE)].transpose(2, 0, 1)
    eroded = label.copy()
    eroded[:, ::4] = 0
    return top, dsm, label, eroded
