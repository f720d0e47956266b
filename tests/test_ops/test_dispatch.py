"""Which backend runs, and that it runs in any process and thread."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from helpers import ROOT
from multimodal_rs.ops import available_backends, selective_scan, ss2d
from multimodal_rs.ops.dispatch import AUTO, NAMES, VARIABLE, choose, load
from multimodal_rs.ops.routes import CROSS4
from scan_cases import (
    assert_close,
    exact_scan,
    on,
    results,
    runnable_backends,
    scan_arguments,
    ss2d_arguments,
)

on_cpu = pytest.mark.parametrize(
    'backend',
    [n for n in runnable_backends() if 'cpu' in load(n).devices],
)


@pytest.fixture
def arguments():
    return scan_arguments(1, 2, 3, 4, 9)


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def unavailable():
    return {k: v for k, v in available_backends().items() if v is not None}


def test_every_backend_is_listed_with_a_reason():
    found = available_backends()
    assert list(found) == list(NAMES)
    assert found['torch'] is None and found['reference'] is None
    for reason in unavailable().values():
        assert len(reason) > 20


def test_auto_takes_the_first_that_can(arguments):
    backends = [load(n) for n in AUTO if 'cpu' in load(n).devices]
    first = next(b for b in backends if b.unavailable() is None)
    tensors = (arguments['u'],)
    assert choose('auto', tensors, 'test') is first


def test_auto_goes_on_where_one_does_not_fit(arguments):
    doubles = (arguments['u'].double(),)
    assert choose('auto', doubles, 'test') is load('torch')


def test_variable_and_argument(monkeypatch, arguments):
    tensors = (arguments['u'],)
    monkeypatch.setenv(VARIABLE, 'torch')
    assert choose('auto', tensors, 'test') is load('torch')
    assert choose('reference', tensors, 'test') is load('reference')


@pytest.mark.parametrize('operator', [selective_scan, ss2d])
def test_unknown_name(operator):
    make = dict(
        selective_scan=lambda: scan_arguments(1, 2, 3, 4, 9),
        ss2d=lambda: ss2d_arguments(1, 1, (2, 2), 2, 1, 1, CROSS4),
    )
    name = operator.__name__
    with pytest.raises(ValueError, match=f"{name}: unknown backend 'cuda'"):
        operator(**make[name](), backend='cuda')


def test_variable_counts_for_float64_too(monkeypatch):
    x = torch.randn(1, 2, 3, dtype=torch.float64)
    arguments = (x, x, -torch.rand(2, 1).double(), x[:, :1], x[:, :1])
    expected = selective_scan(*arguments)
    monkeypatch.setenv(VARIABLE, 'torch')
    torch.testing.assert_close(selective_scan(*arguments), expected)
    monkeypatch.setenv(VARIABLE, 'llvm')
    with pytest.raises(RuntimeError, match="'llvm' cannot run this call"):
        selective_scan(*arguments)


def test_unknown_name_in_the_variable(monkeypatch, arguments):
    monkeypatch.setenv(VARIABLE, 'no_such')
    with pytest.raises(ValueError, match=r"'no_such', expected auto or one"):
        selective_scan(**arguments)


@pytest.mark.parametrize('by_variable', [False, True])
def test_named_backend_that_is_not_there(monkeypatch, arguments, by_variable):
    name, reason = next(iter(unavailable().items()))
    if by_variable:
        monkeypatch.setenv(VARIABLE, name)
    else:
        arguments['backend'] = name
    with pytest.raises(RuntimeError) as error:
        selective_scan(**arguments)
    assert f'backend {name!r} cannot run this call: ' in str(error.value)
    assert reason in str(error.value)


@pytest.mark.skipif(
    'llvm' not in runnable_backends(), reason='llvmlite is not installed'
)
def test_named_backend_that_does_not_fit(arguments):
    doubles = {k: v.double() for k, v in arguments.items()}
    with pytest.raises(RuntimeError, match='float32, a tensor is torch.flo'):
        selective_scan(**doubles, backend='llvm')


def test_reference_by_variable_is_an_operator(monkeypatch):
    """Its hand-written gradients, which only this way are used."""
    arguments = scan_arguments(2, 2, 3, 4, 9)
    exact = exact_scan(arguments)
    monkeypatch.setenv(VARIABLE, 'reference')
    found = results(selective_scan, arguments)
    assert_close(found, exact)


@on_cpu
def test_threads_do_not_disturb_each_other(backend):
    cases = [scan_arguments(1, 2, 5, 4, 10 + i) for i in range(8)]
    expected = [results(selective_scan, on(backend, c)) for c in cases]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            found = pool.map(
                lambda c: results(selective_scan, on(backend, c)), cases
            )
            for ours, theirs in zip(found, expected, strict=True):
                assert all(torch.equal(ours[k], theirs[k]) for k in theirs)


@on_cpu
@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork here')
@pytest.mark.filterwarnings('ignore:.*fork.*:DeprecationWarning')
def test_forked_child(backend, arguments):
    expected = results(selective_scan, on(backend, arguments))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            found = results(selective_scan, on(backend, arguments))
            same = all(torch.equal(found[k], expected[k]) for k in expected)
            code = 0 if same else 2
        finally:
            os._exit(code)
    assert exit_code(child) == 0


def exit_code(child: int, seconds: float = 60) -> int:
    """Wait for a child; one that hangs is killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        finished, status = os.waitpid(child, os.WNOHANG)
        if finished:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Scans(Dataset):
    def __init__(self, backend):
        self.backend = backend
        torch.manual_seed(0)
        self.cases = [scan_arguments(1, 1, 3, 2, 9) for _ in range(4)]

    def __len__(self):
        return len(self.cases)

    def __getitem__(self, index):
        return selective_scan(**on(self.backend, self.cases[index]))[0]


@on_cpu
@pytest.mark.filterwarnings('ignore:.*fork.*:DeprecationWarning')
def test_loader_workers(backend):
    dataset = Scans(backend)
    expected = torch.stack([dataset[i] for i in range(4)])
    loader = DataLoader(dataset, batch_size=2, num_workers=2, timeout=60)
    assert torch.equal(torch.cat(list(loader)), expected)


def test_import_loads_no_optional_package():
    code = (
        'import sys, multimodal_rs, multimodal_rs.ops; '
        'print([m for m in ("triton", "llvmlite", "numba", "mamba_ssm", '
        '"causal_conv1d") if m in sys.modules])'
    )
    path = os.pathsep.join([str(ROOT / 'projects'), *sys.path])
    found = subprocess.run(
        [sys.executable, '-c', code],
        env=dict(os.environ, PYTHONPATH=path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip().endswith('[]'), found.stdout
