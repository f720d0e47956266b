import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

BANDS = dict(opt=3, sar=2, dem=1, hsi=7)
LOSS = dict(type='CrossEntropyLoss', avg_non_ignore=True)


def declare(names):
    return {
        m: dict(bands=list(range(BANDS[m])), mean=[1.0] * BANDS[m])
        for m in names
    }


def config(names=('opt', 'sar'), heads=True, **changes):
    head = dict(
        type='ConvHead',
        in_channels=8,
        in_index=0,
        num_classes=4,
        loss_decode=LOSS,
    )
    branches = {
        m: dict(
            type='ResNet',
            depth=18,
            in_channels=BANDS[m],
            base_channels=8,
            norm_cfg=dict(type='BN'),
        )
        for m in names
    }
    return (
        dict(
            type='MultiModalEncoderDecoder',
            data_preprocessor=dict(
                type='MultiModalSegDataPreProcessor', modalities=declare(names)
            ),
            backbone=dict(type='ParallelBackbones', branches=branches),
            neck=dict(type='SumFusionNeck', modalities=names, in_index=(0,)),
            decode_head=head,
            modality_heads={m: head for m in names} if heads else None,
            test_cfg=dict(mode='whole'),
        )
        | changes
    )


def images(names=('opt', 'sar'), batch=2, size=(32, 48)):
    return {m: torch.randn(batch, BANDS[m], *size) for m in names}


def samples(batch=2, size=(32, 48), present=None):
    result = []
    for i in range(batch):
        sample = SegDataSample(
            gt_sem_seg=PixelData(data=torch.randint(0, 4, (1, *size)))
        )
        sample.set_metainfo(dict(ori_shape=size, img_shape=size))
        if present is not None:
            sample.set_metainfo(dict(present_modalities=present[i]))
        result.append(sample)
    return result


@pytest.mark.parametrize(
    'names',
    [('opt',), ('opt', 'sar'), ('opt', 'sar', 'dem'), tuple(BANDS)],
)
def test_losses_and_gradients_for_any_number_of_modalities(names):
    model = MODELS.build(config(names))
    losses = model.loss(images(names), samples())
    expected = {'decode.loss_ce', *(f'{m}.loss_ce' for m in names)}
    assert {k for k in losses if 'loss' in k} == expected
    sum(losses[k] for k in expected).backward()
    for name, parameter in model.named_parameters():
        if '.layer' in name:  # only level 0 (layer1) is used here
            continue
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_fused_head_answers_when_all_is_there():
    model = MODELS.build(config()).eval()
    inputs = images()
    logits = model.encode_decode(inputs, [{}])
    assert logits.shape == (2, 4, 32, 48)
    expected = model._logits(
        model.decode_head, model.extract_feat(inputs), (32, 48)
    )
    torch.testing.assert_close(logits, expected)


def test_own_head_answers_when_it_is_alone():
    model = MODELS.build(config()).eval()
    inputs = images()
    heads = model.predict_modalities(inputs)
    for name in ('opt', 'sar'):
        by_keys = model.encode_decode({name: inputs[name]}, [{}])
        by_meta = model.encode_decode(
            inputs, [dict(present_modalities=(name,))] * 2
        )
        torch.testing.assert_close(by_keys, heads[name])
        torch.testing.assert_close(by_meta, heads[name])


def test_own_head_does_not_read_the_missing_modality():
    model = MODELS.build(config()).eval()
    inputs = images()
    metas = [dict(present_modalities=('sar',))] * 2
    before = model.encode_decode(inputs, metas)
    inputs['opt'] = torch.full_like(inputs['opt'], torch.nan)
    torch.testing.assert_close(model.encode_decode(inputs, metas), before)


def test_two_of_three_heads_average_their_probabilities():
    model = MODELS.build(config(('opt', 'sar', 'dem'))).eval()
    inputs = images(('opt', 'dem'))
    heads = model.predict_modalities(inputs)
    expected = (heads['opt'].softmax(1) + heads['dem'].softmax(1)) / 2
    logits = model.encode_decode(inputs, [{}])
    torch.testing.assert_close(logits.softmax(1), expected)


def test_without_heads_the_missing_modality_is_the_black_image():
    model = MODELS.build(config(heads=False)).eval()
    inputs = images()
    black = torch.full_like(inputs['sar'], -1.0)  # (0 - mean 1) / std 1
    expected = model.encode_decode(dict(opt=inputs['opt'], sar=black), [{}])
    logits = model.encode_decode(dict(opt=inputs['opt']), [{}])
    torch.testing.assert_close(logits, expected)


