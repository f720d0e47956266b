"""A checkpoint is proven to be whole before its weights are used."""

import zipfile

import pytest
import torch

from damaged_files import damaged
from multimodal_rs.weights.checkpoint_files import damage, require_whole


@pytest.fixture
def state():
    return dict(
        meta=dict(epoch=3, iter=30),
        state_dict={f'layer{i}': torch.randn(8, 40) for i in range(6)},
    )


def save(state, path, **options):
    torch.save(state, path, **options)
    return path


def same(a, b):
    return a['meta'] == b['meta'] and all(
        torch.equal(tensor, b['state_dict'][key])
        for key, tensor in a['state_dict'].items()
    )


def test_torch_writes_checksums_and_does_not_look_at_them(tmp_path, state):
    """Otherwise all of this would be of no use, or not needed."""
    path = save(state, tmp_path / 'a.pth')
    with zipfile.ZipFile(path) as archive:
        assert all(entry.CRC for entry in archive.infolist())
        place = archive.getinfo('a/data/2').header_offset
    content = bytearray(path.read_bytes())
    content[place + 500] ^= 1
    path.write_bytes(content)
    assert not same(torch.load(path, weights_only=True), state)
    assert "in the entry 'a/data/2' (Bad CRC-32" in damage(path)


def test_files_without_checksums_pass(tmp_path, state):
    old = dict(_use_new_zipfile_serialization=False)
    assert damage(save(state, tmp_path / 'old.pth', **old)) is None
    torch.serialization.set_crc32_options(False)
    try:
        path = save(state, tmp_path / 'none.pth')
    finally:
        torch.serialization.set_crc32_options(True)
    assert damage(path) is None


def test_what_is_no_checkpoint_is_named(tmp_path, state):
    path = save(state, tmp_path / 'a.pth')
    require_whole(path)
    require_whole('https://example.org/a.pth')
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match="a.pth': expected a whole file"):
        require_whole(path)
    path.write_text('<html>')
    assert damage(path) == 'another kind of file'
    path.write_text('')
    assert damage(path) == 'an empty file'
    with pytest.raises(FileNotFoundError):
        require_whole(tmp_path / 'none.pth')


@pytest.mark.parametrize(
    'trials', [60, pytest.param(3000, marks=pytest.mark.slow)]
)
def test_no_damaged_file_gives_other_weights(tmp_path, state, trials):
    """What passes holds the same, for instance after a change in padding."""
    whole = save(state, tmp_path / 'a.pth').read_bytes()
    path = tmp_path / 'damaged.pth'
    found = 0
    for seed in range(trials):
        path.write_bytes(damaged(whole, seed))
        if damage(path) is not None:
            found += 1
        elif path.read_bytes()[:1] != b'\x80':  # not what pickles begin with
            assert same(torch.load(path, weights_only=True), state), seed
    print(f'{found} of {trials} files are refused, the others hold the same')
    assert found > trials // 2
