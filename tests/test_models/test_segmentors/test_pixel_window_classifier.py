"""The pixel in the middle of a window: windows, scenes, what is missing."""

import numpy as np
import pytest
import torch
from mmengine.model import BaseModule
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from multimodal_rs.models.segmentors.pixel_window_classifier import (
    window_view,
)

BANDS = dict(hsi=6, lidar=1)
CLASSES = 4


@MODELS.register_module()
class TinyWindowEncoder(BaseModule):
    """Two convolutions without padding: all pixels of a window count."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, 8, 3), nn.Tanh(), nn.Conv2d(8, 8, 3)
        )

    def forward(self, x):
        return (self.layers(x),)


@MODELS.register_module()
class MiddlePixel(BaseModule):
    """The pixel in the middle, as it is."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.in_channels = in_channels

    def forward(self, x):
        middle = x.shape[2] // 2
        return (x[..., middle, middle, None, None],)


def make(bands=BANDS, encoder='TinyWindowEncoder', heads=False, **changes):
    head = dict(type='WindowHead', in_channels=8)
    config = dict(
        type='PixelWindowClassifier',
        window=5,
        data_preprocessor=dict(
            type='MultiModalSegDataPreProcessor',
            modalities={m: dict(bands=[*range(n)]) for m, n in bands.items()},
            num_classes=CLASSES,
        ),
        backbone=dict(
            type='ParallelBackbones',
            branches={m: dict(type=encoder) for m in bands},
        ),
        neck=dict(type='SumFusionNeck', in_index=[0]),
        decode_head=head,
        modality_heads={m: head for m in bands} if heads else None,
    )
    torch.manual_seed(0)
    model = MODELS.build(config | changes)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model.eval()


def scene(size=(9, 7), batch=1, bands=BANDS):
    return {m: torch.randn(batch, n, *size) for m, n in bands.items()}


def window_sample(label, **meta):
    sample = SegDataSample(
        metainfo=dict(ori_shape=(1, 1), img_shape=(5, 5), **meta)
    )
    sample.gt_sem_seg = PixelData(data=torch.full((1, 1, 1), label))
    return sample


@torch.no_grad()
def one_by_one(model, images, present):
    """Classify the window around every pixel in a call of its own."""
    padded = {
        m: np.pad(x[0].numpy(), ((0, 0), (2, 2), (2, 2)), mode='symmetric')
        for m, x in images.items()
    }
    _, _, height, width = next(iter(images.values())).shape
    meta = dict(ori_shape=(1, 1), present_modalities=present)
    rows = []
    for row in range(height):
        for column in range(width):
            window = {
                m: torch.from_numpy(
                    x[None, :, row : row + 5, column : column + 5].copy()
                )
                for m, x in padded.items()
            }
            answer = model.encode_decode(window, [meta])
            assert answer.shape == (1, CLASSES, 1, 1)
            rows.append(answer[0, :, 0, 0])
    return torch.stack(rows, dim=1).reshape(CLASSES, height, width)


@pytest.mark.parametrize('size', [(9, 7), (5, 5), (2, 3), (1, 1)])
@pytest.mark.parametrize('heads', [True, False])
@torch.no_grad()
def test_a_scene_is_classified_like_each_of_its_windows(size, heads):
    model, images = make(heads=heads, test_cfg=dict(batch=10)), scene(size)
    for present in (('hsi', 'lidar'), ('hsi',), ('lidar',)):
        meta = dict(ori_shape=size, present_modalities=present)
        if size == (1, 1):
            meta['ori_shape'] = (1, 1)
        answer = model.encode_decode(images, [meta])
        assert answer.shape == (1, CLASSES, *size)
        expected = one_by_one(model, images, present)
        torch.testing.assert_close(answer[0], expected, rtol=0, atol=1e-5)
        # only what is named as there is there
        left = {m: images[m] for m in present}
        meta = dict(ori_shape=(9, 9))
        torch.testing.assert_close(model.encode_decode(left, [meta]), answer)


