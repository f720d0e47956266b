"""A run goes on from the last whole checkpoint of its own folder."""

import os
import shutil

import pytest
import torch
from mmengine.config import Config

import train
from damaged_files import damaged
from multimodal_rs.weights.checkpoint_files import damage
from multimodal_rs.weights.resume import resumable_checkpoint
from multimodal_rs.weights.work_dirs import best_checkpoint


def save(folder, name, epoch, **meta):
    content = dict(
        meta=dict(epoch=epoch, iter=10 * epoch, **meta),
        state_dict=dict(weight=torch.full((40,), float(epoch))),
    )
    torch.save(content, folder / name)
    return folder / name


@pytest.fixture
def run(tmp_path):
    """A folder after three epochs."""
    folder = tmp_path / 'run'
    folder.mkdir()
    for epoch in (1, 2, 3):
        save(folder, f'epoch_{epoch}.pth', epoch)
    save(folder, 'best_mIoU_epoch_9.pth', 9)
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_3.pth'))
    return folder


def find(folder):
    said = []
    return resumable_checkpoint(folder, said.append), '\n'.join(said)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def test_the_last_one(run):
    assert find(run) == (run / 'epoch_3.pth', '')


def test_of_a_copy_not_of_the_original(tmp_path, run):
    copy = tmp_path / 'copy'
    shutil.copytree(run, copy)
    path, said = find(copy)
    assert path == copy / 'epoch_3.pth'
    assert f'names {run / "epoch_3.pth"}, takes {path}' in said
    path.unlink()  # that of the original is still there
    path, said = find(copy)
    assert path == copy / 'epoch_2.pth'
    assert f"epoch_3.pth', which is not in {copy}" in said
    assert f'continues from {path}' in said


def test_of_a_moved_folder(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (run / 'last_checkpoint').write_text('run/epoch_3.pth\n')
    assert find(run) == (run / 'epoch_3.pth', '')
    shutil.move(run, tmp_path / 'moved')
    assert find(tmp_path / 'moved')[0] == tmp_path / 'moved' / 'epoch_3.pth'


@pytest.mark.parametrize(
    'note', ['', 'nowhere.pth', '/', '\0' * 9, 'a' * 9999, None]
)
def test_without_a_name_the_newest_is_taken(run, note):
    (run / 'last_checkpoint').unlink()
    if note is not None:
        (run / 'last_checkpoint').write_text(note)
    os.utime(run / 'epoch_1.pth')  # the file's time does not count
    path, said = find(run)
    assert path == run / 'epoch_3.pth'
    assert f'continues from {path}' in said
    assert find(save(run, 'epoch_10.pth', 10).parent)[0] == path.with_name(
        'epoch_10.pth'
    )


def test_what_a_kill_has_left_is_no_checkpoint(tmp_path):
    """Neither a file that was not finished, nor weights of another kind."""
    whole = save(tmp_path, '.epoch_1.0123abcd-1-1.abcd1234.pth', 1)
    whole.with_name('.epoch_1.0123abcd-1-2.abcd1234.pth').write_bytes(b'PK')
    save(tmp_path, 'pretrained.pth', 1)
    assert find(tmp_path) == (None, '')


def test_damaged_ones_are_named(run):
    assert find(run / 'new') == (None, '')
    cut(run / 'epoch_3.pth')
    path, said = find(run)
    assert path == run / 'epoch_2.pth'
    assert 'epoch_3.pth is an incomplete or damaged one' in said
    cut(run / 'epoch_1.pth')
    cut(run / 'epoch_2.pth')
    with pytest.raises(ValueError, match='no whole checkpoint') as error:
        find(run)
    for epoch in (1, 2, 3):
        assert f'epoch_{epoch}.pth is an incomplete or' in str(error.value)


@pytest.mark.parametrize(
    'trials', [20, pytest.param(300, marks=pytest.mark.slow)]
)
def test_no_damaged_file_is_chosen(run, trials):
    last = run / 'epoch_3.pth'
    whole = last.read_bytes()
    expected = torch.load(last, weights_only=True)['state_dict']['weight']
    left = 0
    for seed in range(trials):
        last.write_bytes(damaged(whole, seed))
        path, _ = find(run)
        if path == last:  # bytes that nobody reads were changed
            content = torch.load(last, weights_only=True)
            assert torch.equal(content['state_dict']['weight'], expected)
            assert damage(last) is None
        else:
            assert path == run / 'epoch_2.pth'
            left += 1
    print(f'{left} of {trials} are passed over, the others hold the same')
    assert left > trials // 2


def test_a_damaged_best_one_is_left_for_another(run, capsys):
    save(run, 'best_OA_epoch_7.pth', 7)
    os.utime(run / 'best_OA_epoch_7.pth')  # does not count
    assert best_checkpoint(run).name == 'best_mIoU_epoch_9.pth'
    cut(run / 'best_mIoU_epoch_9.pth')
    assert best_checkpoint(run).name == 'best_OA_epoch_7.pth'
    assert (
        'epoch_9.pth is an incomplete or damaged one'
        in capsys.readouterr().out
    )
    cut(run / 'best_OA_epoch_7.pth')
    with pytest.raises(ValueError, match='no whole best checkpoint'):
        best_checkpoint(run)  # not the last one, in silence
    for path in run.glob('best_*'):
        path.unlink()
    assert best_checkpoint(run) == run / 'epoch_3.pth'


def test_of_two_trainings_in_a_folder_the_later_one_counts(tmp_path):
    """The first one's best epoch may have the higher number."""
    save(tmp_path, 'best_mIoU_epoch_3.pth', 3, time='20260102_000000')
    save(tmp_path, 'best_mIoU_epoch_9.pth', 9, time='20260101_000000')
    assert best_checkpoint(tmp_path).name == 'best_mIoU_epoch_3.pth'


def config(folder, load_from=None):
    return Config(
        dict(work_dir=str(folder), load_from=load_from, launcher='none')
    )


def test_where_a_run_starts(tmp_path, run, capsys):
    other = str(save(tmp_path, 'other.pth', 1))
    new = tmp_path / 'new'

    def start(folder, load_from, resume, given=False):
        cfg = config(folder, load_from)
        train.choose_start(cfg, resume, given)
        return cfg.load_from, cfg.resume

    last = str(run / 'epoch_3.pth')
    assert start(run, None, False) == (None, False)
    assert start(run, None, True) == (last, True)
    assert start(new, None, True) == (None, False)
    # weights of another run, which the config names
    assert start(run, other, True) == (last, True)
    assert start(new, other, True) == (other, False)
    assert start(run, other, False) == (other, False)
    capsys.readouterr()
    # asked for on the command line
    assert start(run, other, True, given=True) == (other, True)
    assert f'continues from {other}, as load_from' in capsys.readouterr().out
    cut(tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='other.pth.*an incomplete'):
        start(new, other, False)


def test_checkpoints_in_a_folder_of_their_own(tmp_path, run):
    shutil.move(run, tmp_path / 'elsewhere' / 'run')
    run.mkdir()
    shutil.move(tmp_path / 'elsewhere' / 'run' / 'last_checkpoint', run)
    cfg = config(run)
    out_dir = str(tmp_path / 'elsewhere')
    cfg.default_hooks = dict(checkpoint=dict(out_dir=out_dir))
    train.choose_start(cfg, True, False)
    assert cfg.load_from == f'{out_dir}/run/epoch_3.pth'
