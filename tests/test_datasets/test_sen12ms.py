"""SEN12MS: seasons that share scene numbers, weak labels, hold-out scenes."""

from pathlib import Path

import numpy as np
import pytest

from base_datasets import build, ids
from fake_data.dfc2020 import CITY_TILES, make_dfc2020
from fake_data.files import SIZE, write_tif
from fake_data.sen12ms import TILES, make_sen12ms
from multimodal_rs.data_prep import dfc2020, sen12ms
from multimodal_rs.datasets.dfc2020 import DFC2020Dataset, DFC2020MODISDataset
from multimodal_rs.datasets.sen12ms import (
    SEN12MSDataset,
    SEN12MSIGBPDataset,
)


@pytest.mark.parametrize(
    ('name', 'classes'), [('sen12ms', 10), ('sen12ms_igbp', 17)]
)
def test_samples_of_configs(tmp_path: Path, name: str, classes: int) -> None:
    made = make_sen12ms(tmp_path)
    dataset = build(name, tmp_path, '\n'.join(TILES))
    for tile, sample in zip(TILES, dataset, strict=True):
        inputs = sample['inputs']
        truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
        assert inputs['opt'].shape == (13, SIZE, SIZE)
        assert inputs['sar'].shape == (2, SIZE, SIZE)
        assert np.unique(truth).tolist() == [*range(classes), 255]
        if classes == 17:
            expected = np.where(made[tile][0] == 0, 255, made[tile][0] - 1)
            assert (truth == expected).all()


def test_archives_in_folders_of_their_names(tmp_path: Path) -> None:
    made = make_sen12ms(tmp_path)
    for folder in list(tmp_path.glob('ROIs*/*_*')):
        rois, layer = folder.parent, folder.name.partition('_')[0]
        if layer != 'lc':  # some are, some are not
            target = tmp_path / f'{rois.name}_{layer}' / folder.name
            target.parent.mkdir(exist_ok=True)
            folder.rename(target)
    dataset = build('sen12ms_igbp', tmp_path, TILES[0])
    assert dataset.list_tiles('s2', '.tif') == sorted(TILES)
    truth = dataset[0]['data_samples'].gt_sem_seg.data[0].numpy()
    expected = np.where(made[TILES[0]][0] == 0, 255, made[TILES[0]][0] - 1)
    assert (truth == expected).all()
    assert dataset[0]['inputs']['sar'].shape == (2, SIZE, SIZE)


def test_classes() -> None:
    names = SEN12MSDataset.METAINFO['classes']
    ids = SEN12MSDataset.LABEL['ids']
    full = SEN12MSIGBPDataset.METAINFO['classes']
    assert ids[0] == 255 and len(set(full)) == 17
    for number, name in enumerate(full, 1):
        simple = names[ids[number]]
        assert simple in name, (number, name)
    for dataset in (SEN12MSDataset, SEN12MSIGBPDataset):
        colours = [tuple(c) for c in dataset.METAINFO['palette']]
        assert len(set(colours)) == len(dataset.METAINFO['classes'])


def test_modis_labels_of_dfc2020() -> None:
    """The same table, without what the contest does not score."""
    weak, strong = SEN12MSDataset, DFC2020Dataset
    ids = DFC2020MODISDataset.LABEL['ids']
    for number, train_id in ids.items():
        simple = weak.LABEL['ids'][number]
        name = 'none' if simple == 255 else weak.METAINFO['classes'][simple]
        if name in ('none', 'savanna', 'snow/ice'):
            assert train_id == 255
        else:
            assert strong.METAINFO['classes'][train_id] == name


