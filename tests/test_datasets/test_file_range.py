"""Files in another unit than the training's are noticed, and no others."""

import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS, HOOKS

from fake_data.files import write_tif
from multimodal_rs.datasets.file_range import (
    ValueSketch,
    far_off,
    with_file_range,
)
from multimodal_rs.datasets.modality import Modality, build_modalities
from multimodal_rs.inference.rasters import SceneRasters

SIZE = 48


@pytest.mark.parametrize(
    'values',
    [
        np.random.default_rng(0).normal(1500, 800, (3, 20000)),
        np.random.default_rng(1).normal(-15, 5, (3, 20000)),
        np.random.default_rng(2).lognormal(-3, 2, (3, 20000)),
        np.random.default_rng(3).integers(-128, 256, (3, 20000)),
    ],
)
def test_percentiles_are_those_of_numpy(values: np.ndarray) -> None:
    sketch = ValueSketch(3)
    for part in np.split(values.astype(np.float32), 4, axis=1):
        sketch.add(part)
        sketch = ValueSketch.from_state(sketch.state())
    percent = (0.1, 1, 50, 99, 99.9)
    found = sketch.percentiles(percent)
    if values.dtype.kind == 'i':
        right = np.percentile(values, percent, axis=1, method='inverted_cdf')
        np.testing.assert_array_equal(found, right)
    # One pixel more or less is a matter of rounding.
    below = np.percentile(values, np.array(percent) - 0.01, axis=1)
    above = np.percentile(values, np.array(percent) + 0.01, axis=1)
    assert (found >= below - 0.008 * abs(below)).all()
    assert (found <= above + 0.008 * abs(above)).all()


def test_percentiles_of_nothing() -> None:
    assert np.isnan(ValueSketch(2).percentiles((50,))).all()


OPTICAL = replace(
    build_modalities(
        dict(
            opt=dict(
                bands=[0, 1, 2, 3],
                unit='reflectance x 10000',
                values=[
                    dict(type='ScaleValues', factor=1e-4),
                    dict(type='ClipValues', low=0.0, high=1.0),
                ],
            )
        )
    )['opt'],
    file_range=((300, 250, 200, 150), (2500, 2600, 2800, 5000)),
)
RADAR = build_modalities(
    dict(
        sar=dict(
            bands=[0, 1],
            values=[dict(type='RescaleRange', low=-25.0, high=0.0)],
            file_range=[[-20, -27], [0, -8]],
        )
    )
)['sar']


def land() -> np.ndarray:
    rng = np.random.default_rng(0)
    means = np.array([600, 700, 800, 2500])[:, None, None]
    return rng.normal(means, means / 4, (4, SIZE, SIZE)).clip(1)


def water() -> np.ndarray:
    rng = np.random.default_rng(0)
    means = np.array([260, 200, 90, 40])[:, None, None]
    return rng.normal(means, 25, (4, SIZE, SIZE)).clip(1)


def snow() -> np.ndarray:
    rng = np.random.default_rng(0)
    means = np.array([4600, 4600, 4500, 4400])[:, None, None]
    return rng.normal(means, 800, (4, SIZE, SIZE))


def radar() -> np.ndarray:
    means = np.array([-9.0, -16.0])[:, None, None]
    return np.random.default_rng(0).normal(means, 3, (2, SIZE, SIZE))


USUAL = [
    (OPTICAL, land()),
    (OPTICAL, water()),
    (OPTICAL, snow()),
    (RADAR, radar()),
    (RADAR, radar() - 12),  # calm water
]
UNUSUAL = [
    (OPTICAL, land() / 10000),
    (OPTICAL, land() * 10000),
    (OPTICAL, land() / 255),
    (RADAR, 10 ** (radar() / 10)),
    (RADAR, 10 ** (radar() / 20)),
    (RADAR, 255 + radar() * 10),
    (RADAR, radar() * 100),
]


@pytest.mark.parametrize(('modality', 'data'), USUAL)
def test_usual_scenes_are_not_far(
    modality: Modality, data: np.ndarray
) -> None:
    assert not far_off(data.reshape(len(data), -1), modality)


@pytest.mark.parametrize(('modality', 'data'), UNUSUAL)
def test_other_units_are_far(modality: Modality, data: np.ndarray) -> None:
    numbers = data.reshape(len(data), -1)
    found = far_off(numbers, modality)
    assert f'{np.median(numbers[0]):.4g}' in found
    assert modality.unit in found
    assert not far_off(numbers, replace(modality, file_range=None))
    assert not far_off(numbers[:, :50], modality)  # too few to say


