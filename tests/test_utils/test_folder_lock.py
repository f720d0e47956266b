"""A folder is held by one process, and by none that has ended."""

import os

import pytest

from multimodal_rs.utils.folder_lock import FolderInUseError, only_one
from tool_runs import start_tool, until

HOLDER = """
import sys, time
from multimodal_rs.utils.folder_lock import only_one
with only_one(sys.argv[1], 'train'):
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds a folder."""
    script = tmp_path / 'hold.py'
    script.write_text(HOLDER)
    process = start_tool(script, tmp_path / 'run', output=os.devnull)
    until((tmp_path / 'run/.train.holder.json').exists)
    yield process
    process.kill()
    process.join()


def test_a_second_process_waits_until_the_first_has_ended(
    tmp_path, holder, capsys
):
    folder = tmp_path / 'run'
    with only_one(folder, 'seeds'):  # other work may go on
        pass
    assert capsys.readouterr().out == ''
    with pytest.raises(FolderInUseError) as error:
        with only_one(folder, 'train', 0.2):
            pass
    who = f'{folder} is in use by process {holder.pid} on '
    assert str(error.value).startswith(who)
    assert ', since 20' in str(error.value)
    assert 'choose another folder' in str(error.value)
    assert capsys.readouterr().out.startswith(who)

    (folder / '.train.holder.json').write_text('{}')
    with pytest.raises(FolderInUseError, match='use by another process'):
        with only_one(folder, 'train', 0):
            pass

    holder.kill()
    holder.join()
    capsys.readouterr()
    for _ in range(2):
        with only_one(folder, 'train', 0):
            pass
    assert capsys.readouterr().out == ''
    left = sorted(path.name for path in folder.iterdir())
    assert left == ['.seeds.lock', '.train.lock']
