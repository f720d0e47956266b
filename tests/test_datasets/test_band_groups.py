"""Transforms of other packages on stacks with any number of bands."""

import numpy as np
import pytest
import rasterio
import torch
from mmseg.registry import DATASETS

import multimodal_rs  # noqa: F401  registers everything

LOAD = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]
PACK = dict(type='PackMultiModalInputs')
SIZE = (32, 30)
PAD = dict(type='Pad', size=(40, 40))  # (width, height)
ROTATE = dict(type='RandomRotate', prob=1.0, degree=(30, 30))


@pytest.fixture
def make(tmp_path):
    """Build a dataset of one tile whose band b holds row + 100 b + 1."""

    def build(bands, *transforms, **changes):
        rows = np.mgrid[: SIZE[0], : SIZE[1]][0].astype('f4')
        data = np.stack([rows + 100 * b + 1 for b in range(bands)])
        for name, array in (('hsi', data), ('label', data[:1] * 0 + 1)):
            (tmp_path / name).mkdir(exist_ok=True)
            with rasterio.open(
                tmp_path / name / 't.tif',
                'w',
                driver='GTiff',
                count=len(array),
                height=SIZE[0],
                width=SIZE[1],
                dtype='float32' if name == 'hsi' else 'uint8',
            ) as file:
                file.write(array)
        (tmp_path / 'all.txt').write_text('t')
        config = dict(
            type='MultiModalSegDataset',
            data_root=str(tmp_path),
            ann_file='all.txt',
            label=dict(dir='label'),
            metainfo=dict(classes=('a', 'b')),
            modalities=dict(hsi=dict(dir='hsi', bands=list(range(bands)))),
            pipeline=[*LOAD, *transforms, PACK],
        )
        return DATASETS.build(config | changes)

    return build


def packed(dataset):
    sample = dataset[0]
    label = sample['data_samples'].gt_sem_seg.data[0]
    return sample['inputs']['hsi'], label


@pytest.mark.parametrize('bands', [1, 3, 5, 200])
def test_padding_is_invalid_and_ignored(make, bands):
    image, label = packed(make(bands, PAD))
    assert image.shape == (bands, 40, 40) and label.shape == (40, 40)
    invalid = torch.isnan(image)
    assert invalid.sum() == bands * (40 * 40 - 32 * 30)
    assert torch.equal(label == 255, invalid[0])
    assert (image[:, :32, :30] > 0).all()


@pytest.mark.parametrize(
    'geometry',
    [
        [PAD, dict(type='RandomCrop', crop_size=(36, 36))],
        [PAD, ROTATE],
        [ROTATE, dict(type='CenterCrop', crop_size=(28, 28))],
        [
            dict(
                type='RandomRotFlip',
                rotate_prob=1.0,
                flip_prob=0.0,
                degree=(30, 30),
            )
        ],
        [dict(type='RandomApply', transforms=[PAD], prob=1.0), ROTATE],
    ],
    ids=['pad-crop', 'pad-rotate', 'rotate-crop', 'rotflip', 'nested'],
)
@pytest.mark.parametrize('bands', [2, 6])
def test_what_is_filled_in_never_looks_like_a_measurement(
    make, geometry, bands
):
    image, label = packed(make(bands, *geometry))
    invalid = torch.isnan(image)
    assert 0 < invalid[0].float().mean() < 1
    assert torch.equal(label == 255, invalid[0])
    # each pixel that is left has the difference between its bands
    for b in range(1, bands):
        difference = (image[b] - image[0])[~invalid[0]]
        assert (difference - 100 * b).abs().max() < 0.1


@pytest.mark.parametrize(
    'geometry',
    [
        ROTATE,
        dict(type='Resize', scale=(60, 64), keep_ratio=False),
        dict(
            type='RandomResize',
            scale=(60, 64),
            ratio_range=(0.5, 2.0),
            keep_ratio=True,
        ),
    ],
    ids=lambda c: c['type'],
)
def test_groups_see_the_same_draw(make, geometry):
    """300 bands give what the same bands give in a stack of few."""
    many, label = packed(make(300, geometry))
    few, _ = packed(make(2, geometry))
    assert many.shape[1:] == few.shape[1:] == label.shape
    # OpenCV's coefficients depend on the number of bands (1 in 32)
    torch.testing.assert_close(
        many[:2], few, rtol=0, atol=0.05, equal_nan=True
    )
    difference = (many[299] - many[0])[~torch.isnan(many[0])]
    assert (difference - 29900).abs().max() < 0.5


def test_an_image_without_its_label_is_refused(make):
    class OnlyTheImage:
        def __call__(self, results):
            results['img'] = results['img'][:16]
            return results

    dataset = make(3)
    dataset.pipeline.transforms.insert(2, OnlyTheImage())
    with pytest.raises(ValueError, match=r"'t' have .*\(16, 30\), the label"):
        dataset[0]


def test_a_transform_that_drops_bands_is_refused(make):
    class FewerBands:
        def __call__(self, results):
            results['img'] = results['img'][..., 1:]
            return results

    dataset = make(3)
    dataset.pipeline.transforms.insert(2, FewerBands())
    with pytest.raises(ValueError, match='3 bands, expected 3 of .* one more'):
        dataset[0]
