"""Files of scenes with sparse labels: what is not as expected is named."""

from pathlib import Path

import numpy as np
import pytest

from fake_data.hyperspectral import houston_arrays, write_houston
from multimodal_rs.data_prep import houston2013
from multimodal_rs.data_prep.scene_files import check_places

PATH = Path('index.mat')


def test_several_copies_of_a_scene_are_named(tmp_path: Path) -> None:
    arrays = houston_arrays()
    for name in ('a', 'b'):
        write_houston(tmp_path / name, 'v5', arrays)
    with pytest.raises(
        FileNotFoundError,
        match=r'HSI.mat \(found in: a.HSI.mat, b.HSI.mat; keep one\)',
    ):
        houston2013.main([str(tmp_path)])


@pytest.mark.parametrize(
    ('places', 'first', 'message'),
    [
        ([[1, 1], [20, 30]], 0, 'the list counts from 1, not from 0, or'),
        ([[0, 0], [29, 19]], 0, 'another image, or rows .* are swapped'),
        ([[1, 1], [20, 30]], 1, 'another image, or rows .* are swapped'),
        ([[0, 0, 1], [2, 3, 4]], 0, r'shape \(2, 3\): it is transposed'),
        ([[0, 0, 1]] * 4, 0, r'shape \(4, 3\): download'),
    ],
)
def test_places_outside_are_explained(
    places: list, first: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f'index.mat: .*{message}'):
        check_places(np.array(places), (20, 30), PATH, first)
    rows, columns = check_places(np.array([[0, 0], [19, 29]]), (20, 30), PATH)
    assert rows.tolist() == [0, 19] and columns.tolist() == [0, 29]
