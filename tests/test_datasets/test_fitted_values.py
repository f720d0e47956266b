"""Steps that are measured on training pixels, and where they get to."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.dataset import ConcatDataset
from mmseg.registry import HOOKS, TRANSFORMS

from fake_data.files import write_tif
from multimodal_rs.data_prep.fitting import fit_steps, update_fits
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.disagreement import disagreement
from multimodal_rs.datasets.fits import steps_of
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.datasets.sparse_scene import SparseSceneDataset
from multimodal_rs.visualization.composites import composite

PCA = dict(type='PCA', components=3)
BANDS = list(range(8))


def pixels(bands: int = 8, count: int = 500) -> np.ndarray:
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(bands, bands)) * (2.0 ** -np.arange(bands))
    values = mixing @ rng.normal(size=(bands, count))
    return (values * 100 + 1000).astype('f4')


def declared(**more: object) -> dict:
    return dict(hsi=dict(bands=BANDS, values=[PCA], **more))


def test_components_are_white_and_in_order() -> None:
    values = pixels()
    step = TRANSFORMS.build(PCA)
    fit = step.measure(values.astype('f8'))
    out = np.empty((3, *values.shape[1:], 1), np.float32)
    step = TRANSFORMS.build(dict(PCA, fit=fit))
    step(values[..., None], out)
    flat = out[..., 0].astype('f8')
    np.testing.assert_allclose(flat.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(flat, bias=True), np.eye(3), atol=1e-3)
    assert fit['std'] == sorted(fit['std'], reverse=True)
    centred = values - values.mean(axis=1, keepdims=True)
    vectors, singular, _ = np.linalg.svd(centred, full_matrices=False)
    expected = singular[:3] / np.sqrt(values.shape[1])
    np.testing.assert_allclose(fit['std'], expected, rtol=1e-4)
    cosine = np.sum(np.array(fit['vectors']) * vectors.T[:3], axis=1)
    np.testing.assert_allclose(np.abs(cosine), 1, atol=1e-4)
    assert all(max(v, key=abs) > 0 for v in fit['vectors'])


def test_components_need_pixels_that_vary() -> None:
    with pytest.raises(ValueError, match='4 of them vary'):
        TRANSFORMS.build(dict(PCA, components=6)).measure(
            pixels()[:, :5].astype('f8')
        )


def test_standardize() -> None:
    values = pixels()
    step = TRANSFORMS.build(dict(type='Standardize', clip=2.0))
    fit = step.measure(values.astype('f8'))
    step = TRANSFORMS.build(dict(type='Standardize', clip=2.0, fit=fit))
    out = values[..., None].copy()
    step(out, out)
    expected = (values - values.mean(1)[:, None]) / values.std(1)[:, None]
    np.testing.assert_allclose(out[..., 0], expected.clip(-2, 2), atol=1e-3)
    values[5] = 7
    with pytest.raises(ValueError, match=r'bands \[5\] .* one value'):
        step.measure(values.astype('f8'))


def test_steps_are_measured_one_after_the_other() -> None:
    steps = [dict(type='ScaleValues', factor=0.01), PCA]
    modality = build_modalities(dict(hsi=dict(bands=BANDS, values=steps)))
    first, second = fit_steps(modality['hsi'], pixels())
    assert first is None
    mean = pixels().astype('f8').mean(axis=1) / 100
    np.testing.assert_allclose(second['mean'], mean, rtol=1e-4)


def test_channels_and_invalid_pixels() -> None:
    modality = build_modalities(declared())['hsi']
    assert modality.channels == 3 and modality.unfitted == ('PCA',)
    data = pixels().reshape(8, 20, 25)
    out = np.empty((3, 20, 25), np.float32)
    with pytest.raises(ValueError, match="'hsi'.*'PCA'.*training pixels"):
        modality.prepare(data, out=out)
    fit = TRANSFORMS.build(PCA).measure(pixels().astype('f8'))
    step = dict(PCA, fit=fit)
    modality = build_modalities(dict(hsi=dict(bands=BANDS, values=[step])))
    modality = modality['hsi']
    data[2, 3, 4] = np.nan
    before = data.copy()
    modality.prepare(data, out=out)
    np.testing.assert_array_equal(data, before)
    assert (
        np.isnan(out).any(axis=0).sum() == 1 and np.isnan(out[:, 3, 4]).all()
    )
    picture = composite(out, modality)
    assert picture.shape == (20, 25, 3)
    assert modality.channel_names[2] == 'component 3'
    assert modality.as_stored.channels == 8


def test_declarations_differ_in_steps_not_in_numbers() -> None:
    plain = build_modalities(declared())
    fit = TRANSFORMS.build(PCA).measure(pixels().astype('f8'))
    measured = dict(hsi=dict(bands=BANDS, values=[dict(PCA, fit=fit)]))
    assert disagreement(plain, build_modalities(measured)) is None
    fewer = dict(hsi=dict(bands=BANDS, values=[dict(PCA, components=2)]))
    found = disagreement(plain, build_modalities(fewer))
    assert found.what == 'values of hsi'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = pixels(count=512).reshape(8, 16, 32)
    for i in range(2):
        half = data[:, :, 16 * i : 16 * i + 16]
        write_tif(tmp_path / f'hsi/{i}.tif', half)
        label = np.zeros((1, 16, 16), np.uint8)
        write_tif(tmp_path / f'label/{i}.tif', label)
    (tmp_path / 'train.txt').write_text('0')
    (tmp_path / 'test.txt').write_text('1')
    return tmp_path


def build(
    folder: Path, part: str, kind: type = MultiModalSegDataset, **more: object
) -> MultiModalSegDataset:
    pipeline = [
        dict(type='LoadMultiModalImages'),
        dict(type='LoadLandCover'),
        dict(type='PackMultiModalInputs'),
    ]
    return kind(
        modalities=declared(dir='hsi'),
        label=dict(dir='label'),
        data_root=str(folder),
        ann_file=f'{part}.txt',
        metainfo=dict(classes=('a',), palette=[[0, 0, 0]]),
        pipeline=pipeline,
        **more,
    )


def test_numbers_get_to_all_parts_and_into_checkpoints(folder: Path) -> None:
    with pytest.raises(ValueError, match='have no numbers yet'):
        build(folder, 'train')[0]
    measured = build(folder, 'train', test_mode=True)
    update_fits(measured, folder / 'stats.json', 'config')
    train, test = (
        build(folder, part, test_mode=part == 'test')
        for part in ('train', 'test')
    )
    inputs = train[0]['inputs']['hsi'].numpy()
    assert inputs.shape == (3, 16, 16)
    np.testing.assert_allclose(inputs.std(axis=(1, 2)), 1, atol=1e-3)
    # The test is read by the numbers of the training.
    assert abs(test[0]['inputs']['hsi'].numpy().mean()) > 1e-3
    meta = dict(dataset_meta=train.metainfo)
    fits = steps_of(meta['dataset_meta']['modalities'])
    hook = HOOKS.build(dict(type='FittedValuesHook'))
    hook.after_load_checkpoint(None, dict(meta=meta))
    (folder / 'stats.json').unlink()
    test = build(folder, 'test', test_mode=True)
    loader = SimpleNamespace(dataset=test)
    hook.before_test(SimpleNamespace(test_dataloader=loader))
    assert steps_of(test.metainfo['modalities']) == fits
    again = test[0]['inputs']['hsi']
    assert again.shape == (3, 16, 16)
    # Another training, resumed from that checkpoint:
    (folder / 'train.txt').write_text('1')
    measured = build(folder, 'train', test_mode=True)
    update_fits(measured, folder / 'stats.json', 'config')
    other = SimpleNamespace(dataset=build(folder, 'train'))
    resumed = SimpleNamespace(iter=3, train_dataloader=other)
    with pytest.raises(ValueError, match="resume.*'hsi'"):
        hook.before_train(resumed)
    hook.before_train(SimpleNamespace(iter=0, train_dataloader=other))


def test_validation_has_the_numbers_of_the_training(folder: Path) -> None:
    """Wherever its list lies, in wrappers, and of scenes in memory, too."""
    (folder / 'val').mkdir()
    (folder / 'val/list.txt').write_text('1')
    for part in ('train', 'val/list'):
        stats = (folder / part).with_name('stats.json')
        update_fits(build(folder, part, test_mode=True), stats, 'config')
    train, images = (
        build(folder, part, test_mode=part != 'train')
        for part in ('train', 'val/list')
    )
    kind, more = SparseSceneDataset, dict(test_mode=True, windows=1)
    pixels = build(folder, 'val/list', kind, **more)
    before = images[0]['inputs']['hsi']
    assert pixels[0]['inputs']['hsi'].equal(before[:, :1, :1])
    both = ConcatDataset([images, pixels])
    hook = HOOKS.build(dict(type='FittedValuesHook'))
    runner = SimpleNamespace(
        iter=0,
        train_dataloader=SimpleNamespace(dataset=train),
        val_dataloader=SimpleNamespace(dataset=both),
    )
    hook.before_train(runner)
    hook.before_val(runner)
    fits = steps_of(train.metainfo['modalities'])
    assert steps_of(images.metainfo['modalities']) == fits
    after = both[0]['inputs']['hsi']
    assert not after.equal(before)
    assert both[1]['inputs']['hsi'].equal(after[:, :1, :1])


def test_a_tile_may_lack_the_first_modality(folder: Path) -> None:
    dsm = dict(dsm=dict(dir='dsm', bands=[0], optional=True))
    dataset = MultiModalSegDataset(
        modalities=dsm | declared(dir='hsi'),
        label=False,
        data_root=str(folder),
        ann_file='train.txt',
        test_mode=True,
    )
    update_fits(dataset, folder / 'stats.json', 'config')
    assert not dataset.modalities['hsi'].unfitted


def test_numbers_of_another_list_are_refused(folder: Path) -> None:
    measured = build(folder, 'train', test_mode=True)
    update_fits(measured, folder / 'stats.json', 'config')
    (folder / 'train.txt').write_text('0\n1')
    with pytest.raises(ValueError, match='other tiles than those'):
        build(folder, 'train')
