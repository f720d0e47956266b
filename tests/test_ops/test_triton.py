"""The Triton backend: interpreted, compiled without a device, on a device."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
import torch

from helpers import ROOT
from multimodal_rs.ops import CROSS4, selective_scan, ss2d
from multimodal_rs.ops.backends import triton as triton_backend
from scan_cases import (
    assert_close,
    exact_scan,
    exact_ss2d,
    results,
    scan_arguments,
    ss2d_arguments,
)

# VMamba-T at 256 x 256: width of the maps, channels, rank.
STAGES = [(64, 192, 6), (32, 384, 12), (16, 768, 24), (8, 1536, 48)]


def test_small_shapes():
    """The kernels against the definition, without a device by interpreting.

    In a process of its own: the variable has to be there before triton is
    imported, and with it any backend test would interpret.
    """
    pytest.importorskip('triton')
    environment = {
        k: v for k, v in os.environ.items() if k != 'TRITON_INTERPRET'
    }
    if not torch.cuda.is_available():
        environment['TRITON_INTERPRET'] = '1'
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider']
        + ['tests/test_ops/small_triton.py'],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r'\d+ passed', done.stdout)
    assert 'skipped' not in done.stdout


@pytest.mark.skipif(
    triton_backend.interpreted(), reason='Triton interprets in this process'
)
def test_tensors_that_do_not_fit():
    reason = triton_backend.BACKEND.unsuitable
    assert 'runs on cuda' in reason([torch.zeros(1)])
    assert reason([torch.zeros(1, device='meta')]) is not None


def test_interpreter_takes_tensors_of_the_cpu(monkeypatch):
    monkeypatch.setenv('TRITON_INTERPRET', '1')
    assert triton_backend.BACKEND.unsuitable([torch.zeros(1)]) is None
    doubles = [torch.zeros(1, dtype=torch.float64)]
    assert 'float64' in triton_backend.BACKEND.unsuitable(doubles)
    monkeypatch.setenv('TRITON_INTERPRET', '0')
    assert triton_backend.BACKEND.unsuitable([torch.zeros(1)]) is not None


@pytest.mark.parametrize('states', [1, 2, 3, 5, 8, 16, 33, 64, 100, 256])
def test_tiles_and_divisions(states):
    pytest.importorskip('triton')
    from multimodal_rs.ops.backends.triton import tiles

    for tile in (tiles.forward_tile(states), tiles.backward_tile(states)):
        assert states <= tile.states < 2 * states
        assert 16 <= tile.outer * tile.inner <= 64
        # Not more registers for a value than the constant says.
        assert tile.size <= tile.warps * tiles.WARP_STATES
        assert tiles.CHUNK % tile.steps == 0
        for number in (tile.size, tile.steps, tile.warps):
            assert number & (number - 1) == 0
        for length in (1, 31, 32, 49, 4096):
            division = tiles.divide(
                2, 4, length, 192, tile, torch.device('cpu')
            )
            chunks = division.chunks
            before = (division.segments - 1) * division.per_segment
            assert chunks * tiles.CHUNK >= length
            assert before < chunks <= before + division.per_segment


def test_few_programs_are_cut_into_many(monkeypatch):
    pytest.importorskip('triton')
    from multimodal_rs.ops.backends.triton import tiles

    monkeypatch.setattr(tiles, 'processors', lambda device: 132)
    tile = tiles.forward_tile(16)

    def programs(batch):
        division = tiles.divide(batch, 4, 4096, 192, tile, None)
        return batch * 4 * division.tiles * division.segments

    assert programs(1) >= 132 * tiles.FEW_WARPS
    assert programs(2) >= 132 * tiles.MANY_WARPS * 0.9
    assert tiles.divide(64, 4, 4096, 192, tile, None).segments == 1


@pytest.mark.slow
@pytest.mark.parametrize('states', [16, 1])
@pytest.mark.parametrize('capability', [80, 90])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_compiles(launches, states, capability, dtype):
    """Every kernel that VMamba-T launches, with few or no spilled registers.

    Compiled for the device by name: needs none.
    """
    found = {}
    for stage in STAGES:
        for launch in launches(stage, states, dtype):
            name, registers, stack = compile_launch(*launch, capability)
            found[name] = max(found.get(name, (0, 0)), (stack, registers))
    print(capability, states, dtype, found)
    assert found.keys() == {
        'local_kernel',
        'combine_kernel',
        'forward_kernel',
        'backward_kernel',
    }
    for name, (stack, _) in found.items():
        assert stack <= (256 if name == 'backward_kernel' else 0), name


@pytest.fixture
def launches(monkeypatch):
    """A function that returns what the operators launch, without running."""
    pytest.importorskip('triton')
    if triton_backend.interpreted():
        pytest.skip('Triton interprets in this process: nothing to compile')
    from multimodal_rs.ops.backends.triton import (
        host_1d,
        host_2d,
        scan,
        tiles,
    )

    monkeypatch.setattr(tiles, 'processors', lambda device: 132)
    recorded = []

    def record(kernel, grid, warps, **arguments):
        recorded.append((kernel, warps, arguments))

    monkeypatch.setattr(scan, '_launch', record)

    def of(stage, states, dtype):
        width, channels, rank = stage
        recorded.clear()
        with torch.device('meta'):
            maps = ss2d_arguments(
                1, 2, (width, width), channels, states, rank, CROSS4
            )
            sequence = scan_arguments(2, 1, channels, states, width**2)
        maps['x'] = maps['x'].to(dtype)
        for name in ('u', 'delta', 'B', 'C'):
            sequence[name] = sequence[name].to(dtype)
        for host, inputs, options in (
            (host_2d, list(maps.values()), [CROSS4]),
            (host_1d, list(sequence.values()), [True]),
        ):
            y, kept = host.forward(*inputs, *options, True)
            host.backward(y, kept, *inputs, *options)
        return list(recorded)

    return of


def compile_launch(
    kernel, warps: int, arguments: dict, capability: int
) -> tuple[str, int, int]:
    """Compile as a launch would; return name, registers, bytes of stack."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    types = {
        torch.float32: '*fp32',
        torch.bfloat16: '*bf16',
        torch.int32: '*i32',
    }
    signature, constants, attributes = {}, {}, {}
    for place, parameter in enumerate(kernel.params):
        name, value = parameter.name, arguments[parameter.name]
        one = isinstance(value, int) and value == 1
        if parameter.is_constexpr or value is None or one:
            signature[name], constants[name] = 'constexpr', value
            continue
        divisible = value
        if torch.is_tensor(value):
            signature[name] = types[value.dtype]
            divisible = value.storage_offset() * value.element_size()
        else:
            signature[name] = 'i32' if value < 2**31 else 'i64'
        if divisible % 16 == 0:
            attributes[place,] = [['tt.divisibility', 16]]
    source = ASTSource(
        fn=kernel, signature=signature, constexprs=constants, attrs=attributes
    )
    compiled = triton.compile(
        source,
        target=GPUTarget('cuda', capability, 32),
        options=dict(num_warps=warps, enable_fp_fusion=True),
    )
    return kernel.__name__, *usage(compiled.asm['cubin'])


