"""Data and network of a run have one declaration."""

from types import SimpleNamespace

import pytest
from mmseg.registry import HOOKS

from multimodal_rs.datasets.modality import build_modalities

DECLARED = dict(opt=dict(bands=[0, 1]), sar=dict(bands=[0], mean=[1.0]))


def runner(modalities=DECLARED, classes=('a', 'b'), number=2):
    preprocessor = SimpleNamespace(
        modalities=build_modalities(DECLARED), num_classes=number
    )
    metainfo = dict(modalities=modalities, classes=classes)
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo))
    return SimpleNamespace(
        model=SimpleNamespace(data_preprocessor=preprocessor),
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        val_loop=None,
    )


HOOK = HOOKS.build(dict(type='DeclarationHook'))
MOMENTS = [HOOK.before_train, HOOK.before_val, HOOK.before_test]


@pytest.mark.parametrize('moment', MOMENTS)
def test_equal_declarations(moment):
    moment(runner())
    moment(runner(number=None))
    moment(runner(classes=None))


@pytest.mark.parametrize('moment', MOMENTS)
def test_other_classes(moment):
    with pytest.raises(ValueError, match="3 classes .*'c'.*num_classes=2"):
        moment(runner(classes=('a', 'b', 'c')))


@pytest.mark.parametrize('moment', MOMENTS)
def test_other_bands(moment):
    other = DECLARED | dict(sar=dict(bands=[0], mean=[2.0]))
    with pytest.raises(ValueError, match=r'mean of sar \[2.0\], .* \[1.0\]'):
        moment(runner(other))


def run_test(trained_on, **kwargs):
    """A test of what was loaded from a checkpoint."""
    hook = HOOKS.build(dict(type='DeclarationHook'))
    hook.trained_on = trained_on
    hook.before_test(runner(**kwargs))


def test_data_as_in_the_training():
    run_test(dict(modalities=DECLARED, classes=['a', 'b']))
    run_test(dict(modalities=DECLARED | dict(dem=dict(bands=[0]))))
    run_test(dict(classes=['red', 'green']))
    run_test({})


def test_data_unlike_the_training():
    other = DECLARED | dict(opt=dict(bands=[1, 0]))
    message = r'trained with bands of opt \[1, 0\], .* \[0, 1\]: use'
    with pytest.raises(ValueError, match=message):
        run_test(dict(modalities=other))
    fewer = dict(opt=DECLARED['opt'])
    message = r"modalities \['opt'\], .* declares \['opt', 'sar'\]: use"
    with pytest.raises(ValueError, match=message):
        run_test(dict(modalities=fewer))
    message = r"classes \['b', 'a'\], .* have \['a', 'b'\]: use"
    with pytest.raises(ValueError, match=message):
        run_test(dict(modalities=DECLARED, classes=['b', 'a']))