def test_dfc2020_trains_on_weak_labels_only(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_dfc2020(tmp_path, CITY_TILES)
    for path in tmp_path.glob('*/dfc_*/*.tif'):
        layers = np.zeros((4, SIZE, SIZE), 'uint16')
        layers[0, :8], layers[1:] = 14, 99  # cropland mosaic
        name, folder = path.name.replace('dfc', 'lc'), path.parent.name
        write_tif(path.parents[1] / folder.replace('dfc', 'lc') / name, layers)
    words = [str(tmp_path), '--config', 'dfc2020_modis.py']
    assert dfc2020.main(words) == 0
    shares = {
        row.split()[0]: row.split()[1:3]  # train and val
        for row in capsys.readouterr().out.split('in percent:')[1].splitlines()
        if row.startswith('  ') and row.split()[0] in ('cropland', 'ignored')
    }
    assert shares['cropland'][0] == '25.000'
    assert shares['ignored'] == ['75.000', '0.000']
    assert shares['cropland'][1] not in ('0.000', '25.000')


def test_season_scene_and_patch_are_the_key(tmp_path: Path) -> None:
    make_sen12ms(tmp_path)
    dataset = build('sen12ms', tmp_path, '\n'.join(TILES))
    for layer in ('s1', 's2', 'lc'):
        assert dataset.list_tiles(layer, '.tif') == sorted(TILES)
    spring, summer = dataset.tiles[0], dataset.tiles[3]
    for tile in (spring, summer):
        for path in (*tile['img_paths'].values(), tile['seg_map_path']):
            assert Path(path).is_file()
    assert spring['img_paths']['sar'] == str(
        tmp_path / 'ROIs1158_spring/s1_1/ROIs1158_spring_s1_1_p30.tif'
    )
    assert sen12ms.scene_of(TILES[0]) != sen12ms.scene_of(TILES[3])


@pytest.mark.parametrize(
    'line',
    [
        'ROIs1158_spring_15_p7',
        'ROIs1158_spring_s2_15_p7.tif',  # of the authors
        'ROIs1158_spring/s1_15/ROIs1158_spring_s1_15_p7.tif',
        r'D:\ROIs1158_spring\lc_15\ROIs1158_spring_lc_15_p7.tif',
    ],
)
def test_line_formats(tmp_path: Path, line: str) -> None:
    dataset = build('sen12ms', tmp_path, f'{line}\n')
    assert ids(dataset) == ['ROIs1158_spring_15_p7']


@pytest.mark.parametrize('line', ['ROIs1158_spring/s1_15', 'spring_15_p7'])
def test_wrong_lines_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match='must name one tile') as error:
        ids(build('sen12ms', tmp_path, line))
    assert repr(line) in str(error.value)
    assert 'ROIs1158_spring_1_p30' in str(error.value)
    assert 'data_prep/sen12ms.py' in str(error.value)


def test_hold_out_scenes() -> None:
    tiles = [
        f'ROIs{seed}_{season}_{scene}_p{patch}'
        for seed, season in ((1158, 'spring'), (2017, 'winter'))
        for scene in range(1, 151)
        for patch in range(2)
    ]
    assert len(sen12ms.TEST_SCENES) == 26
    splits = sen12ms.make_splits(tiles, seed=0)
    holdout, official = splits['holdout-seed0'], splits['official']
    assert holdout['test'] == official['test']
    assert len(official['test']) == 2 * 11 and not official['val']
    scenes = {p: set(map(sen12ms.scene_of, t)) for p, t in holdout.items()}
    assert scenes['test'] < sen12ms.TEST_SCENES
    assert len(scenes['val']) == 28 and not scenes['val'] & scenes['train']
    assert sen12ms.make_splits(tiles, 1)['holdout-seed1'] != holdout


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_sen12ms(tmp_path)
    assert sen12ms.main([str(tmp_path)]) == 0
    folder = tmp_path / 'splits/holdout-seed0'
    lists = {p.stem: p.read_text().split() for p in folder.glob('*.txt')}
    assert lists['test'] == [TILES[2]]
    # The damaged patch is in none of them.
    assert sorted(sum(lists.values(), [])) == sorted(TILES)
    assert len({sen12ms.scene_of(tile) for tile in lists['val']}) == 1
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert sen12ms.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    assert sen12ms.main([str(tmp_path), '--check']) == 0
    next(tmp_path.glob('ROIs1970_fall/lc_15/*.tif')).unlink()
    capsys.readouterr()
    assert sen12ms.main([str(tmp_path), '--check']) == 1
    assert f'{TILES[4]} lacks its label' in capsys.readouterr().out
