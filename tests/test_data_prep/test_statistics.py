"""Mean and std against numpy on all pixels at once."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.dfc2020 import CITY_TILES, make_dfc2020
from fake_data.files import write_tif
from multimodal_rs.data_prep import band_statistics
from multimodal_rs.data_prep.band_statistics import (
    BandMoments,
    update_statistics,
)
from multimodal_rs.data_prep.changed_files import forget_changed
from multimodal_rs.datasets.base import MultiModalSegDataset

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/dfc2020_rgb.py'


@pytest.fixture
def dataset(tmp_path: Path) -> MultiModalSegDataset:
    make_dfc2020(tmp_path, CITY_TILES)
    return build(tmp_path, CITY_TILES)


def build(root: Path, tiles: tuple[str, ...]) -> MultiModalSegDataset:
    (root / 'list.txt').write_text('\n'.join(tiles))
    settings = Config.fromfile(CONFIG).train_dataloader.dataset
    settings.update(data_root=str(root), ann_file='list.txt', pipeline=[])
    return DATASETS.build(settings)


def all_pixels(dataset: MultiModalSegDataset, name: str) -> np.ndarray:
    """All values of a modality in file units, (C, N) float64."""
    parts = []
    for i in range(len(dataset)):
        with rasterio.open(dataset.get_data_info(i)['img_paths'][name]) as f:
            parts.append(f.read(f.indexes).reshape(f.count, -1))
    return np.concatenate(parts, axis=1).astype(np.float64)


def test_moments_keep_their_digits() -> None:
    # A naive sum of squares loses all of the variance here.
    rng = np.random.default_rng(0)
    data = (1e6 + rng.normal(0, 1, (2, 50, 60))).astype(np.float32)
    data[:, 3:5] = np.nan
    moments = BandMoments(2)
    for block in np.split(data, 10, axis=1):
        moments.add(block)
    moments.add(np.full((2, 4, 4), np.nan, np.float32))
    valid = data[:, ~np.isnan(data[0])].astype(np.float64)
    assert moments.pixels == valid.shape[1]
    np.testing.assert_allclose(moments.mean, valid.mean(1), rtol=1e-14)
    np.testing.assert_allclose(moments.std, valid.std(1), rtol=1e-9)
    assert (moments.low == valid.min(1)).all()
    assert (moments.high == valid.max(1)).all()


def test_against_numpy(dataset: MultiModalSegDataset, tmp_path: Path) -> None:
    numbers = update_statistics(dataset, tmp_path / 'stats.json', 'rgb')
    optical = all_pixels(dataset, 'opt')[[3, 2, 1]]
    sar = all_pixels(dataset, 'sar')
    sar = sar[:, ~np.isnan(sar).any(axis=0)]
    for name, stored in dict(opt=optical, sar=sar).items():
        found = numbers[name]
        for percent, row in found['percentiles'].items():
            # One pixel more or less is a matter of rounding.
            below, above = np.percentile(
                stored, float(percent) + np.array([-0.02, 0.02]), axis=1
            )
            assert (row >= below - 0.008 * abs(below)).all()
            assert (row <= above + 0.008 * abs(above)).all()
        assert list(found['percentiles']) == ['0.1', '1', '50', '99', '99.9']
        low, high = (found['percentiles'][p] for p in ('1', '99'))
        assert found['file_range'] == [low, high]
    optical = optical / 1e4
    sar = np.clip(sar, -25, 0) / 25 + 1
    for name, expected in dict(opt=optical, sar=sar).items():
        found = numbers[name]
        assert found['pixels'] == expected.shape[1]
        np.testing.assert_allclose(found['mean'], expected.mean(1), rtol=1e-6)
        np.testing.assert_allclose(found['std'], expected.std(1), rtol=1e-6)
    assert numbers['opt']['bands'] == ['B4', 'B3', 'B2']


def test_resuming_gives_the_same(
    dataset: MultiModalSegDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = tmp_path / 'whole/stats.json'
    update_statistics(dataset, whole, 'rgb')
    monkeypatch.setattr(band_statistics, 'SAVE_EVERY', 2)
    read = band_statistics._read
    calls = []

    def interrupted(modality, path):
        calls.append(path)
        if len(calls) == 8:  # SAR of the fourth tile
            raise KeyboardInterrupt
        return read(modality, path)

    target = tmp_path / 'resumed/stats.json'
    monkeypatch.setattr(band_statistics, '_read', interrupted)
    with pytest.raises(KeyboardInterrupt):
        update_statistics(dataset, target, 'rgb')
    assert not target.exists()
    assert [p.name for p in target.parent.iterdir()] == [
        '.stats-rgb.partial.json'
    ]
    update_statistics(dataset, target, 'rgb')
    assert len(calls) == 8 + 6  # it went on at the third tile
    resumed, once = (json.loads(p.read_text()) for p in (target, whole))
    assert resumed['rgb'].pop('measured') > once['rgb'].pop('measured')
    assert resumed == once
    assert list(target.parent.iterdir()) == [target]


def test_damaged_partial_state_is_made_again(
    dataset: MultiModalSegDataset, tmp_path: Path, capsys
) -> None:
    partial = tmp_path / '.stats-rgb.partial.json'
    partial.write_text('{"fingerprint": "cut')
    numbers = update_statistics(dataset, tmp_path / 'stats.json', 'rgb')
    assert numbers['opt']['pixels'] == len(CITY_TILES) * 32 * 32
    assert f'{partial} cannot be read' in capsys.readouterr().out


@pytest.mark.parametrize('text', ['{"rgb": ', '[]', ''])
def test_damaged_statistics_are_named(
    dataset: MultiModalSegDataset, tmp_path: Path, text: str
) -> None:
    target = tmp_path / 'stats.json'
    target.write_text(text)
    with pytest.raises(ValueError, match='stats.json cannot be .* delete it'):
        update_statistics(dataset, target, 'rgb')


def test_partial_state_of_other_tiles_is_not_used(
    dataset: MultiModalSegDataset, tmp_path: Path
) -> None:
    (tmp_path / '.stats-rgb.partial.json').write_text(
        json.dumps(dict(fingerprint='of another list', done=4, moments={}))
    )
    target = tmp_path / 'stats.json'
    numbers = update_statistics(dataset, target, 'rgb')
    assert numbers['opt']['pixels'] == len(CITY_TILES) * 32 * 32
    assert not (tmp_path / '.stats-rgb.partial.json').exists()


def test_second_run_changes_nothing(
    dataset: MultiModalSegDataset, tmp_path: Path
) -> None:
    target = tmp_path / 'stats.json'
    first = update_statistics(dataset, target, 'rgb')
    before = target.read_bytes(), target.stat().st_mtime_ns
    assert update_statistics(dataset, target, 'rgb') == first
    assert (target.read_bytes(), target.stat().st_mtime_ns) == before


def test_each_config_is_compared_with_the_files(
    dataset: MultiModalSegDataset, tmp_path: Path
) -> None:
    files = [p for tile in dataset.tiles for p in tile['img_paths'].values()]
    files += [tile['seg_map_path'] for tile in dataset.tiles]
    newest = max(Path(p).stat().st_ctime_ns for p in files)
    entry = dict(fingerprint='of files', labels={}, tiles=3)
    old, new = (entry | dict(measured=newest + n) for n in (-1, 0))
    target = tmp_path / 'stats.json'
    target.write_text(json.dumps(dict(old=old, new=new, none=entry)))
    forget_changed(dict(train=dataset), target)
    gone = dict(tiles=3)
    assert json.loads(target.read_text()) == dict(old=gone, new=new, none=gone)


def test_numbers_written_meanwhile_stay(
    dataset: MultiModalSegDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = tmp_path / 'stats.json'
    before = dict(rgb=dict(tiles=1), other=dict(tiles=1))
    target.write_text(json.dumps(before))

    def measure(dataset: MultiModalSegDataset, partial: Path) -> dict:
        both = dict(rgb=dict(labels='new'), other=dict(tiles=2))
        target.write_text(json.dumps(both))
        return {}

    monkeypatch.setattr(band_statistics, 'measure', measure)
    update_statistics(dataset, target, 'rgb')
    numbers = json.loads(target.read_text())
    assert numbers['other'] == dict(tiles=2)
    assert numbers['rgb']['labels'] == 'new'
    assert numbers['rgb']['tiles'] == len(dataset)


def test_other_tiles_are_measured_again(
    dataset: MultiModalSegDataset, tmp_path: Path
) -> None:
    target = tmp_path / 'stats.json'
    first = update_statistics(dataset, target, 'rgb')
    fewer = build(tmp_path, CITY_TILES[:2])
    assert update_statistics(fewer, target, 'fewer') != first
    assert update_statistics(fewer, target, 'rgb') != first
    assert sorted(json.loads(target.read_text())) == ['fewer', 'rgb']


def test_nothing_valid_is_an_error(
    dataset: MultiModalSegDataset, tmp_path: Path
) -> None:
    for path in tmp_path.rglob('*_s1_*.tif'):
        write_tif(path, np.full((2, 32, 32), np.nan, np.float32))
    with pytest.raises(ValueError, match=r"\['sar'\] have no valid pixel"):
        update_statistics(dataset, tmp_path / 'stats.json', 'rgb')
