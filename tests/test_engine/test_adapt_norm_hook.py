"""Each place of a test is normalised by its own statistics."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from torch import nn

from multimodal_rs.engine.adapt_norm_hook import AdaptNormHook

PLACES = dict(north='^n', south='^s')


class Tiles:
    """Three tiles of each place; those of the south are brighter."""

    def __len__(self):
        return 6

    def get_data_info(self, number):
        return dict(sample_id=f'{"ns"[number // 3]}{number}')

    def __getitem__(self, number):
        sample = BaseDataElement(
            metainfo=self.get_data_info(number)
            | dict(present_modalities=('opt', 'sar'))
        )
        shift = 10.0 * (number // 3)
        image = shift + torch.arange(8.0).view(2, 2, 2)
        return dict(inputs=image, data_samples=sample)


class Network(BaseModel):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        present = [len(s.present_modalities) / 2 for s in data_samples]
        shares = torch.tensor(present).view(-1, 1, 1, 1)
        return self.norm(torch.stack(inputs) * shares)


def runner():
    dataset = Tiles()
    return SimpleNamespace(
        model=Network().eval(),
        test_dataloader=SimpleNamespace(dataset=dataset),
    )


def batch(run, *numbers):
    samples = [run.test_dataloader.dataset[n] for n in numbers]
    return dict(data_samples=[s['data_samples'] for s in samples])


def test_each_place_has_its_own_statistics():
    run = runner()
    hook = AdaptNormHook(share=1.0, places=PLACES, batch_size=2)
    hook.before_test(run)
    assert run.model.norm.running_mean.tolist() == [0, 0]
    hook.before_test_iter(run, 0, batch(run, 0, 1))
    assert run.model.norm.running_mean.tolist() == [1.5, 5.5]
    hook.before_test_iter(run, 1, batch(run, 4, 5))
    assert run.model.norm.running_mean.tolist() == [11.5, 15.5]
    hook.after_test(run)
    assert run.model.norm.running_mean.tolist() == [0, 0]


def test_places_of_few_tiles_are_measured_where_features_are_pooled():
    """Batch norm refuses to measure one pixel."""

    class Pooled(Tiles):
        def __getitem__(self, number):
            sample = super().__getitem__(number)
            return sample | dict(inputs=sample['inputs'][:, :1, :1])

    run = runner()
    run.test_dataloader.dataset = Pooled()
    places = dict(north='n[01]', lone='n2', south='s')
    hook = AdaptNormHook(share=1.0, places=places, batch_size=2)
    hook.before_test(run)
    hook.before_test_iter(run, 0, batch(run, 2))
    assert run.model.norm.running_mean.tolist() == [0, 4]
    assert run.model.norm.running_var.tolist() == [0, 0]
    hook.before_test_iter(run, 1, batch(run, 3))
    assert run.model.norm.running_mean.tolist() == [10, 14]


class Pixels(Tiles):
    """Of one pixel each; those of a place differ."""

    def __getitem__(self, number):
        sample = super().__getitem__(number)
        return sample | dict(inputs=sample['inputs'][:, :1, :1] + number)


def test_tiles_of_one_pixel_are_measured_in_pairs():
    run = runner()
    run.test_dataloader.dataset = Pixels()
    hook = AdaptNormHook(share=1.0, places=PLACES, batch_size=1)
    hook.before_test(run)
    hook.before_test_iter(run, 0, batch(run, 0))
    assert run.model.norm.running_mean.tolist() == [1, 5]
    assert run.model.norm.running_var.tolist() == [1, 1]


def test_a_tile_that_lacks_a_file_is_measured_apart():
    class Lacking(Tiles):
        def __getitem__(self, number):
            sample = super().__getitem__(number)
            there = ('opt', 'sar')[: 1 + (number != 1)]
            sample['data_samples'].set_metainfo(dict(present_modalities=there))
            return sample

    run, seen = runner(), []
    run.test_dataloader.dataset = Lacking()
    forward = run.model.forward

    def noting(inputs, data_samples, mode):
        seen.append([len(s.present_modalities) for s in data_samples])
        return forward(inputs, data_samples, mode)

    run.model.forward = noting
    hook = AdaptNormHook(share=1.0, places=PLACES)
    hook.before_test(run)
    hook.before_test_iter(run, 0, batch(run, 0, 1))
    assert seen == [[2, 2], [1, 1]]


def test_each_subset_has_its_own_statistics():
    run = runner()
    hook = AdaptNormHook(share=1.0, places=PLACES)
    hook.before_test(run)
    hook.before_test_iter(run, 0, batch(run, 3, 4))
    assert run.model.norm.running_mean.tolist() == [11.5, 15.5]
    # Without SAR the network sees black: half of the mean.
    hook.before_subset(run, ('opt',))
    assert run.model.norm.running_mean.tolist() == [5.75, 7.75]
    hook.before_subset(run, ('opt', 'sar'))
    assert run.model.norm.running_mean.tolist() == [11.5, 15.5]


def test_without_places_all_tiles_are_one():
    run = runner()
    hook = AdaptNormHook(share=0.5, batch_size=6)
    hook.before_test(run)
    hook.before_test_iter(run, 0, batch(run, 0, 5))
    assert run.model.norm.running_mean.tolist() == [3.25, 5.25]


def test_mixed_batches_and_tiles_of_no_place_are_refused():
    run = runner()
    hook = AdaptNormHook(share=0.4, places=PLACES)
    hook.before_test(run)
    with pytest.raises(ValueError, match=r"tiles of \['north', 'south'\]"):
        hook.before_test_iter(run, 0, batch(run, 2, 3))
    with pytest.raises(ValueError, match='n0 belongs to no place'):
        AdaptNormHook(0.4, dict(east='^e')).before_test(run)


def test_share_0_changes_and_asks_nothing():
    run = runner()
    del run.test_dataloader
    hook = AdaptNormHook()
    hook.before_test(run)
    hook.before_test_iter(run, 0, None)
    hook.after_test(run)


def test_views_of_augmentation_lie_in_one_place():
    class Views(Tiles):
        def __getitem__(self, number):
            views = [super().__getitem__(number)] * 2
            return {key: [v[key] for v in views] for key in views[0]}

    run = runner()
    run.test_dataloader.dataset = Views()
    hook = AdaptNormHook(share=1.0, places=PLACES)
    hook.before_test(run)
    samples = batch(runner(), 3, 4)['data_samples']
    hook.before_test_iter(run, 0, dict(data_samples=[samples, samples]))
    assert run.model.norm.running_mean.tolist() == [11.5, 15.5]
