"""Rates of a GPU, copying and taking exponentials, and what a scan needs."""

import torch
import triton
import triton.language as tl
from triton.testing import do_bench

BLOCK, TURNS = 1024, 512


def bytes_per_second(device: str = 'cuda') -> float:
    """Rate of a copy, both ways counted."""
    source = torch.ones(2**28, device=device)
    target = torch.empty_like(source)
    seconds = do_bench(lambda: target.copy_(source), return_mode='median')
    return 2 * source.nbytes / (seconds * 1e-3)


def exponentials_per_second(device: str = 'cuda') -> float:
    """Rate of exp2 in registers, float32."""
    values = torch.rand(2**22, device=device)

    def run():
        repeat_exponential[(len(values) // BLOCK,)](values, BLOCK, TURNS)

    seconds = do_bench(run, return_mode='median') * 1e-3
    return len(values) * TURNS / seconds


@triton.jit
def repeat_exponential(values, SIZE: tl.constexpr, TIMES: tl.constexpr):
    """Replace every x by exp2(-x), again and again."""
    place = values + tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    x = tl.load(place)
    for _ in range(TIMES):
        x = tl.exp2(-x)
    tl.store(place, x)
