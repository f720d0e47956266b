import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

MODALITIES = dict(
    opt=dict(bands=[0, 1], mean=[1.0, 2.0], std=[2.0, 4.0]),
    sar=dict(bands=[0], mean=[-10.0], std=[5.0]),
)


def build(**changes):
    return MODELS.build(
        dict(type='MultiModalSegDataPreProcessor', modalities=MODALITIES)
        | changes
    )


def sample(size=(4, 6), present=('opt', 'sar')):
    label = torch.zeros(1, *size, dtype=torch.long)
    data = SegDataSample(gt_sem_seg=PixelData(data=label))
    data.set_metainfo(dict(present_modalities=present))
    return data


def batch(*pairs):
    return dict(
        inputs=dict(
            opt=[torch.ones(2, *size) for size, _ in pairs],
            sar=[torch.zeros(1, *size) for size, _ in pairs],
        ),
        data_samples=[sample(size, present) for size, present in pairs],
    )


ALL = ('opt', 'sar')


def test_normalises_every_band():
    out = build()(batch(((4, 6), ALL)))['inputs']
    assert out['opt'][0, :, 0, 0].tolist() == [0.0, -0.25]
    assert out['sar'][0, 0, 0, 0].item() == 2.0


def test_invalid_pixels_become_zero_after_normalisation():
    data = batch(((4, 6), ALL))
    data['inputs']['sar'][0][:, 1, 2] = torch.nan
    out = build()(data)['inputs']['sar'][0, 0]
    assert out[1, 2] == 0
    assert (out == 2).sum() == 23


@pytest.mark.parametrize(
    'missing, expected',
    [('mean', [0.0, 0.0]), (dict(opt=[3, 4]), [1.0, 0.5])],
)
def test_what_stands_for_an_absent_modality(missing, expected):
    data = batch(((4, 6), ALL), ((4, 6), ('sar',)), ((4, 6), ('opt',)))
    data['inputs']['opt'][1][:] = torch.nan
    preprocessor = build(missing=missing)
    out = preprocessor(data)['inputs']
    assert out['opt'][1, :, 0, 0].tolist() == expected
    assert out['opt'][0, :, 0, 0].tolist() == [0.0, -0.25]
    assert out['sar'][2].unique().tolist() == [
        0.0 if missing == 'mean' else 2.0
    ]
    image = preprocessor.missing_image('opt', out['opt'])
    torch.testing.assert_close(image[:1], out['opt'][1:2])
    assert preprocessor.state_dict() == {}


def test_what_cannot_stand_for_one():
    plain = dict(opt=MODALITIES['opt'], sar=dict(bands=[0]))
    with pytest.raises(ValueError, match=r"\['sar'\] declare no mean"):
        build(missing='mean', modalities=plain)
    with pytest.raises(ValueError, match='opt has 2 bands, got 1 values'):
        build(missing=dict(opt=[1]))
    with pytest.raises(KeyError, match=r"\['dem'\] are not declared"):
        build(missing=dict(dem=[1]))
    with pytest.raises(ValueError, match="missing='grey': expected 'black'"):
        build(missing='grey')


def test_absent_modality_becomes_the_normalised_black_image():
    data = batch(((4, 6), ALL), ((4, 6), ('sar',)))
    data['inputs']['opt'][1][:] = torch.nan
    preprocessor = build()
    out = preprocessor(data)['inputs']['opt']
    assert out[1, :, 0, 0].tolist() == [-0.5, -0.5]  # (0 - mean) / std
    assert out[0, :, 0, 0].tolist() == [0.0, -0.25]
    black = preprocessor.missing_image('opt', out)
    torch.testing.assert_close(black[1], out[1])


def test_pads_images_with_zero_and_labels_with_255():
    out = build(size_divisor=4)(batch(((4, 6), ALL), ((3, 5), ALL)), True)
    assert out['inputs']['opt'].shape == (2, 2, 4, 8)
    assert (out['inputs']['opt'][1, :, 3:] == 0).all()
    assert (out['inputs']['opt'][1, :, :, 5:] == 0).all()
    label = out['data_samples'][1].gt_sem_seg.data
    assert label.shape == (1, 4, 8)
    assert (label[:, 3:] == 255).all() and (label[:, :, 5:] == 255).all()
    assert (label[:, :3, :5] == 0).all()
    assert out['data_samples'][1].img_padding_size == (0, 3, 0, 1)


def test_labels_keep_their_size_in_testing():
    out = build(size_divisor=4)(batch(((4, 6), ALL)))
    assert out['inputs']['opt'].shape == (1, 2, 4, 8)
    assert out['data_samples'][0].gt_sem_seg.data.shape == (1, 4, 6)
    assert out['data_samples'][0].img_padding_size == (0, 2, 0, 0)


def test_works_without_samples_and_on_a_subset():
    out = build()(dict(inputs=dict(sar=[torch.zeros(1, 4, 4)])))
    assert list(out['inputs']) == ['sar']
    assert out['data_samples'] is None


def test_statistics_are_not_in_the_checkpoint():
    assert not build().state_dict()


def test_wrong_band_count_is_named():
    with pytest.raises(ValueError, match=r'sar must have 1 bands.*got \[3\]'):
        build()(dict(inputs=dict(sar=[torch.zeros(3, 4, 4)])))


def test_unknown_modality_is_named():
    with pytest.raises(KeyError, match=r"unknown modality \['dem'\]"):
        build()(dict(inputs=dict(dem=[torch.zeros(1, 4, 4)])))


def varied(training: bool, **changes) -> dict[str, torch.Tensor]:
    """Normalise a batch of random images, one without its optical image."""
    torch.manual_seed(0)
    data = batch(((4, 6), ALL), ((4, 6), ALL), ((4, 6), ('sar',)))
    for images in data['inputs'].values():
        for image in images:
            image.copy_(torch.randn(image.shape))
    data['inputs']['sar'][0][:, 1, 2] = torch.nan
    return build(**changes)(data, training)['inputs']


def test_jitter_is_for_training_alone():
    plain = varied(training=True)
    for name, values in varied(training=False, jitter=0.5).items():
        assert torch.equal(values, plain[name])
    changed = varied(training=True, jitter=0.5)
    assert not torch.equal(changed['opt'], plain['opt'])


def test_jitter_is_a_gain_and_an_offset_of_every_band_and_sample():
    plain = varied(training=True)['opt'][:2].flatten(2)
    changed = varied(training=True, jitter=1.0)['opt'][:2].flatten(2)
    steps = changed.diff(dim=2) / plain.diff(dim=2)
    gains = steps.mean(2)
    torch.testing.assert_close(steps, gains[..., None].expand_as(steps))
    assert gains[0, 0] != gains[0, 1]
    assert not torch.equal(gains[0], gains[1])
    assert (gains > 0.5 * 0.75).all() and (gains < 1.5 * 1.25).all()


def test_jitter_leaves_what_is_not_there():
    changed = varied(training=True, jitter=1.0)
    assert changed['sar'][0, 0, 1, 2] == 0
    assert changed['opt'][2, :, 0, 0].tolist() == [-0.5, -0.5]  # black


def test_jitter_out_of_range_is_refused():
    with pytest.raises(ValueError, match='within 0 and 1, got 1.5'):
        build(jitter=1.5)
