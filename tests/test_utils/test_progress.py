"""A bar where a person looks, lines where a file is written."""

import pytest

from multimodal_rs.utils import progress as module
from multimodal_rs.utils.progress import progress, progress_bar


def test_log_file_gets_the_last_line_only(capfd) -> None:
    assert list(progress(range(5), 'tiles')) == [0, 1, 2, 3, 4]
    captured = capfd.readouterr()
    assert captured.err == 'tiles: 5/5, 0 s left\n'
    assert captured.out == ''


def test_log_file_gets_a_line_per_interval(capfd, monkeypatch) -> None:
    clock = iter([0.0, 10.0, 31.0, 40.0, 62.0, 63.0])
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(clock))
    list(progress('abcde', 'letters'))
    assert capfd.readouterr().err.splitlines() == [
        'letters: 2/5, 46 s left',
        'letters: 4/5, 16 s left',
        'letters: 5/5, 0 s left',
    ]


def test_nothing_is_said_of_nothing(capfd) -> None:
    assert list(progress([], 'tiles')) == []
    with progress_bar('windows', 2, shown=False) as advance:
        advance(2)
    assert capfd.readouterr().err == ''


def test_the_log_gets_a_line_a_minute(caplog, capfd, monkeypatch) -> None:
    moments = [0.0, 20.0, 61.0, 100.0, 125.0, 130.0]
    clock = iter(moments)
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(clock))
    with caplog.at_level('INFO'), progress_bar('x', 5, shown=False) as advance:
        for _ in range(5):
            advance(1)
    assert caplog.messages == [
        'x: 2/5, 92 s left',
        'x: 4/5, 31 s left',
        'x: 5/5, 0 s left',
    ]
    assert capfd.readouterr().err == ''


def test_bar_on_a_terminal(monkeypatch) -> None:
    """On a pseudo terminal, as a person sees it."""
    pty = pytest.importorskip('pty')
    import os

    parent, child = pty.openpty()
    with os.fdopen(child, 'w') as terminal:
        monkeypatch.setattr('sys.stderr', terminal)
        monkeypatch.setenv('TERM', 'xterm')
        with progress_bar('windows', 7) as advance:
            advance(3)
            advance(4)
        terminal.flush()
        shown = ''
        while '7/7' not in shown:  # it comes in pieces
            shown += os.read(parent, 65536).decode()
    os.close(parent)
    assert 'windows' in shown and '7/7' in shown