@pytest.mark.parametrize(('modality', 'data'), UNUSUAL + USUAL)
@pytest.mark.parametrize('as_array', [True, False])
def test_one_warning_per_raster_of_a_scene(
    tmp_path: Path, modality: Modality, data: np.ndarray, as_array: bool
) -> None:
    unusual = any(data is other for _, other in UNUSUAL)
    data = np.tile(data, (1, 9, 9)).astype(np.float32)
    path = tmp_path / 'scene.tif'
    write_tif(path, data)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        source = data if as_array else str(path)
        with SceneRasters(
            {modality.name: source}, {modality.name: modality}
        ) as scene:
            scene.read_reduced(64)
    found = [str(w.message) for w in caught if 'medians' in str(w.message)]
    assert len(found) == unusual
    if unusual and not as_array:
        assert str(path) in found[0]


@pytest.mark.parametrize('low', [2050.0, -3657.0])
def test_flat_land_is_not_far_from_itself(low: float) -> None:
    heights = np.random.default_rng(0).uniform(low, low + 2, (1, 5000))
    sketch = ValueSketch(1)
    sketch.add(heights)
    first, _, last = sketch.percentiles((1, 50, 99)).tolist()
    limits = dict(bands=[0], file_range=[first, last])
    modality = build_modalities(dict(dem=limits))['dem']
    assert not far_off(heights, modality)
    assert far_off(heights * 3.28, modality)


def make_dataset(root: Path, test: bool, **declaration: object):
    modalities = dict(
        opt=dict(
            dir='opt',
            bands=[0, 1, 2, 3],
            values=[dict(type='ClipValues', low=0.0, high=1e4)],
            **declaration,
        )
    )
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(root),
            ann_file='all.txt',
            label=False,
            modalities=modalities,
            test_mode=test,
            pipeline=[
                dict(type='LoadMultiModalImages'),
                dict(type='PackMultiModalInputs'),
            ],
        )
    )


def write_tiles(root: Path, *tiles: np.ndarray) -> None:
    for number, data in enumerate(tiles):
        write_tif(root / 'opt' / f'{number}.tif', data.astype(np.float32))
    names = [str(number) for number in range(len(tiles))]
    (root / 'all.txt').write_text('\n'.join(names))


def messages(dataset, index: int) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        dataset[index]
    found = [str(w.message) for w in caught]
    return [text for text in found if 'medians' in text]


def test_tests_warn_of_files_far_from_the_training(tmp_path: Path) -> None:
    train, test = tmp_path / 'train', tmp_path / 'test'
    write_tiles(train, *(land() * f for f in (0.8, 1, 1.2)))
    write_tiles(test, land(), land() / 1e4)
    hook = HOOKS.build(dict(type='FileRangeHook'))
    loader = SimpleNamespace(dataset=make_dataset(train, test=False))
    hook.before_train(SimpleNamespace(train_dataloader=loader))
    checkpoint = dict(meta={})
    hook.before_save_checkpoint(None, checkpoint)
    low, high = checkpoint['meta']['file_range']['opt']
    pixels = np.concatenate([land() * f for f in (0.8, 1, 1.2)], axis=2)
    for row, percent in ((low, 1), (high, 99)):
        right = np.percentile(pixels[:, ::4, ::4], percent, axis=(1, 2))
        np.testing.assert_allclose(row, right, rtol=0.03)

    hook = HOOKS.build(dict(type='FileRangeHook'))
    hook.after_load_checkpoint(None, checkpoint)
    dataset = make_dataset(test, test=True)
    loader = SimpleNamespace(dataset=dataset)
    assert not messages(dataset, 1)  # nothing is known yet
    hook.before_test(SimpleNamespace(test_dataloader=loader))
    assert not messages(dataset, 0)
    (text,) = messages(dataset, 1)
    assert str(test / 'opt/1.tif') in text


def test_a_declared_range_needs_no_measuring(tmp_path: Path) -> None:
    write_tiles(tmp_path, land())
    limits = [[0.0] * 4, [1.0] * 4]
    dataset = make_dataset(tmp_path, test=True, file_range=limits)
    assert dataset.metainfo['modalities']['opt']['file_range'] == limits
    hook = HOOKS.build(dict(type='FileRangeHook'))
    loader = SimpleNamespace(dataset=dataset)
    hook.before_train(SimpleNamespace(train_dataloader=loader))
    checkpoint = dict(meta={})
    hook.before_save_checkpoint(None, checkpoint)
    assert checkpoint['meta']['file_range'] == {}
    assert len(messages(dataset, 0)) == 1
    other = dict(opt=[[5.0] * 4, [6.0] * 4])
    kept = with_file_range(dataset.modalities, other)['opt'].file_range
    assert kept == tuple(limits)


@pytest.mark.parametrize(
    'limits', [[[0.0], [1.0], [2.0]], [[0.0, 1.0], [1.0]], [[2.0], [1.0]]]
)
def test_impossible_ranges(limits: list) -> None:
    with pytest.raises(ValueError, match='file_range must be two rows'):
        build_modalities(dict(x=dict(bands=[0], file_range=limits)))


def test_the_hook_is_in_every_run() -> None:
    runtime = Path(__file__).parents[2] / 'configs/_base_/default_runtime.py'
    hooks = Config.fromfile(runtime).default_hooks
    assert hooks['file_range'] == dict(type='FileRangeHook')
