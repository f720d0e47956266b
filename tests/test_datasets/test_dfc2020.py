"""DFC2020: both layouts, all list formats, labels."""

import copy
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.dfc2020 import CITY_TILES, CONTEST_TILES, make_dfc2020
from fake_data.files import SIZE
from multimodal_rs.datasets.dfc2020 import DFC2020Dataset, scene_of
from multimodal_rs.datasets.rois import S1_BANDS, S2_BANDS

CONFIGS = Path(__file__).parents[2] / 'configs/_base_/datasets'
CHANNELS = {'dfc2020_rgb.py': 3, 'dfc2020_rgbn.py': 4, 'dfc2020_s2.py': 13}
MODALITIES = dict(
    opt=dict(dir='s2', bands=['B4', 'B3', 'B2'], file_bands=S2_BANDS),
    sar=dict(dir='s1', bands=['VV', 'VH'], file_bands=S1_BANDS),
)


def build(root: Path, lines: str) -> DFC2020Dataset:
    (root / 'list.txt').write_text(lines)
    return DFC2020Dataset(
        modalities=MODALITIES, data_root=str(root), ann_file='list.txt'
    )


def ids(dataset: DFC2020Dataset) -> list[str]:
    return [dataset.get_data_info(i)['sample_id'] for i in range(len(dataset))]


@pytest.mark.parametrize('tiles', [CITY_TILES, CONTEST_TILES])
def test_reads_both_layouts(tmp_path: Path, tiles: tuple[str]) -> None:
    make_dfc2020(tmp_path, tiles)
    dataset = build(tmp_path, '\n'.join(tiles))
    assert ids(dataset) == list(tiles)
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        for path in (*info['img_paths'].values(), info['seg_map_path']):
            assert Path(path).is_file(), path


def test_contest_paths(tmp_path: Path) -> None:
    # The folder of the validation part has another token than its files.
    dataset = build(
        tmp_path, 'ROIs0000_validation_0_p12\nROIs0000_test_0_p7\n'
    )
    root = f'{tmp_path}/ROIs0000_'
    assert [dataset.get_data_info(i)['img_paths']['opt'] for i in (0, 1)] == [
        f'{root}validation/s2_validation/ROIs0000_validation_s2_0_p12.tif',
        f'{root}test/s2_0/ROIs0000_test_s2_0_p7.tif',
    ]


def test_copy_of_copernicus_bench(tmp_path: Path) -> None:
    """A folder for each layer, names as in the contest, lists of labels."""
    make_dfc2020(tmp_path / 'contest', CONTEST_TILES[:2])
    for layer in ('s1', 's2', 'dfc'):
        folder = tmp_path / f'contest/ROIs0000_test/{layer}_0'
        folder.rename(tmp_path / layer)
    dataset = build(tmp_path, 'ROIs0000_test_dfc_0_p1.tif\n')
    assert dataset.list_tiles('s1', '.tif') == list(CONTEST_TILES[:2])
    info = dataset.get_data_info(0)
    assert info['sample_id'] == 'ROIs0000_test_0_p1'
    for path in (*info['img_paths'].values(), info['seg_map_path']):
        assert Path(path).is_file()
    make_dfc2020(tmp_path, CONTEST_TILES[:1])
    with pytest.raises(ValueError, match='two layouts of the same tiles'):
        build(tmp_path, 'ROIs0000_test_dfc_0_p1.tif\n').full_init()


@pytest.mark.parametrize(
    'line',
    [
        'ROIs0000_autumn_CapeTown_p797',
        'ROIs0000_autumn/s1_CapeTown/ROIs0000_autumn_s1_CapeTown_p797.tif',
        'optical/ROIs0000_autumn_s2_CapeTown_p797.tif '
        'sar/ROIs0000_autumn_s1_CapeTown_p797.tif '
        'lbl_digit/ROIs0000_autumn_dfc_CapeTown_p797.png',
        'ROIs0000_autumn_dfc_CapeTown_p797,'
        r'E:\Data\DFC2020\ROIs0000_autumn\dfc_CapeTown'
        r'\ROIs0000_autumn_dfc_CapeTown_p797.tif,'
        r'E:\Data\DFC2020\ROIs0000_autumn\s2_CapeTown'
        r'\ROIs0000_autumn_s2_CapeTown_p797.tif,'
        r'E:\Data\DFC2020\ROIs0000_autumn\s1_CapeTown'
        r'\ROIs0000_autumn_s1_CapeTown_p797.tif',
    ],
    ids=['ours', 'city path', 'REF-Net', 'MCF-Mamba'],
)
def test_line_formats(tmp_path: Path, line: str) -> None:
    # A header, comments and blank lines are skipped; Windows line ends too.
    text = f'id,lbl,opt,sar\r\n# a remark\r\n{line}\r\n\r\n'
    assert ids(build(tmp_path, text)) == ['ROIs0000_autumn_CapeTown_p797']


@pytest.mark.parametrize(
    'line',
    [
        'ROIs0000_validation/dfc_validation/ROIs0000_validation_dfc_0_p12.tif',
        r'D:\ROIs0000_validation\s2_validation'
        r'\ROIs0000_validation_s2_0_p12.tif',
    ],
)
def test_contest_line_formats(tmp_path: Path, line: str) -> None:
    assert ids(build(tmp_path, line)) == ['ROIs0000_validation_0_p12']


