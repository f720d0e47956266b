"""The scans inside of torch's machinery: one node, whatever runs."""

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from multimodal_rs.ops import operators, selective_scan, ss2d
from multimodal_rs.ops.routes import CROSS4
from scan_cases import (
    assert_close,
    exact_scan,
    exact_ss2d,
    on,
    results,
    runnable_backends,
    scan_arguments,
    ss2d_arguments,
)

each_backend = pytest.mark.parametrize('backend', runnable_backends())
# The reference is a loop outside of the operator, which would be unrolled.
each_operator = pytest.mark.parametrize(
    'backend', [b for b in runnable_backends() if b != 'reference']
)
needs_operators = pytest.mark.skipif(
    not hasattr(torch.library, 'custom_op'),
    reason='custom operators came with torch 2.4',
)


@pytest.fixture(autouse=True)
def _no_old_graphs():
    torch._dynamo.reset()


def small_scan():
    return scan_arguments(1, 2, 3, 4, 9)


def small_ss2d():
    return ss2d_arguments(1, 1, (2, 3), 3, 2, 1, CROSS4)


CASES = pytest.mark.parametrize(
    ('operator', 'make', 'exact'),
    [
        (selective_scan, small_scan, exact_scan),
        (ss2d, small_ss2d, exact_ss2d),
    ],
    ids=['selective_scan', 'ss2d'],
)


@needs_operators
@each_operator
@CASES
def test_compiles_as_a_whole(backend, operator, make, exact):
    arguments = make()
    compiled = torch.compile(operator, backend='aot_eager', fullgraph=True)
    found = results(compiled, on(backend, arguments))
    assert_close(found, exact(arguments))


@needs_operators
def test_compiled_with_other_lengths():
    compiled = torch.compile(
        selective_scan, backend='aot_eager', fullgraph=True, dynamic=True
    )
    for length in (5, 17, 700):
        arguments = scan_arguments(1, 1, 4, 3, length)
        found = results(compiled, on('torch', arguments))
        expected = results(selective_scan, on('torch', arguments))
        assert_close(found, expected)


@each_backend
@CASES
def test_checkpointing(backend, operator, make, exact):
    arguments = make()

    def recomputed(**parts):
        return checkpoint(operator, use_reentrant=False, **parts)

    assert_close(results(recomputed, on(backend, arguments)), exact(arguments))


@needs_operators
@pytest.mark.parametrize('keep', [False, True])
@each_backend
def test_scan_obeys_the_rules_for_operators(backend, keep):
    arguments = on(backend, small_scan())
    del arguments['backend']
    tensors = [x.requires_grad_(keep) for x in arguments.values()]
    torch.library.opcheck(
        torch.ops.multimodal_rs.selective_scan.default,
        (*tensors, True, backend, keep),
    )


@needs_operators
@pytest.mark.parametrize('keep', [False, True])
@each_backend
def test_ss2d_obeys_the_rules_for_operators(backend, keep):
    arguments = on(backend, small_ss2d())
    del arguments['backend']
    tensors = [x.requires_grad_(keep) for x in arguments.values()]
    torch.library.opcheck(
        torch.ops.multimodal_rs.ss2d.default,
        (*tensors, operators.flatten(CROSS4), backend, keep),
    )


@needs_operators
@CASES
def test_fake_tensors_have_the_right_shape(operator, make, exact):
    arguments = make()
    expected = operator(**arguments)
    with torch._subclasses.FakeTensorMode() as mode:
        fake = {k: mode.from_tensor(v) for k, v in arguments.items()}
        y = operator(**fake)
    assert y.shape == expected.shape
    assert y.dtype == expected.dtype
    assert y.stride() == expected.stride()


@each_backend
@CASES
def test_autograd_function_of_older_torch(
    monkeypatch, backend, operator, make, exact
):
    """Before torch 2.4 the operators are autograd functions."""
    monkeypatch.delattr(torch.library, 'custom_op', raising=False)
    name = operator.__name__
    kind = dict(selective_scan='scan', ss2d='ss2d')[name]
    functions = [
        getattr(operators, f'_{kind}_{part}')
        for part in ('forward', 'forward_fake', 'backward', 'backward_fake')
    ]
    tensors = dict(selective_scan=7, ss2d=6)[name]
    function = operators._Operator(name, functions, tensors, 2)
    arguments = make()
    rest = dict(
        selective_scan=(True, backend, True),
        ss2d=(operators.flatten(CROSS4), backend, True),
    )[name]

    def scan(**parts):
        return function(*parts.values(), *rest)[0]

    moved = on(backend, arguments)
    del moved['backend']
    assert_close(results(scan, moved), exact(arguments))
