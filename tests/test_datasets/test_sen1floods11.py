"""Sen1Floods11: chips without a sensor or label, official lists, floods.

The real chips are those in `sen1floods11` below the folder that the variable
MULTIMODAL_RS_REAL_DATA names.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config

from base_datasets import CONFIGS, build, ids
from fake_data.files import SIZE
from fake_data.sen1floods11 import (
    CHIPS,
    FOLDER,
    OFFICIAL,
    make_sen1floods11,
)
from multimodal_rs.data_prep import sen1floods11
from multimodal_rs.datasets.rois import S1_BANDS, S2_BANDS
from multimodal_rs.utils.places import Places

REAL = os.environ.get('MULTIMODAL_RS_REAL_DATA', 'not set')
DATA = Path(REAL) / 'sen1floods11'


def test_samples_of_config(tmp_path: Path) -> None:
    labels = make_sen1floods11(tmp_path)
    dataset = build('sen1floods11', tmp_path, '\n'.join(CHIPS))
    present = {}
    for chip, sample in zip(CHIPS, dataset, strict=True):
        inputs, info = sample['inputs'], sample['data_samples']
        present[chip] = info.present_modalities
        assert inputs['opt'].shape == (13, SIZE, SIZE)
        assert inputs['sar'].shape == (2, SIZE, SIZE)
        truth = info.gt_sem_seg.data.numpy()
        expected = np.where(labels[chip] < 0, 255, labels[chip])
        assert (truth == expected).all()
        for image in inputs.values():
            empty = image.isnan().any(dim=0)
            assert empty.all() or (empty[0].all() and not empty[1:].any())
    assert present == {
        **dict.fromkeys(CHIPS, ('opt', 'sar')),
        'India_3': ('opt',),
        'Sri-Lanka_4': ('sar',),
    }


def test_config_knows_the_bands() -> None:
    modalities = Config.fromfile(CONFIGS / 'sen1floods11.py').modalities
    assert tuple(modalities.opt.file_bands) == S2_BANDS
    assert tuple(modalities.sar.file_bands) == S1_BANDS


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_official_lists(tmp_path: Path, part: str) -> None:
    make_sen1floods11(tmp_path)
    name = dict(val='valid').get(part, part)
    dataset = build('sen1floods11_official', tmp_path, part=part)
    assert ids(dataset) == list(OFFICIAL[name])
    bolivia = build('sen1floods11_bolivia', tmp_path, part=part)
    name = dict(test='bolivia').get(name, name)
    assert ids(bolivia) == list(OFFICIAL[name])


@pytest.mark.parametrize(
    'line',
    [
        'Sri-Lanka_4',
        'Sri-Lanka_4_S1Hand.tif,Sri-Lanka_4_LabelHand.tif',
        'v1.1/data/flood_events/HandLabeled/S2Hand/Sri-Lanka_4_S2Hand.tif',
    ],
)
def test_line_formats(tmp_path: Path, line: str) -> None:
    dataset = build('sen1floods11', tmp_path, f'\n{line}\r\n')
    assert ids(dataset) == ['Sri-Lanka_4']


@pytest.mark.parametrize(
    'line', ['83483', 'Ghana', 'Ghana_1_S1Hand.tif,Ghana_2_LabelHand.tif']
)
def test_wrong_lines_are_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match='must name one chip') as error:
        ids(build('sen1floods11', tmp_path, line))
    assert repr(line) in str(error.value)
    assert 'data_prep/sen1floods11.py' in str(error.value)


def test_counts_of_the_floods() -> None:
    """Those of the published metadata; they make the stated lists."""
    counts = dict(Bolivia=15, Ghana=53, India=68, Mekong=30, Nigeria=18)
    counts |= dict(Pakistan=28, Paraguay=67, Somalia=26, Spain=30, USA=69)
    counts['Sri-Lanka'] = 42
    chips = [f'{e}_{i}' for e, count in counts.items() for i in range(count)]
    split = sen1floods11.make_splits(chips, seed=0)['events']
    assert [len(part) for part in split.values()] == [272, 83, 91]
    metric = Config.fromfile(CONFIGS / 'sen1floods11.py').test_evaluator[1]
    places = Places(metric.places, 'test')
    assert {places.of(chip) for chip in chips} == set(counts)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_sen1floods11(tmp_path)
    assert sen1floods11.main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "1 tiles lack a file ({'opt or sar': 6, 'label': 7})" in out
    folder = tmp_path / 'splits/events'
    lists = {p.stem: p.read_text().split() for p in folder.glob('*.txt')}
    assert lists == dict(
        train=['India_2', 'India_3', 'Sri-Lanka_4'],
        val=['Ghana_1'],
        test=['Bolivia_6', 'Spain_5'],
    )
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert sen1floods11.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    next(tmp_path.rglob('Somalia_8_LabelHand.tif')).unlink()
    words = [str(tmp_path), '--check', '--config']
    capsys.readouterr()
    assert sen1floods11.main([*words, 'sen1floods11_official.py']) == 0
    out = capsys.readouterr().out
    assert 'flood_valid_data.csv: 2 tiles' in out
    assert 'flood_train_data.csv and flood_valid_data.csv have tiles' in out
    # The one sensor that this chip had is empty now.
    path = next(tmp_path.rglob('Sri-Lanka_4_S1Hand.tif'))
    with rasterio.open(path, 'r+') as file:
        file.write(np.full((2, SIZE, SIZE), np.nan, 'float32'))
    assert sen1floods11.main([*words, 'sen1floods11.py']) == 1
    out = capsys.readouterr().out
    assert "Sri-Lanka_4 has nothing valid of any of ['opt', 'sar']" in out
    with pytest.raises(ValueError, match='has none of the modalities'):
        build('sen1floods11', tmp_path, 'Sri-Lanka_4')[0]


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """The real chips, in the layout of the archive."""
    (tmp_path / FOLDER).parent.mkdir(parents=True)
    (tmp_path / FOLDER).symlink_to(DATA.absolute())
    return tmp_path


@pytest.mark.skipif(
    not DATA.is_dir(),
    reason='MULTIMODAL_RS_REAL_DATA names no folder with chips',
)
def test_real_chips(real: Path, capsys: pytest.CaptureFixture) -> None:
    # Only one of the chips has Sentinel-2, and that is for testing.
    with pytest.raises(ValueError, match=r"\['opt'\] have no valid pixel in"):
        sen1floods11.main([str(real)])
    dataset = build(
        'sen1floods11',
        real,
        '\n'.join(sorted(p.name for p in DATA.glob('La*/*'))),
    )
    samples = {}
    for number, chip in enumerate(ids(dataset)):
        if chip == 'Paraguay_34417':  # NaN everywhere, and no Sentinel-2
            with pytest.raises(ValueError, match='none of the modalities'):
                dataset[number]
        else:
            samples[chip] = dataset[number]
    assert len(samples) == 6
    for chip, sample in samples.items():
        with rasterio.open(DATA / f'LabelHand/{chip}_LabelHand.tif') as file:
            label = file.read()
        truth = sample['data_samples'].gt_sem_seg.data.numpy()
        assert (truth == np.where(label == -1, 255, label)).all()
        water = sample['inputs']['sar'][0].numpy()[truth[0] == 1]
        land = sample['inputs']['sar'][0].numpy()[truth[0] == 0]
        if water.size and land.size:  # water is dark
            assert np.nanmean(water) < np.nanmean(land), chip
    assert set(np.unique(truth)) == {0, 1, 255}
    ghana = samples['Ghana_83483']['data_samples']
    assert (ghana.gt_sem_seg.data == 255).all()
    assert ghana.present_modalities == ('sar',)
    nigeria = samples['Nigeria_812045']['inputs']['sar']
    assert nigeria.isnan().sum() == 1158
    spain = samples['Spain_7370579']
    assert spain['data_samples'].present_modalities == ('opt', 'sar')
    opt = spain['inputs']['opt'].numpy()
    wet = spain['data_samples'].gt_sem_seg.data[0].numpy() == 1
    assert opt[12][wet].mean() < opt[12][~wet].mean()  # B12
    assert sen1floods11.main([str(real), '--check']) == 1
    out = capsys.readouterr().out
    assert 'Paraguay_34417 has nothing valid' in out and '\n1 findings' in out
