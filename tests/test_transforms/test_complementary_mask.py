"""What is hidden of which modality."""

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from helpers import parity_arrays
from multimodal_rs.transforms.complementary_mask import ComplementaryMask
from multimodal_rs.utils.masks import MASK_STRIDE

CHANNELS = dict(opt=4, sar=2, dem=1, ndvi=1)


def sample(size=256, modalities=('opt', 'sar'), present=None, name='a'):
    height, width = (size, size) if isinstance(size, int) else size
    meta = dict(sample_id=name, present_modalities=present or modalities)
    return dict(
        inputs={m: torch.rand(CHANNELS[m], height, width) for m in modalities},
        data_samples=SegDataSample(metainfo=meta),
    )


def draw(transform, **kwargs):
    packed = transform(sample(**kwargs))['data_samples']
    return dict(sorted(packed.hidden.items()))  # stored in a set


def test_authors_draws():
    fixture = parity_arrays('cmss_loss')
    complementary = ComplementaryMask(ratio=0.5)
    np.random.seed(42)
    for name, second in (('_mask1', ''), ('_mask1', '_second')):
        masks = draw(complementary)
        expected = fixture[f'out_gen_comp{name}{second}']
        assert torch.equal(masks['opt'], expected)
        assert torch.equal(masks['sar'], 1 - expected)
    np.random.seed(42)
    masks = draw(ComplementaryMask(strategy='independent', ratio=0.5))
    assert torch.equal(masks['opt'], fixture['out_gen_indiv_mask1'])
    assert torch.equal(masks['sar'], fixture['out_gen_indiv_mask2'])
    np.random.seed(42)
    masks = draw(ComplementaryMask(ratio=0.6))
    assert torch.equal(masks['opt'], fixture['out_gen_comp06_mask1'])


def test_half_is_hidden_without_a_ratio():
    np.random.seed(42)
    expected = parity_arrays('cmss_loss')['out_gen_comp_mask1']
    assert torch.equal(draw(ComplementaryMask())['opt'], expected)


@pytest.mark.parametrize('size', [256, (100, 70), (33, 130)])
@pytest.mark.parametrize('number', [2, 3, 4])
def test_every_place_is_visible_exactly_once(size, number):
    names = tuple(CHANNELS)[:number]
    masks = draw(ComplementaryMask(), size=size, modalities=names)
    assert set(masks) == set(names)
    visible = sum(1 - mask for mask in masks.values())
    height, width = (size, size) if isinstance(size, int) else size
    grid = (1, -(-height // MASK_STRIDE), -(-width // MASK_STRIDE))
    assert torch.equal(visible, torch.ones(grid))


def test_an_image_with_fewer_cells_than_modalities_is_refused():
    with pytest.raises(ValueError, match='1 cells of 32 pixels for 2 modal'):
        draw(ComplementaryMask(), size=32)
    masks = draw(ComplementaryMask(cell=16), size=32)
    assert all(0 < mask.mean() < 1 for mask in masks.values())


def test_many_modalities_share_equally():
    names = ('opt', 'sar', 'dem')
    masks = draw(ComplementaryMask(), size=384, modalities=names)
    counts = [int((1 - mask).sum()) for mask in masks.values()]
    assert counts == [48 * 64] * 3  # 144 cells of 8 x 8 tokens


@pytest.mark.parametrize('strategy', ['complementary', 'independent'])
def test_cells_are_whole_and_change_with_every_draw(strategy):
    transform = ComplementaryMask(strategy=strategy, ratio=0.25, cell=16)
    first, second = (draw(transform, size=(64, 128)) for _ in range(2))
    assert not torch.equal(first['opt'], second['opt'])
    cells = first['opt'].reshape(4, 4, 8, 4).transpose(1, 2).flatten(2)
    assert (cells == cells[..., :1]).all()
    assert cells[..., 0].sum() == 8  # a quarter of 32 cells


def test_independent_masks_overlap():
    masks = draw(ComplementaryMask(strategy='independent', ratio=0.5))
    both = masks['opt'] * masks['sar']
    assert 0 < both.sum() < masks['opt'].sum()


def test_one_modality_alone():
    masks = draw(
        ComplementaryMask(strategy='independent', ratio=0.5),
        modalities=('sar',),
    )
    assert masks['sar'].mean() == 0.5
    for arguments in (dict(), dict(strategy='independent')):
        with pytest.raises(ValueError, match='sar alone has no complement'):
            draw(ComplementaryMask(**arguments), modalities=('sar',))


def test_fixed_masks_belong_to_the_tile():
    transform = ComplementaryMask(seed=0)
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    first = draw(transform, name='a')['opt']
    assert (np.random.get_state()[1] == state).all()
    np.random.seed(2)
    assert torch.equal(draw(transform, name='a')['opt'], first)
    assert not torch.equal(draw(transform, name='b')['opt'], first)
    other = draw(ComplementaryMask(seed=1), name='a')['opt']
    assert not torch.equal(other, first)


def test_invalid_and_absent_are_recorded():
    packed = sample(size=64, present=('opt',))
    packed['inputs']['opt'][1, 3, 5] = torch.nan
    packed['inputs']['sar'][:] = torch.nan
    fields = ComplementaryMask()(packed)['data_samples']
    assert fields.hidden.sar.all()
    assert 0 < fields.hidden.opt.sum() < fields.hidden.opt.numel()
    assert not fields.valid.sar.any()
    assert (~fields.valid.opt).nonzero().tolist() == [[0, 3, 5]]


def test_modalities_that_the_network_reads():
    masks = draw(
        ComplementaryMask(modalities=('sar', 'opt')),
        modalities=('opt', 'sar', 'dem'),
    )
    assert set(masks) == {'sar', 'opt'}
    with pytest.raises(KeyError, match=r"unknown modality \['dem'\]"):
        draw(ComplementaryMask(modalities=('opt', 'dem')))


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(strategy='random'), 'strategy must be one of'),
        (dict(ratio=0.0), 'between 0 and 1, got 0.0'),
        (dict(ratio=1.0), 'between 0 and 1, got 1.0'),
        (dict(cell=30), 'multiple of 4 pixels, got 30'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ComplementaryMask(**arguments)
