"""There is a whole checkpoint at any moment, and none too many."""

import json
import resource
import shutil
from pathlib import Path

import pytest
from mmengine.hooks import CheckpointHook

from multimodal_rs.engine.whole_checkpoint_hook import (
    OUTDATED,
    WholeCheckpointHook,
    WholeFileBackend,
)
from multimodal_rs.weights.checkpoint_files import damage
from small_run import make_runner
from tool_runs import run_tool, weights

# Kills trainings, one after the other in a folder, and looks what is left.
KILLS = """
import json, os, random, signal, sys, time
from multimodal_rs.weights.checkpoint_files import damage
from multimodal_rs.weights.resume import resumable_checkpoint
from pathlib import Path
from small_run import make_runner

folder, kind, kills = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
hook = dict(type=kind, interval=1, max_keep_ckpts=1)
hook |= dict(save_best='val/up', rule='greater')
make_runner(folder / 'first', 1, hook).train()  # which imports all it needs


def last():
    file = folder / 'last_checkpoint'
    return file.read_text() if file.exists() else None


found, lost, left, seen = None, 0, 0, set()
for seed in range(kills):
    before = last()
    pid = os.fork()
    if pid == 0:
        make_runner(folder, 10000, hook, found, 2000000).train()
        os._exit(0)
    time.sleep(random.Random(seed).uniform(0.15, 0.6))
    # Every second one has gone on, however slow the machine is.
    while seed % 2 == 0 and (
        last() == before or not list(folder.glob('best_*.pth'))
    ):
        assert os.waitpid(pid, os.WNOHANG) == (0, 0), 'training has failed'
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        found = resumable_checkpoint(folder, lambda line: None)
        lost += found is None
    except ValueError:
        found, lost = None, lost + 1
    best = [damage(path) for path in folder.glob('best_*.pth')]
    lost += None not in best
    left = max(left, len(best), len(list(folder.glob('epoch_*.pth'))))
    seen.add(found and found.name)
    if found is None:  # begin again
        for path in folder.glob('*.pth'):
            path.unlink()
print(json.dumps(dict(lost=lost, left=left, seen=len(seen))))
"""


def hook(save_best='val/up', **options):
    usual = dict(interval=1, save_best=save_best, rule='greater')
    return dict(type='WholeCheckpointHook') | usual | options


def names(folder):
    return sorted(path.name for path in folder.glob('*.pth'))


def train(folder, epochs, config, load_from=None):
    runner = make_runner(folder, epochs, config, load_from)
    runner.train()
    return runner


@pytest.mark.parametrize('keep', [1, 2, -1])
@pytest.mark.parametrize('save_best', [None, 'val/up', 'auto'])
def test_what_is_kept(tmp_path, keep, save_best):
    """As the original does it."""
    for kind in ('WholeCheckpointHook', 'CheckpointHook'):
        config = hook(save_best, max_keep_ckpts=keep, type=kind)
        train(tmp_path / kind, 4, config)
    assert names(tmp_path / 'WholeCheckpointHook') == names(
        tmp_path / 'CheckpointHook'
    )


def test_several_measures(tmp_path):
    config = hook(['val/up', 'val/down'], rule=['greater', 'less'])
    runner = train(tmp_path, 3, config | dict(max_keep_ckpts=1))
    assert names(tmp_path) == [
        'best_val_down_epoch_1.pth',
        'best_val_up_epoch_3.pth',
        'epoch_3.pth',
    ]
    assert runner.message_hub.get_info('best_ckpt_val/down').endswith('1.pth')


def test_a_measure_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"'val/up'\], got \['val/loss'\]"):
        train(tmp_path, 1, hook(['val/up', 'val/loss']))


def test_the_older_one_is_removed_last(tmp_path, monkeypatch):
    """At each removal the newer one is whole, and named."""
    removed = []
    original = WholeCheckpointHook._remove_outdated

    def looked_at(self):
        for path in map(Path, self._outdated):
            last = Path((tmp_path / 'last_checkpoint').read_text())
            assert path.exists() and last != path and damage(last) is None
            if 'best' in path.name:
                assert len(list(tmp_path.glob('best_*.pth'))) == 2
                assert self.best_ckpt_path != str(path)
            removed.append(path.name)
        original(self)

    monkeypatch.setattr(WholeCheckpointHook, '_remove_outdated', looked_at)
    train(tmp_path, 3, hook(max_keep_ckpts=1))
    assert removed == [
        *('epoch_1.pth', 'best_val_up_epoch_1.pth'),
        *('epoch_2.pth', 'best_val_up_epoch_2.pth'),
    ]
    assert names(tmp_path) == ['best_val_up_epoch_3.pth', 'epoch_3.pth']


