"""A fusion method: one neck and one config, no edits.

Creates: the module of the neck, a config (and this test). Edits: nothing. An
installed project does the same with ``custom_imports``; in a checkout the
neck lies in ``models/necks`` and is found there.
"""

import sys

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from helpers import ROOT

MODULE = '''
"""The larger of all values."""

import torch
from mmseg.registry import MODELS

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class MaximumNeck(LevelFusionNeck):
    """Take, of all modalities, the largest value of each channel."""

    def fuse(self, maps, position):
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        return torch.stack(list(maps.values())).amax(dim=0)
'''
CONFIG = """
_base_ = '{root}/configs/joitrinet/joitrinet-d_r18_1xb8-8e_ombria-128x128.py'
custom_imports = dict(imports=['multimodal_rs', 'maximum_neck'])
model = dict(neck=dict(_delete_=True, type='MaximumNeck', in_index=(0,)))
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    (tmp_path / 'maximum_neck.py').write_text(MODULE)
    file = tmp_path / 'maximum_r18_1xb8-8e_ombria-128x128.py'
    file.write_text(CONFIG.format(root=ROOT))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Config.fromfile(file)
    sys.modules.pop('maximum_neck', None)
    MODELS.module_dict.pop('MaximumNeck', None)


def test_train_and_predict(config):
    model = MODELS.build(config.model)
    assert model.neck.modalities == ('opt', 'sar')
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    inputs = dict(opt=torch.rand(2, 3, 64, 48), sar=torch.rand(2, 1, 64, 48))
    samples = []
    for i in range(2):
        meta = dict(ori_shape=(64, 48), img_shape=(64, 48), sample_id=str(i))
        sample = SegDataSample(metainfo=meta)
        label = torch.randint(0, 2, (1, 64, 48))
        sample.gt_sem_seg = PixelData(data=label)
        samples.append(sample)
    data = dict(inputs=inputs, data_samples=samples)
    losses = model.train_step(data, wrapper)
    assert losses['loss'].isfinite()
    (first, _) = model.eval().test_step(data)
    assert first.seg_logits.data.shape == (2, 64, 48)
