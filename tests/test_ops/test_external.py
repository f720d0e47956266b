"""Adapters to CUDA extensions: when they run, and what they hand over.

The extensions are stood in for by modules that check the contract that the
extensions' C++ code enforces, and compute with the reference.
"""

import sys
from types import ModuleType

import pytest
import torch

from multimodal_rs.ops import causal_conv1d, cuda_extension, selective_scan
from multimodal_rs.ops.backends import mamba_ssm, reference, vmamba
from multimodal_rs.ops.routes import CROSS4
from scan_cases import (
    SCAN_NAMES,
    SS2D_NAMES,
    assert_close,
    doubled,
    exact_scan,
    exact_ss2d,
    on,
    results,
    scan_arguments,
    ss2d_arguments,
)

ADAPTERS = dict(mamba_ssm=mamba_ssm.BACKEND, vmamba=vmamba.BACKEND)
each_adapter = pytest.mark.parametrize(
    'adapter', ADAPTERS.values(), ids=ADAPTERS
)


class Extension(ModuleType):
    """Checks and types of both extensions."""

    def scan(self, u, delta, A, B, C, D, bias, softplus):
        self.check(u, delta, A, B, C, D, bias)
        inputs = (u, delta, A, B, C, D, bias, softplus)
        wide = (x.float() if torch.is_tensor(x) else x for x in inputs)
        y, _ = reference.BACKEND.selective_scan_forward(*wide, False)
        chunks = -(-u.shape[2] // 2048)
        x = torch.rand(*u.shape[:2], chunks, 2 * A.shape[1])
        self.x = x
        return y, x

    def gradients(self, u, delta, A, B, C, D, bias, dout, x, softplus):
        self.check(u, delta, A, B, C, D, bias)
        assert dout.stride(-1) == 1
        assert torch.equal(x, self.x) and x.is_contiguous()
        inputs = (u, delta, A, B, C, D, bias, softplus)
        wide = (t.float() if torch.is_tensor(t) else t for t in inputs)
        found = reference.BACKEND.selective_scan_backward(
            dout.float(), None, *wide
        )
        narrow = (u.dtype, u.dtype, None, B.dtype, C.dtype, None, None)
        return [
            g if d is None or g is None else g.to(d)
            for g, d in zip(found, narrow, strict=True)
        ]

    def check(self, u, delta, A, B, C, D, bias):
        self.dtype = u.dtype
        assert u.dtype in (torch.float32, torch.float16, torch.bfloat16)
        assert delta.dtype == B.dtype == C.dtype == u.dtype
        for x in (A, D, bias):
            assert x is None or x.dtype == torch.float32
        for x in (u, delta, B, C, D, bias):
            assert x is None or x.stride(-1) == 1 or x.shape[-1] == 1
        assert B.shape == C.shape
        assert B.shape[::2] == (len(u), A.shape[1])
        assert B.shape[3] == u.shape[2]


class MambaExtension(Extension):
    def fwd(self, u, delta, A, B, C, D, z, delta_bias, delta_softplus):
        assert z is None
        y, x = self.scan(u, delta, A, B, C, D, delta_bias, delta_softplus)
        return [y.to(u.dtype), x]

    def bwd(
        self,
        u,
        delta,
        A,
        B,
        C,
        D,
        z,
        delta_bias,
        dout,
        x,
        out,
        dz,
        delta_softplus,
        recompute_out_z,
    ):
        assert z is out is dz is None and recompute_out_z is False
        assert dout.dtype == u.dtype
        return self.gradients(
            u, delta, A, B, C, D, delta_bias, dout, x, delta_softplus
        )


class VMambaExtension(Extension):
    def fwd(
        self,
        u,
        delta,
        A,
        B,
        C,
        D,
        delta_bias,
        delta_softplus,
        nrows,
        out_float,
    ):
        assert nrows == 1 and out_float is True
        return list(
            self.scan(u, delta, A, B, C, D, delta_bias, delta_softplus)
        )

    def bwd(
        self,
        u,
        delta,
        A,
        B,
        C,
        D,
        delta_bias,
        dout,
        x,
        delta_softplus,
        nrows,
    ):
        assert nrows == 1
        assert dout.dtype in (u.dtype, torch.float32)
        return self.gradients(
            u, delta, A, B, C, D, delta_bias, dout, x, delta_softplus
        )


@pytest.fixture
def extension(monkeypatch, adapter):
    kind = MambaExtension if adapter is mamba_ssm.BACKEND else VMambaExtension
    module = kind(adapter.extension)
    monkeypatch.setitem(sys.modules, adapter.extension, module)
    return module


def call(adapter, arguments, softplus=True):
    """Forward and backward of an adapter, as the operator calls them."""
    inputs = [arguments[n] for n in SCAN_NAMES] + [softplus]
    y, saved = adapter.selective_scan_forward(*inputs, True)
    u, _, A, B = inputs[:4]
    assert saved.dim() == 1
    assert saved.numel() == adapter.selective_scan_saved(u, A, B)
    dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    gradients = adapter.selective_scan_backward(dy, saved, *inputs)
    named = zip((f'd{n}' for n in SCAN_NAMES), gradients, strict=True)
    return dict(y=y, **{k: g for k, g in named if g is not None})


@each_adapter
@pytest.mark.parametrize('length', [9, 2049])
def test_arguments_and_results(adapter, extension, length):
    arguments = scan_arguments(1, 2, 3, 4, length)
    tolerance = 2e-6 if length < 100 else 1e-5
    assert_close(call(adapter, arguments), exact_scan(arguments), tolerance)


@each_adapter
def test_optional_arguments(adapter, extension):
    arguments = scan_arguments(2, 1, 3, 4, 9)
    arguments.update(D=None, delta_bias=None, delta=arguments['delta'] * 0.1)
    found = call(adapter, arguments, softplus=False)
    exact = exact_scan(dict(arguments, delta_softplus=False))
    assert_close(found, exact)


@each_adapter
def test_strides(adapter, extension):
    arguments = scan_arguments(2, 2, 3, 4, 9)
    strided = {
        k: v.transpose(0, -1).contiguous().transpose(0, -1)
        for k, v in arguments.items()
        if v.dim() > 1
    }
    assert strided['B'].stride(-1) != 1
    found = call(adapter, dict(arguments, **strided))
    assert_close(found, exact_scan(arguments))


@each_adapter
def test_16_bit_arguments(adapter, extension):
    arguments = scan_arguments(2, 2, 3, 4, 9)
    for name in ('u', 'delta', 'B', 'C'):
        arguments[name] = arguments[name].bfloat16()
    found = call(adapter, arguments)
    assert found['y'].dtype == torch.float32
    # Only VMamba's extension returns float32 for them.
    narrow = adapter is vmamba.BACKEND
    assert extension.dtype == (torch.bfloat16 if narrow else torch.float32)
    assert_close(found, exact_scan(arguments), 4e-3 if narrow else 2e-6)


@each_adapter
def test_mixed_types_become_float32(adapter, extension):
    arguments = scan_arguments(2, 2, 3, 4, 9)
    arguments['u'] = arguments['u'].half()
    assert_close(call(adapter, arguments), exact_scan(arguments))
    assert extension.dtype == torch.float32


@each_adapter
def test_ss2d(adapter, extension):
    arguments = ss2d_arguments(1, 2, (3, 2), 5, 4, 2, CROSS4)
    inputs = [arguments[n] for n in SS2D_NAMES]
    y, saved = adapter.ss2d_forward(*inputs, CROSS4, True)
    assert saved.numel() == adapter.ss2d_saved(inputs[0], inputs[2], inputs[4])
    dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    gradients = adapter.ss2d_backward(dy, saved, *inputs, CROSS4)
    named = zip((f'd{n}' for n in SS2D_NAMES), gradients, strict=True)
    assert_close(dict(y=y, **dict(named)), exact_ss2d(arguments))


MODULES = dict(ADAPTERS, causal_conv1d=causal_conv1d)
each_module = pytest.mark.parametrize('module', MODULES.values(), ids=MODULES)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cuda_extension.reason_against.cache_clear()
    yield
    cuda_extension.reason_against.cache_clear()


def extension_name(module):
    return getattr(module, 'extension', 'causal_conv1d_cuda')


@each_module
def test_extension_is_missing(monkeypatch, module):
    monkeypatch.setattr(cuda_extension, 'find_spec', lambda name: None)
    text = module.unavailable()
    assert f'{extension_name(module)} is not installed' in text
    assert 'pip install --no-build-isolation' in text


@pytest.mark.parametrize('module', [mamba_ssm.BACKEND, causal_conv1d])
def test_package_without_its_extension(monkeypatch, module):
    name = extension_name(module)
    monkeypatch.setattr(
        cuda_extension, 'find_spec', lambda n: None if n == name else True
    )
    assert f'is installed without {name}: ' in module.unavailable()


@each_module
def test_extension_without_a_device(monkeypatch, module):
    monkeypatch.setattr(cuda_extension, 'find_spec', lambda name: True)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert 'there is no CUDA device' in module.unavailable()


@each_module
def test_extension_of_another_torch(monkeypatch, tmp_path, module):
    name = extension_name(module)
    (tmp_path / f'{name}.py').write_text(
        'raise ImportError("undefined symbol: _ZN3c10")'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    assert 'does not load (undefined symbol: _ZN3c10)' in module.unavailable()


@each_module
def test_extension_is_there(monkeypatch, module):
    monkeypatch.setattr(cuda_extension, 'find_spec', lambda name: True)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    name = extension_name(module)
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    assert module.unavailable() is None


@each_adapter
def test_tensors_that_do_not_fit(adapter):
    assert 'a tensor is on cpu' in adapter.unsuitable([torch.zeros(1)])


@pytest.mark.gpu
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('length', [1, 100, 3000])
@each_adapter
def test_extension_itself(adapter, length, dtype):
    name = next(n for n, a in ADAPTERS.items() if a is adapter)
    if adapter.unavailable() is not None:
        pytest.skip(adapter.unavailable())
    arguments = scan_arguments(2, 4, 16, 16, length)
    for key in ('u', 'delta', 'B', 'C'):
        arguments[key] = arguments[key].to(dtype)
    found = results(selective_scan, on(name, arguments))
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    assert_close(found, exact_scan(doubled(arguments)), tolerance)
