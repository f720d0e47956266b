"""A run that stops being finite ends, with the names of its samples."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.registry import DATASETS, HOOKS, MODELS
from mmseg.structures import SegDataSample
from torch import nn

from multimodal_rs.utils.finite import check_answers, not_finite
from small_network import CLASSES, model_config

SIZE = 8


@DATASETS.register_module()
class Tiles(torch.utils.data.Dataset):
    """Four tiles, one of them with an absurd number."""

    metainfo = dict(classes=CLASSES)

    def __init__(self, absurd, number=3e38):
        self.absurd, self.number = absurd, number

    def __len__(self):
        return 4

    def __getitem__(self, i):
        generator = torch.Generator().manual_seed(i)
        opt = torch.rand(3, SIZE, SIZE, generator=generator)
        if i == self.absurd:
            opt[0, 2, 3] = self.number
        sample = SegDataSample(
            metainfo=dict(
                sample_id=f'tile_{i}',
                img_paths=dict(opt=f'data/opt/tile_{i}.tif'),
                present_modalities=('opt', 'sar'),
                ori_shape=(SIZE, SIZE),
            )
        )
        label = torch.randint(4, (1, SIZE, SIZE), generator=generator)
        sample.gt_sem_seg = PixelData(data=label)
        inputs = dict(opt=opt, sar=torch.rand(2, SIZE, SIZE) - 15)
        return dict(inputs=inputs, data_samples=sample)


@MODELS.register_module()
class NormedBackbone(nn.Sequential):
    """A convolution and a batch norm."""

    def __init__(self, in_channels):
        super().__init__(nn.Conv2d(in_channels, 8, 1), nn.BatchNorm2d(8))

    def forward(self, x):
        return (super().forward(x),)


def make_runner(folder, dataset):
    network = model_config()
    for branch in network['backbone']['branches'].values():
        branch['type'] = 'NormedBackbone'
    optimizer = dict(type='SGD', lr=0.01)
    loader = dict(
        dataset=dataset,
        batch_size=1,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )
    return Runner.from_cfg(
        Config(
            dict(
                model=network,
                work_dir=str(folder),
                train_dataloader=loader,
                train_cfg=dict(by_epoch=False, max_iters=4, val_interval=9),
                optim_wrapper=dict(type='OptimWrapper', optimizer=optimizer),
                default_hooks=dict(
                    checkpoint=dict(
                        type='CheckpointHook', interval=1, by_epoch=False
                    )
                ),
                custom_hooks=[
                    dict(type='FiniteCheckHook'),
                    dict(type='PlainCheckpointHook'),
                ],
                experiment_name=folder.name,
                log_level='ERROR',
                default_scope='mmseg',
            )
        )
    )


def test_training_ends_with_names_and_keeps_its_last_checkpoint(tmp_path):
    runner = make_runner(tmp_path, dict(type='Tiles', absurd=2))
    with pytest.raises(FloatingPointError) as error:
        runner.train()
    message = str(error.value)
    for word in (
        'iteration 3',
        'backbone.branches.opt.1.running_',
        "'tile_2' (data/opt/tile_2.tif); opt from",
        '3e+38',
        f'last checkpoint in {tmp_path} is iter_2.pth',
    ):
        assert word in message, message
    assert 'tile_1' not in message
    assert not (tmp_path / 'iter_3.pth').exists()
    for path in tmp_path.glob('*.pth'):
        weights = torch.load(path, weights_only=True)['state_dict']
        assert not not_finite(weights), path


def test_training_of_finite_numbers_is_left_alone(tmp_path):
    make_runner(tmp_path, dict(type='Tiles', absurd=None)).train()
    assert (tmp_path / 'iter_4.pth').exists()


def hooked(model=None):
    """A hook and what it sees of a runner."""
    hook = HOOKS.build(dict(type='FiniteCheckHook'))
    runner = SimpleNamespace(
        model=model or nn.BatchNorm1d(2),
        iter=0,
        work_dir='nowhere',
    )
    hook.before_train(runner)
    return hook, runner


def test_a_loss_of_a_modality_head_is_named():
    hook, runner = hooked()
    outputs = {'loss': torch.tensor(1.0), 'opt.loss_ce': torch.tensor(-1e400)}
    with pytest.raises(FloatingPointError, match=r': opt\.loss_ce became'):
        hook.after_train_iter(runner, 0, None, outputs)


def test_what_is_no_loss_and_what_is_large_are_left_alone():
    hook, runner = hooked()
    runner.model.running_var.fill_(1e30)
    outputs = {'loss': torch.tensor(1e38), 'acc': float('nan')}
    hook.after_train_iter(runner, 0, None, outputs)


def test_weights_that_are_not_finite_are_no_start():
    model = nn.BatchNorm1d(2)
    model.weight.data[1] = torch.nan
    with pytest.raises(FloatingPointError, match=r'before training.*weight'):
        hooked(model)


def test_a_mask_of_infinity_is_a_constant():
    model = nn.BatchNorm1d(2)
    model.register_buffer('mask', torch.tensor([0.0, -torch.inf]))
    hook, runner = hooked(model)
    hook.after_train_iter(runner, 0, None, dict(loss=torch.tensor(1.0)))
    hook.before_save_checkpoint(runner, dict(state_dict=model.state_dict()))
    model.running_mean[0] = torch.inf
    with pytest.raises(FloatingPointError, match='running_mean'):
        hook.after_train_iter(runner, 0, None, {})


def test_a_state_of_the_optimizer_is_not_saved():
    hook, runner = hooked()
    state = {0: dict(exp_avg_sq=torch.tensor([1.0, torch.inf]))}
    with pytest.raises(FloatingPointError, match=r'state\.0\.exp_avg_sq'):
        hook.before_save_checkpoint(runner, dict(optimizer=dict(state=state)))


class ScaledStep:
    """What mmengine's AmpOptimWrapper, which needs a GPU, does in a step."""

    def __init__(self, model):
        self.model = model
        self.scaler = torch.amp.GradScaler('cpu')
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def __call__(self, factor):
        self.optimizer.zero_grad()
        loss = self.model(torch.rand(4, 2)).mean() * factor
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return dict(loss=loss.detach())


def test_steps_that_a_scaler_skips_are_right():
    model = nn.Linear(2, 1)
    step = ScaledStep(model)
    hook, runner = hooked(model)
    for _ in range(5):  # the loss is finite, its scaled gradient is not
        outputs = step(1e36)
        hook.after_train_iter(runner, 0, None, outputs)
    assert step.scaler.get_scale() == 2.0**16 / 2**5
    with pytest.raises(FloatingPointError, match='loss became NaN'):
        hook.after_train_iter(runner, 0, None, step(torch.inf))


def test_answers_of_a_validation_name_their_sample():
    samples = [Tiles(None)[i]['data_samples'] for i in range(3)]
    model = MODELS.build(model_config()).eval()
    inputs = dict(
        opt=torch.rand(3, 3, SIZE, SIZE), sar=torch.rand(3, 2, SIZE, SIZE)
    )
    model.predict(inputs, samples)
    inputs['opt'][1, 0, 2, 3] = torch.inf
    inputs['opt'][1, 1, 2, 3] = -torch.inf
    with pytest.raises(FloatingPointError, match=r"'tile_1' \(data/opt") as e:
        model.predict(inputs, samples)
    assert 'tile_0' not in str(e.value)
    with pytest.raises(FloatingPointError, match='not finite for row 1'):
        check_answers({'logits': torch.tensor([0.0, torch.nan])}, None)
