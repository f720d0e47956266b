"""Sheets: what is on them, how large, and that they tell the truth."""

import numpy as np
import pytest
from PIL import Image

from helpers import small_files
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.visualization.composites import RIGHT, WRONG
from multimodal_rs.visualization.panel import (
    GAP,
    HEADING_HEIGHT,
    LINE,
    MARGIN,
    TITLE_HEIGHT,
    Picture,
    Row,
    contact_sheet,
    fit,
    save_png,
    tile_row,
)

CLASSES = ('water', 'forest', 'crops')
PALETTE = ((0, 0, 255), (0, 120, 0), (240, 200, 0))
MODALITIES = build_modalities(
    dict(
        opt=dict(bands=['B3', 'B2', 'B1'], file_bands=['B1', 'B2', 'B3']),
        sar=dict(bands=[0], display=dict(range=[0.0, 1.0])),
    )
)


def images(size=(32, 48)):
    rng = np.random.default_rng(0)
    return {
        'opt': rng.random((3, *size), np.float32),
        'sar': rng.random((1, *size), np.float32),
    }


def maps(size=(32, 48)):
    label = np.zeros(size, np.uint8)
    label[:, 20:] = 1
    label[:4] = 255
    prediction = np.zeros(size, np.int64)
    prediction[:, 25:] = 1
    return label, prediction


def row(title='tile_7', **changes):
    label, prediction = maps()
    arguments = dict(
        images=images(),
        modalities=MODALITIES,
        palette=PALETTE,
        label=label,
        prediction=prediction,
    )
    return tile_row(title, **arguments | changes)


def sheet(rows, **arguments):
    return contact_sheet(rows, CLASSES, PALETTE, **arguments)


def test_columns_of_a_tile():
    titles = [p.title for p in row().pictures]
    assert titles == ['opt', 'sar', 'label', 'prediction', 'errors']
    assert [p.subtitle for p in row().pictures[:2]] == [
        'B3, B2, B1',
        'band 0',
    ]
    # 28 of 32 rows count; columns 20 to 24 of 48 are wrong
    assert row().note == f'{5 / 48:.1%} wrong'
    assert [p.title for p in row(label=None).pictures][2:] == ['prediction']
    assert [p.title for p in row(prediction=None).pictures][2:] == ['label']


def test_pictures_stand_where_they_should():
    picture = sheet([row()], cell=48)
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    top = MARGIN + HEADING_HEIGHT + LINE
    for number, part in enumerate(row().pictures):
        left = MARGIN + number * (48 + GAP)
        found = picture[top : top + 32, left : left + 48]
        np.testing.assert_array_equal(found, part.pixels)
    assert (picture[:MARGIN] == 255).all()
    assert (picture[:, : MARGIN - 1] == 255).all()
    assert (picture[:, -MARGIN + 1 :] == 255).all()
    assert (picture[-MARGIN + 4 :] == 255).all()


def test_a_swapped_label_changes_the_sheet():
    label, _ = maps()
    swapped = np.choose(label == 255, [1 - (label & 1), 255])
    assert (sheet([row()]) != sheet([row(label=swapped)])).any()
    assert (sheet([row()]) != sheet([row(title='tile_8')])).any()


def test_absent_modality_keeps_its_column():
    only = {'opt': images()['opt']}
    lacking = row(images=only)
    assert lacking.pictures[1].pixels is None
    together = sheet([row(), lacking], cell=48)
    assert together.shape[1] == sheet([row()], cell=48).shape[1]
    first = sheet([lacking, row()], cell=48)
    assert (first != together).any()
    nothing = Row('empty', (Picture('opt', None),))
    assert sheet([nothing], cell=48).shape[0] > 48


def test_tile_without_label_and_without_counted_pixels():
    assert row(label=None).note == ''
    ignored = np.full((32, 48), 255)
    assert row(label=ignored).note == ''


def test_small_pictures_grow_by_whole_numbers_and_stay_sharp():
    fitted = fit(row(), 100)
    for before, after in zip(row().pictures, fitted.pictures, strict=True):
        grown = before.pixels.repeat(2, 0).repeat(2, 1)
        np.testing.assert_array_equal(after.pixels, grown)
    again = fit(fitted, 100)
    for before, after in zip(fitted.pictures, again.pictures, strict=True):
        np.testing.assert_array_equal(after.pixels, before.pixels)


def test_large_maps_shrink_without_new_colours():
    label = np.zeros((100, 300), np.uint8)
    label[::2] = 1
    label[:, 150:] = 2
    tile = row(images=images((100, 300)), label=label, prediction=label)
    fitted = fit(tile, 120)
    assert {p.pixels.shape for p in fitted.pictures} == {(40, 120, 3)}
    colours = np.unique(fitted.pictures[2].pixels.reshape(-1, 3), axis=0)
    assert {tuple(c) for c in colours.tolist()} <= set(PALETTE)
    # measurements are averaged: less contrast than a single pixel has
    contrast = [t.pictures[1].pixels.std() for t in (fitted, tile)]
    assert contrast[0] < 0.7 * contrast[1]


def test_all_pictures_of_a_row_get_the_size_of_the_first():
    label, prediction = maps((16, 24))
    fitted = fit(row(label=label, prediction=prediction), 48)
    assert {p.pixels.shape for p in fitted.pictures} == {(32, 48, 3)}


def test_sheet_grows_with_rows_and_columns():
    one = sheet([row()], cell=96)
    three = sheet([row(), row(), row()], cell=96)
    titled = sheet([row()], cell=96, title='Test of the best checkpoint')
    assert one.shape[1] == 2 * MARGIN + 5 * 96 + 4 * GAP
    assert three.shape[0] - one.shape[0] == 2 * (64 + LINE + GAP)
    assert titled.shape[0] == one.shape[0] + TITLE_HEIGHT


def test_legend_has_every_class_and_wraps():
    picture = sheet([row(label=None, prediction=None)], cell=48)
    for colour in PALETTE:
        assert (picture == colour).all(-1).sum() == 16 * 16
    for colour in (RIGHT, WRONG):
        assert (sheet([row()]) == colour).all(-1).sum() > 16 * 16
    classes = [f'a class with a long name {i}' for i in range(20)]
    palette = [(10 * i, 0, 100) for i in range(20)]
    many = contact_sheet([row(label=None, prediction=None)], classes, palette)
    assert many.shape[1] == sheet([row(label=None, prediction=None)]).shape[1]
    assert many.shape[0] > picture.shape[0] + 4 * LINE
    for colour in palette:
        assert (many == colour).all(-1).sum() == 16 * 16


def test_long_titles_are_shortened():
    picture = sheet([row(title='x' * 500)], cell=48, title='y' * 500)
    assert picture.shape[1] == sheet([row()], cell=48).shape[1]
    assert (picture[:, 1 - MARGIN :] == 255).all()


def test_no_row_is_an_error():
    with pytest.raises(ValueError, match='at least one row'):
        sheet([])


def test_png_is_what_was_drawn(tmp_path):
    picture = sheet([row()])
    save_png(picture, tmp_path / 'new' / 'sheet.png')
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), 'uint8')
    full = r'full.png cannot be written .*: is the disk full'
    with small_files(5000), pytest.raises(OSError, match=full):
        save_png(noise, tmp_path / 'full' / 'full.png')
    assert list((tmp_path / 'full').iterdir()) == []
    read = np.asarray(Image.open(tmp_path / 'new' / 'sheet.png'))
    np.testing.assert_array_equal(read, picture)