def usage(binary: bytes) -> tuple[int, int]:
    """Return registers and bytes of stack (what is spilled) of a kernel."""
    import triton

    tools = Path(triton.__file__).parent / 'backends' / 'nvidia' / 'bin'
    with NamedTemporaryFile(suffix='.cubin') as file:
        file.write(binary)
        file.flush()
        done = subprocess.run(
            [tools / 'cuobjdump', '-res-usage', file.name],
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r'REG:(\d+) STACK:(\d+)', done.stdout + done.stderr)
    return int(found[1]), int(found[2])


@pytest.mark.gpu
@pytest.mark.parametrize('states', [16, 1])
@pytest.mark.parametrize('stage', STAGES)
def test_maps_on_the_device(stage, states):
    """The stages of VMamba-T against plain torch in float64."""
    width, channels, rank = stage
    arguments = ss2d_arguments(
        1, 2, (width, width), channels, states, rank, CROSS4
    )
    arguments = {k: v.cuda() for k, v in arguments.items()}
    found = results(ss2d, dict(arguments, backend='triton'))
    doubles = {k: v.double() for k, v in arguments.items()}
    assert_close(found, results(ss2d, dict(doubles, backend='torch')), 5e-6)


@pytest.mark.gpu
@pytest.mark.parametrize('length', [1, 63, 4097])
def test_sequences_on_the_device(length):
    arguments = scan_arguments(2, 2, 40, 16, length)
    moved = {k: v.cuda() for k, v in arguments.items()}
    found = results(selective_scan, dict(moved, backend='triton'))
    assert_close(found, exact_scan(arguments), 5e-6)


@pytest.mark.gpu
def test_deterministic_on_the_device():
    arguments = ss2d_arguments(1, 2, (16, 16), 192, 16, 6, CROSS4)
    moved = {k: v.cuda() for k, v in arguments.items()}
    torch.use_deterministic_algorithms(True)
    try:
        first, second = (
            results(ss2d, dict(moved, backend='triton')) for _ in range(2)
        )
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert_close(first, exact_ss2d(arguments), 5e-6)
