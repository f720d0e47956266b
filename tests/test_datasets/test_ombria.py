"""OMBRIA: two layouts, four modalities, nodata."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.files import SIZE, write_image
from fake_data.ombria import FLOODS, make_ombria
from helpers import ROOT
from multimodal_rs.data_prep import ombria
from multimodal_rs.datasets.io.raster import read_raster
from multimodal_rs.datasets.ombria import OmbriaDataset
from multimodal_rs.utils.configs import point_test_at
from multimodal_rs.utils.places import Places

CONFIG = ROOT / 'configs/_base_/datasets/ombria.py'
TILES = ('train/0001', 'test/0003', '2021/ALBANIA/3')


def build(root: Path, modalities: dict, tiles: tuple = TILES) -> OmbriaDataset:
    (root / 'list.txt').write_text('\n'.join(tiles))
    return OmbriaDataset(
        modalities=modalities, data_root=str(root), ann_file='list.txt'
    )


def test_paths_of_both_layouts(tmp_path: Path) -> None:
    make_ombria(tmp_path)
    dataset = build(
        tmp_path,
        dict(
            opt=dict(dir='S2/AFTER', suffix='.png', bands=[0, 1, 2]),
            sar_before=dict(dir='S1/BEFORE', suffix='.png', bands=[0]),
        ),
    )
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [i['sample_id'] for i in infos] == list(TILES)
    for info in infos:
        for path in (*info['img_paths'].values(), info['seg_map_path']):
            assert Path(path).is_file(), path
    relative = [
        str(Path(p).relative_to(tmp_path))
        for info in infos
        for p in info['img_paths'].values()
    ]
    assert relative == [
        'OmbriaS2/train/AFTER/S2_after_0001.png',
        'OmbriaS1/train/BEFORE/S1_before_0001.png',
        'OmbriaS2/test/AFTER/S2_after_0003.png',
        'OmbriaS1/test/BEFORE/S1_before_0003.png',
        '2021/ALBANIA/Sentinel2/AFTER/imafter_3.png',
        '2021/ALBANIA/Sentinel1/BEFORE/imbefore_3.png',
    ]


@pytest.mark.parametrize('part', ['val', 'test'])
def test_samples_of_config(tmp_path: Path, part: str) -> None:
    make_ombria(tmp_path)
    (tmp_path / 'list.txt').write_text('\n'.join(TILES))
    config = Config.fromfile(CONFIG)
    settings = config[f'{part}_dataloader'].dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    sample = DATASETS.build(settings)[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    assert inputs['opt'].shape == (3, SIZE, SIZE)
    assert inputs['sar'].shape == (1, SIZE, SIZE)
    # Two rows are outside the scene; a single zero is a measurement.
    for image in inputs.values():
        assert image[:, :2].isnan().all() and not image[:, 2:].isnan().any()
    assert (truth[:, :2] == 255).all()
    assert truth[:, 2:].unique().tolist() == [0, 1]
    for modality in config.modalities.values():
        bands = len(modality.bands)
        assert len(modality.mean) == len(modality.std) == bands
        assert modality.mean != modality.std


@pytest.mark.parametrize(
    ('name', 'added'),
    [
        ('ombria_before_after', ['opt_before', 'sar_before']),
        ('ombria_sar_before', ['sar_before']),
    ],
)
def test_samples_of_more_modalities(
    tmp_path: Path, name: str, added: list[str]
) -> None:
    make_ombria(tmp_path)
    (tmp_path / 'list.txt').write_text('test/0003')
    config = Config.fromfile(CONFIG.with_name(f'{name}.py'))
    for part in ('train', 'val', 'test'):
        settings = config[f'{part}_dataloader'].dataset
        settings.update(
            data_root=str(tmp_path),
            ann_file='list.txt',
            pipeline=config.test_dataloader.dataset.pipeline,
        )
        inputs = DATASETS.build(settings)[0]['inputs']
        assert list(inputs) == ['opt', 'sar', *added]
    path = tmp_path / 'OmbriaS1/test/BEFORE/S1_before_0003.png'
    raw = read_raster(str(path)).data[:, 2:] / 255
    np.testing.assert_allclose(inputs['sar_before'][:, 2:], raw, rtol=1e-6)
    assert all(image[:, :2].isnan().all() for image in inputs.values())


def test_training_crops(tmp_path: Path) -> None:
    image = np.full((150, 140), 7, np.uint8)
    for layer in ('S1/after', 'S1/mask', 'S2/after'):
        sensor, phase = layer.split('/')
        name = f'{sensor}_{phase}_0001.png'
        folder = tmp_path / f'Ombria{sensor}/train/{phase.upper()}'
        data = 0 * image if phase == 'mask' else image
        stacked = np.stack([data] * 3, axis=2)
        write_image(folder / name, stacked if sensor == 'S2' else data)
    (tmp_path / 'list.txt').write_text('train/0001')
    settings = Config.fromfile(CONFIG).train_dataloader.dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    sample = DATASETS.build(settings)[0]
    assert sample['inputs']['opt'].shape == (3, 128, 128)
    assert sample['data_samples'].gt_sem_seg.shape == (128, 128)


def test_four_modalities_by_declaration(tmp_path: Path) -> None:
    make_ombria(tmp_path)
    config = Config.fromfile(CONFIG)
    before = {
        f'{name}_before': {
            **settings,
            'dir': settings.dir.replace('AFTER', 'BEFORE'),
        }
        for name, settings in config.modalities.items()
    }
    (tmp_path / 'list.txt').write_text('train/0002')
    dataset = OmbriaDataset(
        modalities={**config.modalities, **before},
        data_root=str(tmp_path),
        ann_file='list.txt',
        pipeline=config.test_pipeline,
    )
    inputs = dataset[0]['inputs']
    assert list(inputs) == ['opt', 'sar', 'opt_before', 'sar_before']
    assert not torch.equal(inputs['sar'][:, 2:], inputs['sar_before'][:, 2:])


def test_unknown_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="of 'opt' must be <sensor>/<phase>"):
        build(tmp_path, dict(opt=dict(dir='S2/after', bands=[0])))


@pytest.mark.parametrize('tile', ['0001', 'val/0001', '2021/3', 'train/'])
def test_wrong_ids_are_named(tmp_path: Path, tile: str) -> None:
    with pytest.raises(ValueError, match=f'{tile!r} is no tile id'):
        build(tmp_path, dict(opt=dict(dir='S2/AFTER', bands=[0])), (tile,))


def test_list_tiles(tmp_path: Path) -> None:
    make_ombria(tmp_path, train=2, test=1)
    dataset = build(tmp_path, dict(opt=dict(dir='S2/AFTER', bands=[0])))
    expected = [
        '2021/ALBANIA/0',
        '2021/ALBANIA/3',
        'test/0001',
        'train/0001',
        'train/0002',
    ]
    for layer in ('S2/AFTER', 'S1/BEFORE', 'S1/MASK'):
        assert dataset.list_tiles(layer, '.png') == expected
    assert dataset.list_tiles('S1/MASK', '.tif') == []


def test_floods_of_2021(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_ombria(tmp_path, train=0, test=0, floods=FLOODS)
    assert ombria.main([str(tmp_path)]) == 0
    assert 'No tile is for training' in capsys.readouterr().out
    lists = list((tmp_path / 'splits').rglob('*'))
    assert [p.name for p in lists if p.is_file()] == ['2021.txt']
    tiles = (tmp_path / 'splits/official-seed0/2021.txt').read_text().split()
    assert tiles == [f'2021/{flood}/{n}' for flood in FLOODS for n in (0, 3)]
    assert ombria.main([str(tmp_path), '--check']) == 0
    (tmp_path / '2021/TIMOR/Sentinel1/MASK/gt_3.png').unlink()
    (tmp_path / '2021/GUYANA/Sentinel2/AFTER/imafter_0.png').unlink()
    capsys.readouterr()
    assert ombria.main([str(tmp_path), '--check']) == 1
    out = capsys.readouterr().out
    assert '2021/TIMOR/3 lacks its label' in out
    assert '2021/GUYANA/0 lacks its opt' in out
    assert '\n2 findings' in out


@pytest.mark.parametrize(
    ('name', 'modalities'),
    [
        ('joitrinet/joitrinet-d_r18_1xb8-8e', ['opt', 'sar']),
        (
            'joitrinet/joitrinet-d-before-after_r18_1xb8-8e',
            ['opt', 'sar', 'opt_before', 'sar_before'],
        ),
        ('cmss/deeplabv3plus-mdafm-pre_r18_1xb8-40e', ['opt', 'sar']),
    ],
)
def test_any_config_is_tested_on_the_floods_of_2021(
    tmp_path: Path, name: str, modalities: list[str]
) -> None:
    make_ombria(tmp_path, train=0, test=0, floods=FLOODS)
    ombria.main([str(tmp_path)])
    config = Config.fromfile(ROOT / f'configs/{name}_ombria-128x128.py')
    usual = config.test_evaluator
    point_test_at(config, 'ombria_2021.py')
    settings = config.test_dataloader.dataset
    settings.update(data_root=str(tmp_path))
    for step in settings.pipeline:
        if step.type == 'ComplementaryMask':
            step.cell = SIZE // 4
    dataset = DATASETS.build(settings)
    assert len(dataset) == 8
    assert list(dataset[7]['inputs']) == modalities
    if '-pre_' in name:  # no labels
        assert config.test_evaluator == usual
        return
    assert config.test_evaluator[0].type == usual.type
    for declared in (
        config.test_evaluator[1].places,
        config.default_hooks.adapt_norm.places,
    ):
        places = Places(declared, 'test')
        found = [places.of(tile['sample_id']) for tile in dataset.tiles]
        assert sorted(set(found)) == list(FLOODS)


def test_tiles_of_another_data_set_are_refused() -> None:
    name = 'joitrinet/joitrinet-d_r18_1xb8-8e_ombria-128x128.py'
    config = Config.fromfile(ROOT / 'configs' / name)
    with pytest.raises(ValueError, match='declares a FLAIRDataset, expected'):
        point_test_at(config, 'flair.py')
