"""Freed memory is used again instead of being given back."""

import platform
import sys
from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import HOOKS

from multimodal_rs.engine import keep_memory_hook
from tool_runs import run

PROGRAM = """
import resource
import torch
from multimodal_rs.utils.host_memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(16 << 20)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
given_back = faults()
assert keep_freed_memory()
faults()
print(given_back, faults())
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != 'glibc', reason='an option of glibc'
)
def test_pages_are_touched_once():
    result = run(sys.executable, '-W', 'ignore', '-c', PROGRAM)
    given_back, kept = map(int, result.stdout.splitlines()[-1].split())
    assert given_back >= 20  # 16384 pages each time, or 32 huge ones
    assert kept < 20


@pytest.mark.parametrize('device, expected', [('cpu', 1), ('meta', 0)])
def test_only_where_the_network_is_on_the_cpu(monkeypatch, device, expected):
    calls = []
    monkeypatch.setattr(
        keep_memory_hook, 'keep_freed_memory', lambda: calls.append(1)
    )
    model = torch.nn.Conv2d(1, 1, 1, device=device)
    hook = HOOKS.build(dict(type='KeepMemoryHook'))
    hook.before_run(SimpleNamespace(model=model))
    assert len(calls) == expected


def test_a_network_without_parameters_is_left_alone(monkeypatch):
    monkeypatch.delattr(keep_memory_hook, 'keep_freed_memory')
    hook = HOOKS.build(dict(type='KeepMemoryHook'))
    hook.before_run(SimpleNamespace(model=torch.nn.Identity()))
