"""C2Seg-BW: tiles as data_prep cuts them, patches, labels, configs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.c2seg_bw import make_challenge, make_patch, make_tile
from helpers import contents
from multimodal_rs.data_prep import c2seg_bw
from multimodal_rs.datasets.c2seg_bw import (
    C2SegBWChallengeDataset,
    C2SegBWDataset,
)

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/_base_/datasets/c2seg_bw.py'
CHALLENGE = ROOT / 'configs/_base_/datasets/c2seg_bw_challenge.py'


def run_script(root: Path, *options: str) -> int:
    return c2seg_bw.main([str(root), *options])


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
@pytest.mark.parametrize(
    ('path', 'make'), [(CONFIG, make_tile), (CHALLENGE, make_patch)]
)
def test_samples_of_configs(
    tmp_path: Path, path: Path, make: Callable, part: str
) -> None:
    tile = make(tmp_path)
    config = Config.fromfile(path)
    settings = config[f'{part}_dataloader'].dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    sample = DATASETS.build(settings)[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    assert inputs['opt'].shape == (4, 256, 256)
    assert inputs['opt'].min() >= 0 and inputs['opt'].max() == 1
    assert inputs['sar'].shape == (2, 256, 256)
    assert inputs['sar'].isnan().sum() == 2  # both bands of one pixel
    assert truth.unique().tolist() == [*range(config.num_classes), 255]
    if part != 'train':  # not turned
        rgbn = tile['msi'][[2, 1, 0, 3]]  # the file has B2 B3 B4 B8
        expected = np.clip(rgbn / 1e4, 0, 1)
        np.testing.assert_allclose(inputs['opt'], expected, rtol=1e-6)
        # Backscatter of -20 dB is in the middle.
        expected = np.clip(tile['sar'][0, 9] / 40 + 1, 0, 1)
        np.testing.assert_allclose(inputs['sar'][0, 9], expected, atol=1e-6)
        assert (
            truth.numpy() == tile['label'] - np.uint8(1)
        ).all()  # 255 for 0


def test_classes_and_colours() -> None:
    names, colours = C2SegBWDataset.METAINFO.values()
    named = dict(zip(names, colours, strict=True))
    assert len({tuple(colour) for colour in colours}) == len(names) == 13
    assert named['surface water'] == [46, 110, 190]
    assert named['forest'] == [20, 110, 50]
    ids = C2SegBWDataset.LABEL['ids']
    assert ids[0] == 255 and names[ids[13]] == 'inland wetland'
    assert set(ids) == set(range(14))


def test_statistics_of_config() -> None:
    # None until data_prep has measured them: no published ones are used.
    for modality in Config.fromfile(CONFIG).modalities.values():
        assert 'mean' not in modality and 'std' not in modality


def test_releases_differ_in_files_and_statistics_only() -> None:
    scenes, patches = map(Config.fromfile, (CONFIG, CHALLENGE))
    assert patches.num_classes == scenes.num_classes == 13
    for name, modality in patches.modalities.items():
        differs = {
            key
            for key in modality
            if modality[key] != scenes.modalities[name].get(key)
        }
        assert differs == {'dir', 'suffix', 'mean', 'std'}
        assert modality['mean'] != modality['std']  # a slip of REF-Net's
    lists = {
        part: patches[f'{part}_dataloader'].dataset.ann_file
        for part in ('train', 'val', 'test')
    }
    # No other labels are published.
    assert lists['train'] != lists['val'] == lists['test']
    assert C2SegBWChallengeDataset.METAINFO is C2SegBWDataset.METAINFO
    ids = C2SegBWChallengeDataset.LABEL['ids']
    assert ids == C2SegBWDataset.LABEL['ids']


def test_script_takes_the_patches(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_challenge(tmp_path, 12)
    source = contents(tmp_path)
    assert run_script(tmp_path) == 0
    assert 'mean=[' in capsys.readouterr().out
    written = contents(tmp_path)
    assert source.items() <= written.items()
    folder = tmp_path / 'splits/random-82-seed0'
    assert {*written} - {*source} == {
        folder / name for name in ('train.txt', 'val.txt', 'stats.json')
    }
    train, val = (
        (folder / f'{part}.txt').read_text().split()
        for part in ('train', 'val')
    )
    assert (len(train), len(val)) == (10, 2)
    assert sorted(map(int, train + val)) == list(range(1, 13))
    assert run_script(tmp_path) == 0
    assert contents(tmp_path) == written  # byte for byte, and not rewritten
    capsys.readouterr()
    assert run_script(tmp_path, '--check') == 0
    out = capsys.readouterr().out
    assert 'Nothing wrong was found' in out
    assert 'tiles of the same scenes, beijing' in out  # patches overlap
    (tmp_path / f'train/sar/{val[0]}.tiff').unlink()
    assert run_script(tmp_path, '--check') == 1
    assert f'{val[0]} lacks its sar' in capsys.readouterr().out


def test_script_wants_the_layers_unpacked(tmp_path: Path) -> None:
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train/msi.zip').write_bytes(b'PK')
    with pytest.raises(ValueError, match='of C2SegBWChallengeDataset'):
        run_script(tmp_path)
    assert 'to be unpacked' in C2SegBWChallengeDataset.__doc__


@pytest.mark.parametrize('scene', ['data2/wuhan.mat', 'beijing.mat'])
def test_script_names_a_folder_with_both_releases(
    tmp_path: Path, scene: str
) -> None:
    make_challenge(tmp_path, 1)
    (tmp_path / scene).parent.mkdir(exist_ok=True)
    (tmp_path / scene).write_bytes(b'')
    named = f'{scene.split("/")[0]}.*folder of its own'
    with pytest.raises(ValueError, match=named):
        run_script(tmp_path)
    assert not (tmp_path / 'splits').exists()


def test_hyperspectral_patches(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_challenge(tmp_path, 5)
    name = CHALLENGE.with_name('c2seg_bw_challenge_hsi.py')
    assert run_script(tmp_path, '--config', name.name) == 0
    assert 'hsi, ' in capsys.readouterr().out
    settings = Config.fromfile(name).val_dataloader.dataset
    settings.update(data_root=str(tmp_path))
    inputs = DATASETS.build(settings)[0]['inputs']
    assert {m: x.shape[0] for m, x in inputs.items()} == dict(
        opt=4, sar=2, hsi=116
    )
