"""Series of runs through the stock tools, on a few simulated tiles."""

import csv
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import run_seeds
from helpers import ROOT
from multimodal_rs.results import runs
from multimodal_rs.results.experiments import Run
from multimodal_rs.results.record import read_record
from tool_runs import gone, once, run_tool, start_tool, until

SMALL = """
_base_ = {base!r}
encoder = dict(base_channels=16)
root = dict(dataset=dict(data_root={data!r}))
loader = dict(batch_size=4, num_workers=0, persistent_workers=False, **root)
train_dataloader, val_dataloader, test_dataloader = loader, loader, loader
train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = []
"""
FUSED = """
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(channels=(16, 128)),
    decode_head=dict(in_channels=(16, 128), decoder=dict(channels=16)),
)
"""
# All of the few tiles, not a tenth of them.
WHOLE = """
train_dataloader = dict(
    loader,
    dataset=dict(root['dataset'], ann_file='splits/default/train.txt'),
)
"""
# An optimiser for the encoders and one for the rest, in a model of its own.
TWO = """
custom_imports = dict(imports=['multimodal_rs', 'two_optimizers'])
model = dict(type='TwoOptimizers')
optim_wrapper = dict(_delete_=True, constructor='EncodersAndRest')
"""
MODULE = """
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmseg.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from torch.optim import SGD, AdamW

from multimodal_rs.models.selfsup.complementary_masked_modeling import (
    ComplementaryMaskedModeling,
)


@MODELS.register_module()
class TwoOptimizers(ComplementaryMaskedModeling):
    def train_step(self, data, optim_wrapper):
        data = self.data_preprocessor(data, True)
        losses = self(**data, mode='loss')
        optim_wrapper.zero_grad()
        sum(losses.values()).backward()
        for wrapper in optim_wrapper.values():
            wrapper.step()
        return {name: loss.detach() for name, loss in losses.items()}


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class EncodersAndRest:
    def __init__(self, optim_wrapper_cfg, paramwise_cfg=None):
        pass

    def __call__(self, model):
        encoders = list(model.backbone.parameters())
        rest = [p for n, p in model.named_parameters() if 'backbone' not in n]
        return OptimWrapperDict(
            encoders=OptimWrapper(SGD(encoders, lr=1e-3)),
            rest=OptimWrapper(AdamW(rest, lr=1e-3)),
        )
"""
PRETRAINING = 'cmss/deeplabv3plus-mdafm-pre_r18_1xb8-40e_simulated-128x128.py'
SUBSETS = (
    'cmss/deeplabv3plus-mdafm-scratch10_r18_1xb8-80e_simulated-128x128.py'
)


@pytest.fixture(scope='module')
def workspace(tmp_path_factory, simulated):
    """Three configs, of which the first fails and the second was run."""

    def make(folder):
        (folder / 'two_optimizers.py').write_text(MODULE)
        configs = dict(
            broken=(SUBSETS, "model = dict(neck=dict(type='NoSuchNeck'))"),
            subsets=(SUBSETS, FUSED + WHOLE),
            two=(PRETRAINING, FUSED + TWO),
        )
        for name, (base, change) in configs.items():
            start = SMALL.format(
                base=str(ROOT / 'configs' / base), data=str(simulated)
            )
            (folder / f'{name}.py').write_text(start + change)
        ended = call(folder, 'broken', 'subsets')
        said = dict(returncode=ended.returncode, output=ended.output)
        (folder / 'series.json').write_text(json.dumps(said))

    return once(tmp_path_factory, 'seeds', make)


@pytest.fixture(scope='module')
def series(workspace):
    return SimpleNamespace(
        **json.loads((workspace / 'series.json').read_text())
    )


def call(workspace, *names, options=(), seeds=(0,)):
    # The variable is for the tools that it starts, in processes of their own.
    path = os.pathsep.join([str(ROOT / 'projects'), str(workspace)])
    return run_tool(
        'tools/run_seeds.py',
        *(workspace / f'{name}.py' for name in names),
        *('--seeds', *seeds, '--work-dir', workspace / 'runs', *options),
        check=False,
        PYTHONPATH=path,
    )


def test_a_failing_run_does_not_stop_the_others(workspace, series):
    log = workspace / 'runs' / 'broken' / 'seed-0' / 'run.log'
    assert series.returncode == 1
    lines = series.output.splitlines()
    (failure,) = (line for line in lines if line.startswith('NOT DONE: '))
    assert 'broken.py, seed 0: train.py has ended' in failure
    assert str(log) in failure and 'NoSuchNeck' in log.read_text()