def test_mixed_batch_equals_its_samples_one_by_one():
    model = MODELS.build(config()).eval()
    inputs = images(batch=3)
    metas = [
        dict(present_modalities=p)
        for p in (('sar',), ('opt', 'sar'), ('opt',))
    ]
    together = model.encode_decode(inputs, metas)
    for i, meta in enumerate(metas):
        alone = model.encode_decode(
            {m: x[i : i + 1] for m, x in inputs.items()}, [meta]
        )
        torch.testing.assert_close(
            together[i : i + 1], alone, rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize('ignore_index', [255, 0])
def test_absent_modality_gives_its_head_no_loss_but_a_gradient_path(
    ignore_index,
):
    model = MODELS.build(config())
    for head in model.modality_heads.values():
        head.ignore_index = ignore_index
    present = [('opt',), ('opt',)]
    losses = model.loss(images(), samples(present=present))
    assert losses['sar.loss_ce'].item() == 0
    assert losses['opt.loss_ce'].item() > 0
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert model.modality_heads['sar'].conv_seg.weight.grad is not None


def test_labels_of_present_samples_are_kept():
    model = MODELS.build(config()).eval()
    data = samples(present=[('opt',), ('opt', 'sar')])
    inputs = images()
    loss = model.loss(inputs, data)['sar.loss_ce']
    alone = model.loss({m: x[1:] for m, x in inputs.items()}, data[1:])
    torch.testing.assert_close(loss, alone['sar.loss_ce'])
    assert (data[0].gt_sem_seg.data != 255).all()  # the sample is untouched


def test_slide_covers_and_averages():
    model = MODELS.build(config()).eval()
    inputs = images(size=(40, 56))
    whole = model.inference(inputs, [dict(ori_shape=(40, 56))] * 2)
    model.test_cfg = dict(mode='slide', crop_size=(64, 64), stride=(32, 32))
    one = model.slide_inference(inputs, [{}])
    torch.testing.assert_close(one, whole)
    model.test_cfg['crop_size'] = (32, 32)
    model.test_cfg['stride'] = (16, 16)
    logits = model.slide_inference(inputs, [{}])
    assert logits.shape == whole.shape
    corner = {m: x[..., :32, :32] for m, x in inputs.items()}
    torch.testing.assert_close(
        logits[..., 0, 0], model.encode_decode(corner, [{}])[..., 0, 0]
    )


def test_predict_with_and_without_samples():
    model = MODELS.build(config()).eval()
    inputs = images()
    data = samples()
    with_samples = model.predict(inputs, data)
    without = model.predict(inputs)
    for a, b in zip(with_samples, without, strict=True):
        assert a.pred_sem_seg.shape == (32, 48)
        assert torch.equal(a.pred_sem_seg.data, b.pred_sem_seg.data)


def test_padding_is_cut_off_the_prediction():
    cfg = config()
    cfg['data_preprocessor']['size_divisor'] = 32
    model = MODELS.build(cfg).eval()
    size = (40, 50)
    raw = {m: list(x) for m, x in images(size=size).items()}
    result = model.test_step(dict(inputs=raw, data_samples=samples(size=size)))
    for sample in result:
        assert sample.pred_sem_seg.shape == size
        assert sample.gt_sem_seg.shape == size


def test_a_network_may_read_fewer_modalities_than_the_data_has():
    both = dict(
        type='MultiModalSegDataPreProcessor',
        modalities=declare(('opt', 'sar')),
    )
    cfg = config(('opt',), heads=False, data_preprocessor=both)
    model = MODELS.build(cfg).eval()
    inputs = images()
    torch.testing.assert_close(
        model.encode_decode(inputs, [{}]),
        model.encode_decode(dict(opt=inputs['opt']), [{}]),
    )
    with pytest.raises(ValueError, match="sample 0 .*has .*'sar'"):
        model.encode_decode(
            inputs, [dict(present_modalities=('sar',), sample_id='t1')] * 2
        )


def test_unknown_modalities_are_named():
    model = MODELS.build(config())
    with pytest.raises(KeyError, match=r"unknown modality \['lidar'\]"):
        model.encode_decode(dict(lidar=torch.zeros(1, 1, 32, 32)), [{}])
    with pytest.raises(KeyError, match=r"modality_heads for \['dem'\]"):
        head = config()['decode_head']
        MODELS.build(config(modality_heads=dict(dem=head)))
    only_opt = dict(
        type='MultiModalSegDataPreProcessor', modalities=declare(('opt',))
    )
    with pytest.raises(KeyError, match=r"reads \['sar'\]"):
        MODELS.build(config(data_preprocessor=only_opt))


def test_several_pyramids_need_a_neck():
    model = MODELS.build(config(neck=None))
    with pytest.raises(ValueError, match='set `neck`'):
        model.extract_feat(images())


def test_one_output_for_two_classes_is_refused():
    head = dict(config()['decode_head'], num_classes=2, out_channels=1)
    with pytest.raises(ValueError, match='an output per class'):
        MODELS.build(config(decode_head=head))


def test_a_branch_for_another_number_of_bands_is_named():
    model = MODELS.build(config())
    inputs = images()
    inputs['sar'] = inputs['sar'][:, :1]
    with pytest.raises(ValueError, match='sar has 1 bands, its branch reads'):
        model.extract_feat(inputs)
