"""Lists as editors and shells write them: the same tiles, or a refusal."""

from pathlib import Path

import pytest

from multimodal_rs.data_prep.splits import write_split
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.split_list import read_split_list

TILES = ['a/1', 'Süd 2', 'c#3']
LINES = ['# by hand', 'a/1', '', '  Süd 2\t', '   # later', 'c#3', '']


@pytest.mark.parametrize(
    'encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32']
)
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
def test_encodings_and_line_ends(
    tmp_path: Path, encoding: str, end: str
) -> None:
    path = tmp_path / 'train.txt'
    path.write_bytes(end.join(LINES).encode(encoding))
    assert read_split_list(path) == TILES
    dataset = MultiModalSegDataset(
        modalities=dict(opt=dict(bands=[0])),
        label=False,
        data_root=str(tmp_path),
        ann_file='train.txt',
    )
    assert [record['sample_id'] for record in dataset] == TILES


def test_big_endian_and_joined_lists(tmp_path: Path) -> None:
    path = tmp_path / 'train.txt'
    path.write_bytes('\ufeffa/1\r\nb\r\n'.encode('utf-16-be'))
    assert read_split_list(path) == ['a/1', 'b']
    path.write_bytes(2 * '\ufeffa\n'.encode())
    assert read_split_list(path) == ['a', 'a']


@pytest.mark.parametrize('encoding', ['latin-1', 'utf-16-le', 'utf-16-be'])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / 'train.txt'
    path.write_bytes('a/1\nSüd 2\n'.encode(encoding))
    with pytest.raises(ValueError, match='train.txt cannot be read as utf-8'):
        read_split_list(path)


def test_written_lists_are_compared_by_bytes(tmp_path: Path) -> None:
    path = tmp_path / 'train.txt'
    path.write_bytes('a\n'.encode('utf-16'))
    write_split(tmp_path, dict(train=['a']))
    assert path.read_bytes() == b'a\n'