@torch.no_grad()
def test_a_batch_of_scenes_with_unlike_sensors():
    model, images = make(), scene((6, 8), batch=2)
    metas = [
        dict(ori_shape=(6, 8), present_modalities=('hsi', 'lidar')),
        dict(ori_shape=(6, 8), present_modalities=('lidar',)),
    ]
    both = model.encode_decode(images, metas)
    for row in range(2):
        one = {m: x[row : row + 1] for m, x in images.items()}
        alone = model.encode_decode(one, metas[row : row + 1])
        torch.testing.assert_close(both[row], alone[0], rtol=0, atol=1e-5)
    assert not torch.allclose(both[0], both[1])


def test_trains_on_windows_with_labels_of_one_pixel():
    model = make(heads=True).train()
    images = [torch.randn(6, 5, 5), torch.randn(6, 5, 5)]
    height = [torch.randn(1, 5, 5), torch.full((1, 5, 5), torch.nan)]
    samples = [
        window_sample(2, present_modalities=('hsi', 'lidar')),
        window_sample(0, present_modalities=('hsi',)),
    ]
    data = dict(inputs=dict(hsi=images, lidar=height), data_samples=samples)
    batch = model.data_preprocessor(data, training=True)
    assert batch['data_samples'][0].gt_sem_seg.shape == (1, 1)
    losses = model(**batch, mode='loss')
    logits = model.decode_head(model.extract_feat(batch['inputs']))
    expected = nn.functional.cross_entropy(
        logits[..., 0, 0], torch.tensor([2, 0])
    )
    torch.testing.assert_close(losses['decode.loss_ce'], expected)
    # The second one has no LiDAR: its label does not count there.
    pyramid = model.backbone(batch['inputs'])['lidar']
    logits = model.modality_heads['lidar'](pyramid)
    expected = nn.functional.cross_entropy(
        logits[:1, :, 0, 0], torch.tensor([2])
    )
    torch.testing.assert_close(losses['lidar.loss_ce'], expected)


def test_validates_on_windows():
    model = make()
    data = dict(
        inputs={
            m: [torch.randn(n, 5, 5) for _ in range(3)]
            for m, n in BANDS.items()
        },
        data_samples=[window_sample(i) for i in range(3)],
    )
    for result in model.val_step(data):
        assert result.seg_logits.shape == (1, 1)
        assert result.pred_sem_seg.shape == (1, 1)


def test_only_labelled_pixels_are_classified():
    truth = torch.full((1, 9, 7), 255)
    truth[0, 2, 3], truth[0, 8, 6], truth[0, 0, 0] = 1, 0, 3
    images = {m: [x[0]] for m, x in scene().items()}

    def predict(label, **test_cfg):
        sample = SegDataSample(metainfo=dict(ori_shape=(9, 7)))
        if label is not None:
            sample.gt_sem_seg = PixelData(data=label.clone())
        # 12 x 8 after padding
        model = make(test_cfg=test_cfg)
        model.data_preprocessor.size_divisor = 4
        data = dict(inputs=images, data_samples=[sample])
        return model.test_step(data)[0].seg_logits.data

    # The padding itself is seen at the border, in both cases.
    everywhere = predict(truth, batch=5)
    some = predict(truth, labelled_only=True, batch=2)
    labelled = truth[0] != 255
    torch.testing.assert_close(some[:, labelled], everywhere[:, labelled])
    assert (some[:, ~labelled] == 0).all()
    assert (everywhere[:, ~labelled] != 0).all()
    unknown = predict(None, labelled_only=True)
    torch.testing.assert_close(unknown, everywhere)
    nothing = predict(torch.full((1, 9, 7), 255), labelled_only=True)
    assert nothing.shape == everywhere.shape
    assert (nothing == 0).all()


@torch.no_grad()
def test_only_wanted_pixels_are_classified():
    model, images = make(), scene(batch=2)
    wanted = torch.zeros(2, 8, 7, dtype=torch.bool)  # a row less: padding
    wanted[0, 2:4, 1:6] = wanted[1, 7, 6] = True
    metas = [dict(ori_shape=(8, 7), wanted_pixels=x) for x in wanted]
    seen = []
    model.decode_head.register_forward_hook(lambda *x: seen.append(len(x[2])))
    found = model.encode_decode(images, metas)
    assert seen == [10, 1]
    every = model.encode_decode(images, [dict(ori_shape=(8, 7))] * 2)
    for got, expected, here in zip(found, every, wanted, strict=True):
        torch.testing.assert_close(
            got[:, :8][:, here], expected[:, :8][:, here]
        )
        assert (got[:, :8][:, ~here] == 0).all() and (got[:, 8] == 0).all()