def test_what_is_written_again_is_not_removed(tmp_path):
    """As on a GPU, where a repeated validation may score a little better."""
    kept = str(tmp_path / 'best.pth')
    backend = WholeFileBackend([])
    for content in (b'old', b'new'):
        backend.remove(kept)
        backend.put(content, kept)
    assert backend.outdated == []
    assert Path(kept).read_bytes() == b'new'


def test_a_copied_run_leaves_the_original_alone(tmp_path):
    train(tmp_path / 'a', 2, hook(max_keep_ckpts=1))
    before = names(tmp_path / 'a')
    shutil.copytree(tmp_path / 'a', tmp_path / 'b')
    start = tmp_path / 'b' / 'epoch_2.pth'
    train(tmp_path / 'b', 3, hook(max_keep_ckpts=1), start)
    assert names(tmp_path / 'a') == before
    assert names(tmp_path / 'b') == ['best_val_up_epoch_3.pth', 'epoch_3.pth']


@pytest.mark.parametrize(
    ('save_best', 'best'),
    [
        ('val/down', ['best_val_down_epoch_2.pth']),
        (
            ['val/up', 'val/down'],
            ['best_val_down_epoch_2.pth', 'best_val_up_epoch_3.pth'],
        ),
    ],
)
def test_a_best_one_that_is_left_behind_does_not_count(
    tmp_path, save_best, best
):
    """No epoch is better than the first, whose checkpoint is not there."""
    rule = ['greater', 'less'] if len(best) == 2 else 'less'
    config = hook(save_best, rule=rule, max_keep_ckpts=1)
    train(tmp_path / 'a', 2, config)
    (tmp_path / 'b').mkdir()
    start = tmp_path / 'b' / 'epoch_2.pth'
    shutil.copy(tmp_path / 'a' / 'epoch_2.pth', start)
    runner = make_runner(tmp_path / 'b', 3, config, start)
    warned = []
    runner.logger.warning = warned.append
    runner.train()
    assert names(tmp_path / 'b') == [*best, 'epoch_3.pth']
    (line,) = (x for x in warned if 'best_val_down_epoch_1.pth' in x)
    assert 'is not there' in line


def test_what_a_kill_did_not_let_remove_is_removed(tmp_path):
    train(tmp_path, 2, hook(max_keep_ckpts=1))
    last = tmp_path / 'epoch_2.pth'
    hub = weights(last)['message_hub']['runtime_info']
    assert hub[OUTDATED] == [str(tmp_path / 'best_val_up_epoch_1.pth')]
    shutil.copy(last, tmp_path / 'best_val_up_epoch_1.pth')
    shutil.copy(last, tmp_path / 'best_of_mine.pth')
    train(tmp_path, 3, hook(max_keep_ckpts=1), last)
    assert names(tmp_path) == [
        *('best_of_mine.pth', 'best_val_up_epoch_3.pth', 'epoch_3.pth')
    ]


def test_a_full_disk_leaves_the_older_one(tmp_path):
    """Files may only have half of the size: as if there were no more room."""
    train(tmp_path, 1, hook(max_keep_ckpts=1))
    last = tmp_path / 'epoch_1.pth'
    before = names(tmp_path)
    kind = resource.RLIMIT_FSIZE
    limits = resource.getrlimit(kind)
    resource.setrlimit(kind, (last.stat().st_size // 2, limits[1]))
    try:
        with pytest.raises(OSError, match='File too large'):
            train(tmp_path, 2, hook(max_keep_ckpts=1), last)
    finally:
        resource.setrlimit(kind, limits)
    assert names(tmp_path) == before and damage(last) is None
    assert not list(tmp_path.glob('.*'))


def test_another_storage_is_left_to_write_as_it_does(tmp_path):
    config = hook(backend_args=dict(backend='local'))
    runner = make_runner(tmp_path, 1, config)
    runner.train()
    (ours,) = (h for h in runner.hooks if isinstance(h, CheckpointHook))
    assert ours.backend_args == dict(backend='local')
    assert isinstance(ours, WholeCheckpointHook)


@pytest.mark.parametrize(
    'kills', [3, pytest.param(200, marks=pytest.mark.slow)]
)
def test_killed_at_any_moment(tmp_path, kills):
    """The best and the last one take most of the time of this training."""
    script = tmp_path / 'kills.py'
    script.write_text(KILLS)
    tests = Path(__file__).parents[1]
    done = run_tool(
        *(script, tmp_path / 'run', 'WholeCheckpointHook', kills),
        path=[tests],
    )
    result = json.loads(done.output.splitlines()[-1])
    print(f'{kills} kills: {result}')
    assert result['lost'] == 0
    assert result['left'] <= 2  # while the older one waits for its end
    assert result['seen'] > kills // 3  # training has gone on in between
