"""Every kind of damage is found and named, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from fake_data.ddhr import make_ddhr
from fake_data.dfc2020 import CITY_TILES, make_dfc2020
from fake_data.files import SIZE, write_tif
from multimodal_rs.data_prep import ddhr, dfc2020
from multimodal_rs.data_prep.check_report import short_names
from multimodal_rs.data_prep.checks import check_lists
from multimodal_rs.data_prep.splits import write_split
from multimodal_rs.datasets.dfc2020 import scene_of
from multimodal_rs.utils.installation import dataset_config

TILE = CITY_TILES[2]


def path_of(root: Path, layer: str) -> Path:
    (path,) = root.rglob(f'ROIs0000_spring_{layer}_BlackForest_p1.tif')
    return path


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20] = bytes(20)
    path.write_bytes(data)


def missing(root: Path) -> None:
    path_of(root, 's1').unlink()


def listed_only(root: Path) -> None:
    for layer in ('s1', 's2', 'dfc'):
        path_of(root, layer).unlink()


def truncated(root: Path) -> None:
    truncate(path_of(root, 's2'))


def no_raster(root: Path) -> None:
    path_of(root, 's2').write_text('<html>not found</html>')


def all_nan(root: Path) -> None:
    data = np.full((2, SIZE, SIZE), np.nan, np.float32)
    write_tif(path_of(root, 's1'), data)


def other_size(root: Path) -> None:
    write_tif(path_of(root, 's1'), np.zeros((2, SIZE, SIZE - 1), np.float32))


def one_band(root: Path) -> None:
    write_tif(path_of(root, 's1'), np.zeros((1, SIZE, SIZE), np.float32))


def unknown_ids(root: Path) -> None:
    data = np.full((1, SIZE, SIZE), 11, np.int32)
    data[0, 0] = 1
    write_tif(path_of(root, 'dfc'), data)


def shifted(root: Path) -> None:
    place(root, Affine(10, 0, 500000, 0, -10, 4000005))


def other_zone(root: Path) -> None:
    place(root, Affine(10, 0, 500000, 0, -10, 4000000), 'EPSG:32633')


def place(root: Path, transform: Affine, crs: str = 'EPSG:32632') -> None:
    origin = Affine(10, 0, 500000, 0, -10, 4000000)
    optical = np.full((13, SIZE, SIZE), 500, np.uint16)
    write_tif(path_of(root, 's2'), optical, 'EPSG:32632', origin)
    sar = np.full((2, SIZE, SIZE), -10, np.float32)
    write_tif(path_of(root, 's1'), sar, crs, transform)


def reordered(root: Path) -> None:
    def describe(file: rasterio.io.DatasetWriter) -> None:
        file.descriptions = ('VH', 'VV')

    rewrite(path_of(root, 's1'), describe)


def numbers_are_scaled(root: Path) -> None:
    def describe(file: rasterio.io.DatasetWriter) -> None:
        file.scales = (0.01, 0.01)

    rewrite(path_of(root, 's1'), describe)


def nodata_everywhere(root: Path) -> None:
    def describe(file: rasterio.io.DatasetWriter) -> None:
        file.nodata = -9999.9
        file.write(np.full((2, SIZE, SIZE), -9999.9))

    rewrite(path_of(root, 's1'), describe)


def mask_everywhere(root: Path) -> None:
    def describe(file: rasterio.io.DatasetWriter) -> None:
        file.write_mask(np.zeros((SIZE, SIZE), bool))

    rewrite(path_of(root, 's1'), describe)


def absurd(root: Path) -> None:
    data = np.full((2, SIZE, SIZE), -10, np.float32)
    data[0, 0, :3] = -3.4e38
    write_tif(path_of(root, 's1'), data)


def never_written(root: Path) -> None:
    profile = dict(count=2, height=SIZE, width=SIZE, dtype='float32')
    path = path_of(root, 's1')
    path.unlink()
    rasterio.open(path, 'w', 'GTiff', sparse_ok=True, **profile).close()


def another_document(root: Path) -> None:
    other = path_of(root, 's1')
    path_of(root, 's2').write_text(
        '<VRTDataset rasterXSize="32" rasterYSize="32"><VRTRasterBand '
        'dataType="Float32" band="1"><SimpleSource><SourceFilename>'
        f'{other}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        '</VRTRasterBand></VRTDataset>'
    )


def label_of_floats(root: Path) -> None:
    rng = np.random.default_rng(0)
    data = rng.random((1, SIZE, SIZE), np.float32) + 0.5
    data[0, 0, 0] = 1
    write_tif(path_of(root, 'dfc'), data)


def outside(root: Path) -> None:
    lists = root / 'splits/geographic/test.txt'
    lists.write_text(lists.read_text() + '../../../etc/passwd\n')


def rewrite(
    path: Path, change: Callable[[rasterio.io.DatasetWriter], None]
) -> None:
    """Change what a file says of its bands."""
    with rasterio.open(path, 'r+') as file:
        change(file)


def overlap(root: Path) -> None:
    with open(root / 'splits/geographic/test.txt', 'a') as file:
        file.write(f'{TILE}\n')


def twice(root: Path) -> None:
    with open(root / 'splits/geographic/train.txt', 'a') as file:
        file.write(f'{TILE}\n')


def wrong_line(root: Path) -> None:
    (root / 'splits/geographic/test.txt').write_text('tile 7\n')


def empty_list(root: Path) -> None:
    (root / 'splits/geographic/test.txt').write_text('')


DAMAGE = [
    (missing, 'MISSING FILE (1)', 'lacks its sar'),
    (listed_only, 'MISSING FILE (3)', 'lacks its label'),
    (truncated, 'UNREADABLE FILE (1)', 's2_BlackForest_p1.tif'),
    (no_raster, 'UNREADABLE FILE (1)', 's2_BlackForest_p1.tif'),
    (all_nan, 'NO VALID PIXEL (1)', 's1_BlackForest_p1.tif'),
    (other_size, 'DIFFERENT SIZES (1)', "'sar': (32, 31)"),
    (one_band, 'BAND COUNT (1)', "expected 2 bands ['VV', 'VH'], got 1"),
    (numbers_are_scaled, 'SCALE TAGS (1)', "scale='apply'"),
    (nodata_everywhere, 'NO VALID PIXEL (1)', 's1_BlackForest_p1.tif'),
    (mask_everywhere, 'NO VALID PIXEL (1)', 's1_BlackForest_p1.tif'),
    (unknown_ids, 'UNKNOWN LABEL ID (1)', '{11: 992} (id: pixels)'),
    (shifted, 'DIFFERENT GRIDS (1)', '4000005.0) of sar'),
    (other_zone, 'DIFFERENT GRIDS (1)', 'EPSG:32633 of sar'),
    (overlap, 'OVERLAP BETWEEN SPLITS (1)', f'share 1 tiles: {TILE}'),
    (twice, 'TILE TWICE IN A LIST (1)', f'train.txt: {TILE}'),
    (wrong_line, 'UNREADABLE SPLIT LIST (1)', "line 'tile 7' must name"),
    (absurd, 'ABSURD VALUES (1)', '3 numbers of 1e30 or more'),
    (never_written, 'UNREADABLE FILE (1)', 'blocks were never written'),
    (another_document, 'UNREADABLE FILE (1)', 's2_BlackForest_p1.tif'),
    (label_of_floats, 'UNKNOWN LABEL ID (1)', ', and 10'),
    (outside, 'UNREADABLE SPLIT LIST (1)', 'passwd'),
    (empty_list, 'UNREADABLE SPLIT LIST (1)', 'lists no tile'),
]


@pytest.mark.parametrize(
    ('damage', 'title', 'text'), DAMAGE, ids=[d[0].__name__ for d in DAMAGE]
)
def test_damage_is_found(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    damage: Callable[[Path], None],
    title: str,
    text: str,
) -> None:
    make_dfc2020(tmp_path, CITY_TILES)
    geographic = dfc2020.city_split(CITY_TILES)
    write_split(tmp_path / 'splits/geographic', geographic)
    assert check(tmp_path) == 0
    damage(tmp_path)
    capsys.readouterr()
    assert check(tmp_path) == 1
    report = capsys.readouterr().out
    assert title in report
    assert text in report
    findings = 3 if damage is listed_only else 1
    assert f'\n{findings} findings: ' in report


def test_named_bands_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_dfc2020(tmp_path, CITY_TILES)
    reordered(tmp_path)
    assert check(tmp_path) == 0  # read by name
    config = tmp_path / 'by_number.py'
    config.write_text(
        f'_base_ = {str(dataset_config("dfc2020_rgb.py"))!r}\n'
        'modalities = dict(sar=dict(bands=[0, 1], display=dict(bands=[0])))\n'
        'train_dataloader = dict(dataset=dict(modalities=modalities))\n'
    )
    arguments = [str(tmp_path), '--config', str(config), '--check']
    assert dfc2020.main(arguments) == 1
    assert 'BAND ORDER (1)' in capsys.readouterr().out


def test_other_units_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_dfc2020(tmp_path, CITY_TILES)
    config = tmp_path / 'with_range.py'
    config.write_text(
        f'_base_ = {str(dataset_config("dfc2020_rgb.py"))!r}\n'
        'file_range = [[-30.0, -30.0], [0.0, 0.0]]\n'
        'modalities = dict(sar=dict(file_range=file_range))\n'
        'train_dataloader = dict(dataset=dict(modalities=modalities))\n'
    )
    arguments = [str(tmp_path), '--config', str(config), '--check']
    assert dfc2020.main(arguments) == 0
    path = path_of(tmp_path, 's1')
    with rasterio.open(path) as file:
        decibel = file.read()
    write_tif(path, 10 ** (decibel / 10) / 10)
    capsys.readouterr()
    assert dfc2020.main(arguments) == 1
    report = capsys.readouterr().out
    assert 'UNUSUAL VALUES (1)' in report and str(path) in report


def check(root: Path) -> int:
    return dfc2020.main([str(root), '--check'])


@pytest.mark.parametrize(
    ('layer', 'damage'),
    [
        ('GF2', truncate),
        ('GF3', truncate),
        ('label', truncate),
        ('label', damage_middle),
    ],
)
def test_damaged_images_are_found(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    layer: str,
    damage: Callable[[Path], None],
) -> None:
    make_ddhr(tmp_path, 3)
    (path,) = (tmp_path / layer).glob('2.*')
    damage(path)
    assert ddhr.main([str(tmp_path), '--config', 'xian.py', '--check']) == 1
    report = capsys.readouterr().out
    assert 'UNREADABLE FILE (1)' in report and str(path) in report


def test_dummy_georeference_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    # The contest's files have a CRS and the identity as transform.
    make_dfc2020(tmp_path, CITY_TILES[:1])
    assert check(tmp_path) == 0
    assert '0 georeferenced' in capsys.readouterr().out


def test_report_counts_labels_and_invalid_pixels(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_dfc2020(tmp_path, CITY_TILES[:2])
    label = np.full((1, SIZE, SIZE), 10, np.int32)
    for path in tmp_path.rglob('*_dfc_*.tif'):
        write_tif(path, label)
    assert check(tmp_path) == 1
    report = capsys.readouterr().out
    assert 'CLASS NEVER OCCURS (1)' in report
    rows = [line.replace('|', ' ').split() for line in report.splitlines()]
    assert ['10', 'water', '100.000'] in rows
    assert ['1', 'forest', '0.000'] in rows
    assert '3.125 % invalid pixels in 2 tiles' in report
    assert 'size 32x32, bands 13' in report


def test_lists_with_equal_names_have_columns_of_their_own() -> None:
    paths = [Path('/data', *p.split()) for p in ('a s l.txt', 'b s l.txt')]
    assert short_names(paths[:1]) == {paths[0]: 's/l'}
    assert list(short_names(paths).values()) == ['a/s/l', 'b/s/l']
    others = [path.with_suffix(s) for path in paths for s in ('.txt', '.csv')]
    assert len({*short_names(others).values()}) == 4
    assert short_names([]) == {}


def test_empty_folder_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert check(tmp_path) == 1
    assert 'NO TILE' in capsys.readouterr().out


def test_optional_modality_may_be_missing(tmp_path: Path) -> None:
    make_ddhr(tmp_path / 'data', 3)
    (tmp_path / 'data/GF3/2.jpg').unlink()
    config = tmp_path / 'optional.py'
    base = dataset_config('xian.py')
    config.write_text(
        f'_base_ = {str(base)!r}\n'
        'modalities = dict(sar=dict(optional=True))\n'
        'train_dataloader = dict(dataset=dict(modalities=modalities))\n'
    )
    arguments = [str(tmp_path / 'data'), '--config', str(config), '--check']
    assert ddhr.main(arguments) == 0


def test_remark_about_shared_scenes() -> None:
    lists = {
        Path('a/train.txt'): ['ROIs0000_autumn_CapeTown_p1'],
        Path('a/test.txt'): ['ROIs0000_autumn_CapeTown_p2'],
        Path('b/test.txt'): ['ROIs0000_autumn_CapeTown_p1'],
    }
    findings, remarks = check_lists(lists, scene_of)
    assert not findings  # lists of different folders may overlap
    assert len(remarks) == 1
    assert 'autumn_CapeTown' in remarks[0]
    assert check_lists(lists, None) == ([], [])


def test_lists_of_a_config_in_several_folders(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_ddhr(tmp_path / 'data', 3)
    config = tmp_path / 'lists.py'
    lines = [f'_base_ = {str(dataset_config("xian.py"))!r}']
    for part, tiles in (('train', ['1', '2']), ('val', ['2', '3'])):
        write_split(tmp_path / 'data' / part, dict(all=tiles))
        path = f'{part}/all.txt'
        lines.append(
            f'{part}_dataloader = dict(dataset=dict(ann_file={path!r}))'
        )
    config.write_text('\n'.join(lines))
    arguments = [str(tmp_path / 'data'), '--config', str(config), '--check']
    assert ddhr.main(arguments) == 1
    assert 'val/all.txt share 1 tiles: 2' in capsys.readouterr().out
