"""Networks for four modalities answer from each of the fifteen subsets."""

import copy
from itertools import combinations

import pytest
import torch
from mmseg.registry import MODELS

from config_cases import load, network, random_batch

DATA = '1xb8-40e_terramesh-56x56.py'
NETWORKS = {
    'df2rq': f'configs/df2rq/df2rq-dem-ndvi_r18-w16_{DATA}',
    'joitrinet': f'configs/joitrinet/joitrinet-d-dem-ndvi_r18-w16_{DATA}',
    'mcf-mamba': f'configs/mcf_mamba/mcf-mamba-dem-ndvi_vmamba-xt_{DATA}',
}


@pytest.mark.parametrize('path', NETWORKS.values(), ids=NETWORKS)
def test_answers_from_what_is_there_and_nothing_else(path):
    torch.manual_seed(0)
    cfg = load(path)
    data = random_batch(cfg.test_dataloader.dataset, 8)
    model = MODELS.build(network(path)).eval()
    names = tuple(model.modalities)
    assert len(names) == 4

    @torch.no_grad()
    def answer(present, changed=()):
        batch = copy.deepcopy(data)
        for sample in batch['data_samples']:
            sample.set_metainfo(dict(present_modalities=present))
        for m in changed:
            batch['inputs'][m] = [x.flip(-1) + 1 for x in data['inputs'][m]]
        results = model.test_step(batch)
        return torch.stack([r.seg_logits.data for r in results])

    answers = {
        subset: answer(subset)
        for number in range(1, 5)
        for subset in combinations(names, number)
    }
    assert len(answers) == 15
    for subset, logits in answers.items():
        assert logits.isfinite().all(), subset
        if absent := set(names) - set(subset):
            torch.testing.assert_close(answer(subset, absent), logits)
    for one, other in combinations(answers, 2):
        assert not torch.allclose(answers[one], answers[other]), (one, other)
    for subset in ((m,) for m in names):
        assert not torch.allclose(answer(subset, subset), answers[subset])
    for m in names:
        assert not torch.allclose(answer(names, (m,)), answers[names]), m
