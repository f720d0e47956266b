"""What several tests need."""

import contextlib
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

PARITY = Path(__file__).parent / 'data' / 'parity'
ROOT = Path(__file__).parent.parent


def random_pyramid(
    channels, size=32, batch=2, strides=None
) -> tuple[Tensor, ...]:
    """Random maps (B, C_i, H_i, W_i) that require gradients."""
    height, width = (size, size) if isinstance(size, int) else size
    strides = strides or [2**i for i in range(len(channels))]
    return tuple(
        torch.randn(
            batch, c, -(-height // s), -(-width // s), requires_grad=True
        )
        for c, s in zip(channels, strides, strict=True)
    )


def assert_gradients_reach(outputs, module: nn.Module, inputs) -> None:
    """Every parameter and every input map gets a finite gradient, not 0.

    Args:
        outputs: Tensor or (nested) sequence of tensors.
        module: Its parameters are checked.
        inputs: Tensors, sequences or dicts of leaves.
    """
    weights = [torch.randn_like(y) for y in _tensors(outputs)]
    torch.autograd.backward(list(_tensors(outputs)), weights)
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, f'no gradient for {name}'
        assert parameter.grad.isfinite().all(), f'gradient of {name}'
        assert parameter.grad.abs().sum() > 0, f'zero gradient of {name}'
    for i, x in enumerate(_tensors(inputs)):
        if x.is_leaf and x.requires_grad:
            assert x.grad is not None, f'no gradient for input {i}'
            assert x.grad.abs().sum() > 0, f'zero gradient of input {i}'


def contents(root: Path) -> dict[Path, tuple[bytes, int]]:
    """Return bytes and time of the last change of every file."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob('*')
        if path.is_file()
    }


def undated(content: bytes) -> bytes:
    """Leave out of a ``stats.json`` when its numbers were measured."""
    return re.sub(rb' *"measured": \d+,\n', b'', content)


def author_state(name: str, without: str | None = None) -> dict[str, Tensor]:
    """Generate the weights of a parity fixture (rule crc32-v1).

    Args:
        name: Of the fixture.
        without: Part of the keys that are left out.
    """
    keys = json.loads((PARITY / name / 'keys.json').read_text())
    return {
        key: _crc32_tensor(key, tuple(spec['shape']), spec['dtype'])
        for key, spec in keys['state_dict'].items()
        if without is None or without not in key
    }


def parity_arrays(name: str) -> dict[str, Tensor]:
    """Load inputs (``in_*``) and outputs (``out_*``) of a fixture."""
    arrays = np.load(PARITY / name / 'io.npz')
    return {k: torch.from_numpy(arrays[k]) for k in arrays.files}


def assert_parity(ours: Tensor, theirs: Tensor, tolerance=1e-4) -> None:
    """Largest error at most ``tolerance`` of the reference's scale."""
    assert ours.shape == theirs.shape
    error = (ours - theirs).abs().max() / theirs.abs().max()
    assert error <= tolerance, f'relative error {error:.2e}'


def _crc32_tensor(key: str, shape: tuple, dtype: str) -> Tensor:
    if not dtype.startswith('float'):
        return torch.zeros(shape, dtype=getattr(torch, dtype))
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))
    base = generator.standard_normal(shape).astype(np.float32)
    if 'A_log' in key:  # deterministic in the authors' code
        array = np.broadcast_to(np.log(np.arange(1, shape[-1] + 1)), shape)
    elif key.endswith('running_var'):
        array = 0.5 + np.abs(base) * 0.5
    elif key.endswith('running_mean'):
        array = 0.1 * base
    elif key.endswith('weight') and base.ndim == 1:
        array = 1 + 0.1 * base
    elif key.endswith('bias') or base.ndim <= 1:
        array = 0.1 * base
    else:
        fan_in = max(int(np.prod(shape[1:])), 1)
        array = base * np.sqrt(1.0 / fan_in)
    return torch.from_numpy(np.asarray(array, np.float32))


def _tensors(nested):
    if isinstance(nested, Tensor):
        yield nested
    elif isinstance(nested, dict):
        for value in nested.values():
            yield from _tensors(value)
    else:
        for value in nested:
            yield from _tensors(value)


@contextlib.contextmanager
def small_files(limit):
    """Let no file grow beyond so many bytes, as if the disk were full."""
    resource = pytest.importorskip('resource')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
