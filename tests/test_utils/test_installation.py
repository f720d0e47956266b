"""Messages and configs are right in a checkout and without one."""

from pathlib import Path

import pytest

from helpers import ROOT
from multimodal_rs.utils import installation


def test_checkout_is_this_one() -> None:
    assert installation.checkout() == ROOT
    command = installation.prepare_command('ombria')
    assert command == 'python data_prep/ombria.py FOLDER'
    assert (ROOT / command.split()[1]).is_file()


def test_command_without_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, 'checkout', lambda: None)
    command = installation.prepare_command('ombria')
    assert command == 'multimodal-rs-prepare ombria FOLDER'


def test_configs_by_path_and_by_name(tmp_path: Path) -> None:
    found = installation.dataset_config('ombria.py')
    assert found == ROOT / 'configs/_base_/datasets/ombria.py'
    mine = tmp_path / 'mine.py'
    mine.write_text('')
    assert installation.dataset_config(mine) == mine
    with pytest.raises(FileNotFoundError, match='pass the path of a config'):
        installation.dataset_config('none.py')


def test_configs_that_are_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(installation, 'checkout', lambda: None)
    monkeypatch.setattr(installation, 'DISTRIBUTION', 'no-such-distribution')
    with pytest.raises(FileNotFoundError, match='not found: pass the path'):
        installation.dataset_config('ombria.py')
