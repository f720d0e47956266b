"""Several processes keep one set of batch-norm statistics."""

import os
from types import SimpleNamespace

import torch
from mmseg.registry import HOOKS
from torch import multiprocessing as mp
from torch import nn

import multimodal_rs  # noqa: F401  registers everything


def _train(rank, folder):
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2
    )
    model = nn.Sequential(nn.BatchNorm1d(1), nn.BatchNorm1d(1))
    model[1].eval()
    model[1].running_mean.fill_(rank)
    model[0](torch.tensor([[0.0], [2.0]]) * (10 if rank else 1))
    hook = HOOKS.build(dict(type='SharedNormHook'))
    hook.after_train_iter(SimpleNamespace(model=model), 0)
    torch.save(model.state_dict(), folder / f'{rank}.pth')
    torch.distributed.destroy_process_group()


def test_both_processes_validate_with_what_is_saved(tmp_path):
    mp.start_processes(_train, (tmp_path,), nprocs=2, start_method='fork')
    first, second = (torch.load(tmp_path / f'{i}.pth') for i in range(2))
    # Means 1 and 10, variances 2 and 200, of which a tenth is taken.
    assert torch.allclose(first['0.running_mean'], torch.tensor([0.55]))
    assert torch.allclose(first['0.running_var'], torch.tensor([11.0]))
    for key in ('0.running_mean', '0.running_var'):
        assert torch.equal(first[key], second[key])
    frozen = first['1.running_mean'], second['1.running_mean']
    assert [x.item() for x in frozen] == [0, 1]