def test_a_run_leaves_a_record(workspace, series):
    folder = workspace / 'runs' / 'subsets' / 'seed-0'
    record = read_record(folder / runs.RECORD)
    assert list(record.measures) == ['opt+sar', 'opt', 'sar']
    tested = next(folder.glob('*/modality_subsets.json'))
    for subset, entry in json.loads(tested.read_text()).items():
        for name, value in record.measures[subset].items():
            assert value == entry['metrics'][name]
        for name, value in record.classes[subset]['IoU'].items():
            assert value == entry['metrics'][f'IoU.{name}']
    assert record.modalities == dict(
        opt=['B4', 'B3', 'B2', 'B8'], sar=['VV', 'VH']
    )
    assert record.split['test'] == 'splits/default/test.txt'
    assert (record.epochs, record.iterations) == (1, 3)
    assert record.input_size == dict(opt=[4, 64, 64], sar=[2, 64, 64])
    assert record.parameters > 1e5 and record.flops > 1e6
    assert record.memory_of == 'process' and 50 < record.memory_mib < 20000
    assert 0 < record.train_seconds < 300 and 0 < record.test_seconds < 300
    assert set(record.versions) >= {'python', 'torch', 'mmseg'}
    assert record.seeds == [0] and record.commits and record.device
    assert 'run_seeds.py' in record.command


@pytest.mark.slow
def test_a_list_keeps_what_is_finished(workspace, series):
    """The broken run is tried again, the finished one is in the table."""
    names = ('broken', 'subsets')
    configs = [str(workspace / f'{name}.py') for name in names]
    path = workspace / 'list.json'
    path.write_text(json.dumps(dict(configs=configs, seeds=[0])))
    record = workspace / 'runs' / 'subsets' / 'seed-0' / runs.RECORD
    before = record.stat().st_mtime_ns
    again = run_tool(
        *('tools/run_experiments.py', path, '--work-dir', workspace / 'runs'),
        check=False,
        path=(workspace,),
    )
    assert again.returncode == 1
    assert '2 runs, 1 finished' in again.output
    assert 'NOT DONE: broken, seed 0: see above' in again.output
    assert record.stat().st_mtime_ns == before
    assert '| subsets | opt+sar |' in again.output


@pytest.mark.slow
def test_of_any_loop_and_any_number_of_optimizers(workspace):
    runs_of_two = workspace / 'two_optimizers'
    call(workspace, 'two', options=('--work-dir', runs_of_two))
    folder = runs_of_two / 'two' / 'seed-0'
    record = read_record(folder / runs.RECORD)
    (subset,) = record.measures
    assert subset == 'opt+sar'
    assert set(record.measures[subset]) == {
        'masked_error',
        'masked_error_opt',
        'masked_error_sar',
    }
    assert not record.classes and record.flops > 1e6
    table = (runs_of_two / 'seeds.md').read_text()
    assert f'{record.measures[subset]["masked_error"]:.4f}' in table


def test_costs_are_those_of_the_run(tmp_path, monkeypatch):
    """Another seed may have been run with other options."""

    def count(command, write):
        dumped, target = map(Path, command[3:5])
        target.write_text(json.dumps(dict(flops=int(dumped.read_text()))))
        return 0

    monkeypatch.setattr(run_seeds.command_line, 'call', count)
    for seed in (0, 1):
        folder = tmp_path / f'seed-{seed}'
        folder.mkdir()
        (folder / 'net.py').write_text(str(seed))
        sizes = json.dumps(dict(input_size=dict(opt=[4, 8, 8])))
        (folder / runs.TRAINING).write_text(sizes)
        run_seeds._count(Path('net.py'), folder)
        cost = json.loads((folder / runs.COMPLEXITY).read_text())
        assert cost == dict(flops=seed)


def test_other_options_need_another_folder(workspace, series, capsys):
    arguments = [str(workspace / 'subsets.py'), '--seeds', '0']
    arguments += ['--work-dir', str(workspace / 'runs'), '--cfg-options']
    assert run_seeds.main([*arguments, 'a=1']) == 1
    assert "the options [], not ['a=1']" in capsys.readouterr().err


def test_weights_to_start_from_belong_into_the_config(capsys):
    """With --resume, which every run has, they would be gone on from."""
    with pytest.raises(SystemExit):
        run_seeds.main(['a.py', '--cfg-options', 'a=1', 'load_from=b.pth'])
    assert 'set it in the config, or use Pretrained' in capsys.readouterr().err


def test_a_changed_config_is_another_run(workspace, series, tmp_path, capsys):
    folder = tmp_path / 'subsets' / 'seed-0'
    shutil.copytree(workspace / 'runs' / 'subsets' / 'seed-0', folder)
    config = tmp_path / 'subsets.py'
    config.write_text((workspace / 'subsets.py').read_text() + 'a = 1')
    words = [str(config), '--seeds', '0', '--work-dir', str(tmp_path)]
    assert run_seeds.main(words) == 1
    assert 'of another config than' in capsys.readouterr().err
    assert not Run(config, 0, tmp_path).is_finished
    with pytest.raises(SystemExit):
        run_seeds.main([str(workspace / 'subsets.py'), *words])
    assert "['subsets'] named more than once" in capsys.readouterr().err


