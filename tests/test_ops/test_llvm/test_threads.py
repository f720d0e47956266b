"""Threads and forked children."""

import os
import signal
import threading

import pytest
import torch

from multimodal_rs.ops import selective_scan, ss2d
from multimodal_rs.ops.backends.llvm import BACKEND

if BACKEND.unavailable() is not None:
    pytest.skip(BACKEND.unavailable(), allow_module_level=True)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def arguments():
    torch.manual_seed(0)
    return (
        torch.randn(3, 9, 7, 40),
        torch.randn(4, 2 + 2 * 3, 40) / 6,
        torch.randn(4, 40, 2),
        torch.randn(4, 40) - 2,
        -torch.rand(160, 3),
        torch.randn(160),
    )


def gradients(inputs):
    leaves = [x.clone().requires_grad_() for x in inputs]
    ss2d(*leaves, backend='llvm').square().sum().backward()
    return [x.grad for x in leaves]


def test_number_of_threads_changes_nothing_but_rounding(two_threads):
    inputs = arguments()
    both = gradients(inputs)
    again = gradients(inputs)
    torch.set_num_threads(1)
    one = gradients(inputs)
    for a, b, c in zip(both, again, one, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
        assert (a - c).abs().max() <= 1e-6 * a.abs().max()


def test_concurrent_calls(two_threads):
    inputs = arguments()
    expected = gradients(inputs)
    results = []

    def work():
        for _ in range(5):
            results.append(gradients(inputs))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(results) == 20
    for result in results:
        for a, b in zip(result, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs os.fork')
@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_forked_child_starts_threads_of_its_own(two_threads):
    """Without a matrix product: OpenMP's threads do not survive a fork."""
    u = torch.randn(1, 32, 20)
    inputs = (u, u, -torch.rand(32, 4), *torch.randn(2, 1, 1, 4, 20))
    expected = selective_scan(*inputs, backend='llvm')
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        y = selective_scan(*inputs, backend='llvm')
        os._exit(0 if torch.equal(y, expected) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
