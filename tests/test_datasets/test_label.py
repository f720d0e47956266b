"""Label rasters as they come: colours, bands, NaN, nodata, large numbers."""

import numpy as np
import pytest
import rasterio

from multimodal_rs.datasets.label import build_label, translate


def write(path, data, **profile):
    data = np.asarray(data)
    data = data[None] if data.ndim == 2 else data
    profile = dict(driver='GTiff', dtype=data.dtype) | profile
    with rasterio.open(
        path,
        'w',
        count=len(data),
        height=data.shape[1],
        width=data.shape[2],
        **profile,
    ) as file:
        file.write(data)
    return str(path)


def read(path, classes=2, **declaration):
    label = build_label(declaration)
    return label.train_ids(label.read(path), classes, path)


def test_nan_is_ignored(tmp_path):
    data = np.array([[np.nan, 0, 1], [1, 1, 0]], 'f4')
    path = write(tmp_path / 'l.tif', data, nodata=np.nan)
    expected = [[255, 0, 1], [1, 1, 0]]
    assert read(path).tolist() == expected
    ids = {0: 0, 1: 1, float('nan'): 255}
    assert read(path, ids=ids).tolist() == expected
    with pytest.raises(ValueError, match='NaN can only be ignored'):
        build_label(dict(ids={float('nan'): 1}))


def test_nodata_of_the_file_is_ignored_unless_it_is_a_class(tmp_path):
    path = write(tmp_path / 'l.tif', np.uint8([[0, 1, 200]]), nodata=200)
    assert read(path).tolist() == [[0, 1, 255]]
    assert read(path, ids={0: 0, 1: 1, 200: 1}).tolist() == [[0, 1, 1]]
    path = write(tmp_path / 'z.tif', np.uint8([[0, 1, 1]]), nodata=0)
    assert read(path).tolist() == [[0, 1, 1]]
    assert read(path, ids={1: 0}).tolist() == [[255, 0, 0]]


@pytest.mark.parametrize('kind', ['uint8', 'int16', 'int32', 'f4', 'f8'])
def test_every_train_id_can_be_used(tmp_path, kind):
    """No train id has a second meaning, 254 neither."""
    numbers = np.arange(120).reshape(8, 15).astype(kind)
    path = write(tmp_path / 'l.tif', numbers)
    ids = {n: 254 - n for n in range(120)}
    train_ids = read(path, classes=255, ids=ids)
    assert (train_ids == 254 - np.arange(120).reshape(8, 15)).all()
    del ids[7]
    with pytest.raises(ValueError, match=r'label ids \{7: 1\}'):
        read(path, classes=255, ids=ids)


def test_more_than_256_numbers(tmp_path):
    numbers = np.arange(400, dtype='uint16').reshape(20, 20)
    path = write(tmp_path / 'l.tif', numbers)
    ids = {n: n % 3 for n in range(400)}
    assert (read(path, classes=3, ids=ids) == numbers % 3).all()


def test_message_lists_ten_numbers_and_how_many_more(tmp_path):
    random = np.random.default_rng(0)
    numbers = random.random((512, 512)).astype('f4')
    path = write(tmp_path / 'l.tif', numbers)
    with pytest.raises(ValueError, match=r'and 2\d{5} more\}') as error:
        read(path)
    assert len(str(error.value)) < 1000


def test_a_chosen_band(tmp_path):
    data = np.uint8([[[9, 9]], [[0, 1]], [[9, 9]]])
    path = write(tmp_path / 'l.tif', data)
    assert read(path, band=1).tolist() == [[0, 1]]
    with pytest.raises(ValueError, match=r'got 3: name the band with `band`'):
        read(path)
    with pytest.raises(ValueError, match=r'has 3 bands .* \[5\]'):
        read(path, band=5)


COLORS = {'#FF0000': 0, '#00ff00': 1, '#000000': 255}


@pytest.mark.parametrize('suffix', ['tif', 'png'])
def test_colours(tmp_path, suffix):
    data = np.zeros((3, 2, 3), 'uint8')
    data[0, 0], data[1, 1, 1:] = 255, 255
    driver = dict(tif='GTiff', png='PNG')[suffix]
    path = write(tmp_path / f'l.{suffix}', data, driver=driver)
    assert read(path, colors=COLORS).tolist() == [[0, 0, 0], [255, 1, 1]]
    data[2, 0, 0] = 7
    path = write(tmp_path / f'o.{suffix}', data, driver=driver)
    message = r'label colours \{#ff0007: 1\}.*Expected \[#000000, #00ff00, #ff'
    with pytest.raises(ValueError, match=message):
        read(path, colors=COLORS)


def test_transparent_pixels_of_a_picture_are_ignored(tmp_path):
    data = np.zeros((4, 1, 2), 'uint8')
    data[0] = 255
    data[3, 0, 0] = 255
    path = write(tmp_path / 'l.png', data, driver='PNG')
    assert read(path, colors=COLORS).tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ('declaration', 'error', 'message'),
    [
        (dict(folder='x'), KeyError, r"unknown \['folder'\]; known .*colors"),
        (dict(colors={'red': 0}), ValueError, "'#rrggbb', got"),
        (dict(colors=COLORS, ids={0: 0}), ValueError, 'declare one of them'),
        (dict(colors=COLORS, band=0), ValueError, 'declare one of them'),
        (dict(ids={1.5: 0}), ValueError, 'maps 1.5 to 0: .* whole numbers'),
    ],
)
def test_declarations(declaration, error, message):
    with pytest.raises(error, match=message):
        build_label(declaration)


@pytest.mark.parametrize('kind', ['uint8', 'int8', 'uint16', 'int64', 'f8'])
def test_translation_against_a_loop(kind):
    random = np.random.default_rng(0)
    numbers = random.integers(0, 100, (9, 11)).astype(kind)
    ids = {int(n): int(n) % 7 for n in range(0, 100, 2)} | {-5: 9}
    train_ids, known = translate(numbers, ids)
    for number, train_id, listed in zip(
        numbers.flat, train_ids.flat, known.flat, strict=True
    ):
        assert listed == (int(number) in ids)
        assert not listed or train_id == ids[int(number)]


def test_masked_pixels_have_no_label(tmp_path):
    numbers = np.uint8([[0, 1, 1], [0, 0, 1]])
    valid = np.uint8([[0, 255, 9], [255, 255, 0]])
    expected = [[255, 1, 1], [0, 0, 255]]
    path = write(tmp_path / 'mask.tif', numbers)
    with rasterio.open(path, 'r+') as file:
        file.write_mask(valid > 0)
    assert read(path).tolist() == expected
    both = np.stack([numbers, valid])
    path = write(tmp_path / 'alpha.tif', both, alpha='yes')
    assert read(path, band=0).tolist() == expected
    # Of four bands GDAL calls the last one alpha, whatever it is.
    path = write(tmp_path / 'four.tif', np.stack([numbers] * 4))
    assert read(path, band=0).tolist() == numbers.tolist()