def test_finished_runs_are_kept_and_averaged(workspace, series, monkeypatch):
    first = workspace / 'runs' / 'subsets' / 'seed-0'
    content = json.loads((first / runs.RECORD).read_text())
    content['seeds'] = [1]
    content['measures']['opt']['mIoU'] += 3
    second = workspace / 'kept' / 'subsets' / 'seed-1'
    shutil.copytree(first, second)
    shutil.copytree(first, second.with_name('seed-0'))
    (second / runs.RECORD).write_text(json.dumps(content))
    monkeypatch.setattr(run_seeds, '_call', lambda *_: pytest.fail('ran'))
    arguments = [str(workspace / 'subsets.py'), '--seeds', '0', '1']
    arguments += ['--work-dir', str(workspace / 'kept')]
    assert run_seeds.main(arguments) == 0
    with (workspace / 'kept' / 'seeds.csv').open(newline='') as file:
        rows = {row['modalities']: row for row in csv.DictReader(file)}
    assert rows['opt']['runs'] == '2'
    expected = content['measures']['opt']['mIoU'] - 1.5
    assert float(rows['opt']['mIoU']) == pytest.approx(expected)
    assert float(rows['opt']['mIoU sd']) == pytest.approx(3 / 2**0.5)
    assert float(rows['sar']['mIoU sd']) == 0
    text = (workspace / 'kept' / 'seeds.md').read_text()
    assert 'seeds 0, 1' in text and f'{expected:.2f} ± 2.12' in text


def test_finished_runs_are_compared(workspace, series, monkeypatch, capsys):
    first = workspace / 'runs' / 'subsets' / 'seed-0'
    content = json.loads((first / runs.RECORD).read_text())
    for name, gain in (('subsets', 0), ('other', 2)):
        for seed in (0, 1):
            folder = workspace / 'compared' / name / f'seed-{seed}'
            shutil.copytree(first, folder)
            changed = json.loads(json.dumps(content))
            changed.update(seeds=[seed], config=f'{name}.py')
            changed['measures']['opt']['mIoU'] += gain + seed * gain / 2
            (folder / runs.RECORD).write_text(json.dumps(changed))
    monkeypatch.setattr(run_seeds, '_call', lambda *_: pytest.fail('ran'))
    shutil.copy(workspace / 'subsets.py', workspace / 'other.py')
    arguments = [str(workspace / f'{n}.py') for n in ('subsets', 'other')]
    arguments += ['--seeds', '0', '1']
    arguments += ['--work-dir', str(workspace / 'compared')]
    assert run_seeds.main([*arguments, '--compare-with', 'subsets']) == 0
    text = (workspace / 'compared' / 'paired.md').read_text()
    assert '| other | opt | +2.50 (-3.85 .. +8.85) |' in text
    with pytest.raises(SystemExit):
        run_seeds.main([*arguments, '--compare-with', 'nothing'])
    assert "must name one of ['subsets', 'other']" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_where_it_was(
    workspace, series, monkeypatch
):
    folder = workspace / 'again' / 'subsets' / 'seed-0'
    shutil.copytree(workspace / 'runs' / 'subsets' / 'seed-0', folder)
    (folder / runs.RECORD).unlink()
    calls = []
    monkeypatch.setattr(run_seeds, '_call', lambda *a: calls.append(a[1]))
    monkeypatch.setattr(run_seeds.environment, 'commit', lambda _: 'later')
    arguments = [str(workspace / 'subsets.py'), '--seeds', '0']
    assert (
        run_seeds.main([*arguments, '--work-dir', str(workspace / 'again')])
        == 0
    )
    # It had been trained to the end: only the test is repeated.
    assert calls == ['test.py']
    record = read_record(folder / runs.RECORD)
    assert len(record.commits) == 2 and record.commits[1] == 'later'


@pytest.mark.slow
def test_a_killed_series_leaves_no_orphan_and_goes_on(workspace):
    folder = workspace / 'killed' / 'subsets' / 'seed-0'
    words = ['tools/run_seeds.py', workspace / 'subsets.py', '--seeds', '0']
    words += ['--work-dir', workspace / 'killed']
    series = start_tool(*words, output=workspace / 'killed.txt')
    holder = folder / '.train.holder.json'
    until(lambda: holder.exists() or series.exitcode is not None)
    training = json.loads(holder.read_text())['pid']
    assert training != series.pid
    assert not gone(training)
    series.kill()
    series.join()
    run_tool(*words)  # at once; its training waits for the end of the other
    assert gone(training)
    assert (folder / runs.RECORD).exists()
    assert not list(folder.glob('.*.pth')) and not holder.exists()