def test_an_answer_depends_on_the_margin_and_on_nothing_else():
    model = make(window=7)
    assert model.margin == 3
    images = {m: x.requires_grad_() for m, x in scene((15, 14)).items()}
    answer = model.encode_decode(images, [dict(ori_shape=(15, 14))])
    answer[0, :, 7, 6].sum().backward()
    for image in images.values():
        rows, columns = (image.grad[0] != 0).any(0).nonzero().T
        assert (rows.min(), rows.max()) == (4, 10)
        assert (columns.min(), columns.max()) == (3, 9)


class LargestTensor(TorchDispatchMode):
    """Bytes of the largest tensor that any operation returns."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for x in torch.utils._pytree.tree_leaves(result):
            if isinstance(x, torch.Tensor):
                size = x.untyped_storage().nbytes()
                self.bytes = max(self.bytes, size)
        return result


@torch.no_grad()
def test_windows_of_a_scene_never_exist_all_at_once():
    bands, size = dict(hsi=60), (150, 240)
    model = make(
        bands,
        encoder='MiddlePixel',
        window=11,
        decode_head=dict(type='WindowHead', in_channels=60),
        neck=None,
        test_cfg=dict(batch=256),
    )
    images = scene(size, bands=bands)
    with LargestTensor() as largest:
        answer = model.encode_decode(images, [dict(ori_shape=size)])
    one = images['hsi'].permute(0, 2, 3, 1) @ (
        model.decode_head.conv_seg.weight[:, :, 0, 0].T
    )
    expected = one + model.decode_head.conv_seg.bias
    torch.testing.assert_close(
        answer.permute(0, 2, 3, 1), expected, rtol=0, atol=1e-4
    )
    windows = 4 * 60 * 11 * 11 * size[0] * size[1]
    assert windows > 1e9
    scene_bytes = 4 * 60 * (size[0] + 10) * (size[1] + 10)
    batch_bytes = 4 * 60 * 11 * 11 * 256
    assert largest.bytes <= max(scene_bytes, batch_bytes)


def test_window_view():
    image = torch.randn(3, 4, 6)
    view = window_view(image, 7)
    assert view.shape == (4, 6, 3, 7, 7)
    assert view.untyped_storage().nbytes() == 4 * 3 * 10 * 12
    torch.testing.assert_close(view[:, :, :, 3, 3].permute(2, 0, 1), image)
    padded = np.pad(image.numpy(), ((0, 0), (3, 3), (3, 3)), 'symmetric')
    torch.testing.assert_close(
        view[1, 5], torch.from_numpy(padded[:, 1:8, 5:12].copy())
    )
    # a margin that is larger than the image
    padded = np.pad(image.numpy(), ((0, 0), (9, 9), (9, 9)), 'symmetric')
    torch.testing.assert_close(
        window_view(image, 19)[3, 0],
        torch.from_numpy(padded[:, 3:22, 0:19].copy()),
    )


def test_misuse_is_refused():
    with pytest.raises(ValueError, match='window must be odd.*got 6'):
        make(window=6)
    with pytest.raises(ValueError, match='mode must be "whole"'):
        make(test_cfg=dict(mode='slide'))
    with pytest.raises(ValueError, match=r'windows of 5x5 pixels, got \(9, 7'):
        make().loss(scene(), [window_sample(0)])
    head = dict(
        type='ConvHead', kernel_size=1, in_channels=8, in_index=0
    ) | dict(loss_decode=dict(type='LandCoverCrossEntropyLoss'))
    model = make(window=7, decode_head=head)
    with pytest.raises(ValueError, match='expected one answer per window'):
        model.encode_decode(scene(), [dict(ori_shape=(9, 7))])
