"""A tiny network on a few simulated tiles, trained once for all tests."""

import pytest

from helpers import ROOT
from tool_runs import once, run_tool

BASE = 'configs/joitrinet/joitrinet-d_r18_1xb8-15e_simulated-128x128.py'
CONFIG = """
_base_ = {base!r}
encoder = dict(base_channels=8)
decoder = dict(in_channels=(8, 64), channels=16, dropout=0.5)
head = dict(in_channels=16)
model = dict(
    backbone=dict(
        branches=dict(opt=encoder, sar=encoder),
        necks=dict(opt=decoder, sar=decoder),
    ),
    neck=dict(channels=(16,)),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
root = dict(dataset=dict(data_root={data!r}))
train_dataloader = dict(batch_size=4, **root)
val_dataloader = dict(batch_size=4, **root)
test_dataloader = dict(batch_size=3, **root)
train_cfg = dict(max_epochs=4, val_interval=1)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(max_keep_ckpts=9)
)
"""


@pytest.fixture(scope='session')
def config(tmp_path_factory, simulated):
    """A tiny config of the simulated data."""

    def make(folder):
        text = CONFIG.format(base=str(ROOT / BASE), data=str(simulated))
        (folder / 'tiny.py').write_text(text)

    return once(tmp_path_factory, 'tiny-config', make) / 'tiny.py'


@pytest.fixture(scope='session')
def trained(tmp_path_factory, config):
    """An uninterrupted run of four epochs, in a process of its own."""

    def make(folder):
        run_tool('tools/train.py', config, '--work-dir', folder)

    return once(tmp_path_factory, 'tiny-trained', make)