@pytest.mark.parametrize(
    'line',
    [
        'CapeTown_p797',
        'id,lbl,opt,sar',  # a header, but not in the first line
        'ROIs0000_autumn_CapeTown_p797x',
        's2/ROIs0000_autumn_s2_CapeTown_p1.tif '
        's1/ROIs0000_autumn_s1_CapeTown_p2.tif',
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match='must name one tile') as error:
        build(tmp_path, f'ROIs0000_autumn_CapeTown_p1\n{line}\n')
    assert 'list.txt' in str(error.value)
    assert repr(line) in str(error.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    make_dfc2020(tmp_path, CITY_TILES[:1])
    path = next(tmp_path.rglob('*_s1_*.tif'))
    path.unlink()
    config = Config.fromfile(CONFIGS / 'dfc2020_rgb.py')
    settings = config.val_dataloader.dataset
    (tmp_path / 'list.txt').write_text(CITY_TILES[0])
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    with pytest.raises(FileNotFoundError, match=path.name):
        DATASETS.build(settings)[0]


@pytest.mark.parametrize('name', CHANNELS)
@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_samples_of_configs(tmp_path: Path, name: str, part: str) -> None:
    make_dfc2020(tmp_path, CITY_TILES[:1])
    (tmp_path / 'list.txt').write_text(CITY_TILES[0])
    config = Config.fromfile(CONFIGS / name)
    settings = copy.deepcopy(config[f'{part}_dataloader'].dataset)
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    sample = DATASETS.build(settings)[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    assert inputs['opt'].shape == (CHANNELS[name], SIZE, SIZE)
    assert inputs['sar'].shape == (2, SIZE, SIZE)
    assert truth.shape == (1, SIZE, SIZE)
    assert set(truth.unique().tolist()) == set(range(config.num_classes))
    assert inputs['opt'].min() >= 0.01 and inputs['opt'].max() <= 0.9
    sar = inputs['sar'].numpy()
    assert np.isnan(sar).sum() == 2 * SIZE  # the row that the file lacks
    assert np.nanmin(sar) >= 0 and np.nanmax(sar) <= 1
    for settings in config.modalities.values():
        assert 'mean' not in settings and 'std' not in settings


def test_configs_know_the_bands() -> None:
    for name in CHANNELS:
        modalities = Config.fromfile(CONFIGS / name).modalities
        assert tuple(modalities.opt.file_bands) == S2_BANDS
        assert tuple(modalities.sar.file_bands) == S1_BANDS
    assert tuple(modalities.opt.bands) == S2_BANDS  # dfc2020_s2
    modalities = Config.fromfile(CONFIGS / 'dfc2020_rgbn.py').modalities
    assert modalities.opt.bands == ['B4', 'B3', 'B2', 'B8']


GEOGRAPHIC = sorted(CONFIGS.parents[1].glob('[!_]*/*_dfc2020-geographic-*'))


@pytest.mark.parametrize('path', GEOGRAPHIC, ids=lambda p: p.stem)
def test_geographic_configs_differ_by_the_split_alone(path: Path) -> None:
    other = path.with_name(path.name.replace('-geographic', ''))
    texts = [
        repr(Config.fromfile(file).to_dict()).replace(split, 'SPLIT')
        for file, split in ((path, 'geographic'), (other, 'random-622-seed0'))
    ]
    assert texts[0] == texts[1]
    assert texts[0].count('SPLIT') >= 3


def test_labels_without_class_are_ignored() -> None:
    mapped = DFC2020Dataset.LABEL['ids']
    assert [n for n, i in mapped.items() if i == 255] == [0, 3, 8]
    names = DFC2020Dataset.METAINFO['classes']
    assert {n: names[i] for n, i in mapped.items() if i != 255} == {
        1: 'forest',
        2: 'shrubland',
        4: 'grassland',
        5: 'wetland',
        6: 'cropland',
        7: 'urban',
        9: 'barren',
        10: 'water',
    }


@pytest.mark.parametrize('tiles', [CITY_TILES, CONTEST_TILES])
def test_list_tiles(tmp_path: Path, tiles: tuple[str]) -> None:
    make_dfc2020(tmp_path, tiles)
    dataset = build(tmp_path, tiles[0])
    for layer in ('s2', 's1', 'dfc'):
        assert dataset.list_tiles(layer, '.tif') == sorted(tiles)
    assert dataset.list_tiles('lc', '.tif') == []
    next(tmp_path.rglob('*_s1_*.tif')).unlink()
    assert len(dataset.list_tiles('s1', '.tif')) == len(tiles) - 1


def test_scene_of() -> None:
    assert scene_of('ROIs0000_autumn_CapeTown_p8') == 'autumn_CapeTown'
    assert scene_of('ROIs0000_test_0_p7') == 'test_0'


def test_background_shifts_the_train_ids_by_one():
    plain, shifted = (
        DATASETS.get(name)
        for name in ('DFC2020Dataset', 'DFC2020BackgroundDataset')
    )
    assert len(shifted.METAINFO['classes']) == 9
    for number, train_id in plain.LABEL['ids'].items():
        moved = shifted.LABEL['ids'][number]
        assert moved == 255 if train_id == 255 else moved == train_id + 1
        if train_id != 255:
            for key in ('classes', 'palette'):
                assert (
                    shifted.METAINFO[key][moved]
                    == plain.METAINFO[key][train_id]
                )
