"""What is logged goes into a file as well as to where it went before."""

import logging
import re
import warnings

from multimodal_rs.utils.log_file import PACKAGE, log_file

LOG = logging.getLogger('multimodal_rs.somewhere')
LINE = r'\d{4}-\d\d-\d\d [\d:,]+ \[\d+\] '


def test_file_gets_what_is_logged_and_warned_of(tmp_path) -> None:
    path = tmp_path / 'new' / 'log.txt'
    for word in ('once', 'twice'):
        with log_file(path), warnings.catch_warnings():
            warnings.simplefilter('always')
            LOG.info('said %s', word)
            LOG.debug('nothing')
            warnings.warn('look out', stacklevel=1)
        LOG.warning('outside')
    expected = ['said once', 'look out', 'said twice', 'look out']
    lines = path.read_text().splitlines()
    assert len(lines) == 4
    for line, words in zip(lines, expected, strict=True):
        assert re.fullmatch(LINE + words, line)
    with log_file(None):
        LOG.info('no file')


def test_stderr_gets_warnings_as_before(tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setattr(PACKAGE, 'propagate', False)  # pytest's handlers
    with log_file(tmp_path / 'log.txt'):
        LOG.info('quiet')
        LOG.warning('loud')
    assert capfd.readouterr().err == 'loud\n'
    assert len((tmp_path / 'log.txt').read_text().splitlines()) == 2
    assert not PACKAGE.hasHandlers()
