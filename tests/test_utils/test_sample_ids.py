import pytest

from multimodal_rs.utils.sample_ids import check_sample_id, file_below


@pytest.mark.parametrize('inside', ['a', 'scene/0_0', 'a..b', '..a/b', 'a.b'])
def test_ids_that_stay_in_their_folder(tmp_path, inside):
    assert check_sample_id(inside, 'train.txt') == inside
    assert file_below(tmp_path, inside, '.png') == tmp_path / f'{inside}.png'


@pytest.mark.parametrize(
    'outside',
    ['..', '../a', 'a/../../b', '/etc/passwd', 'C:a', '..\\a', '\\a', 'a\0'],
)
def test_ids_that_leave_their_folder(tmp_path, outside):
    with pytest.raises(ValueError, match='train.txt: the sample id .*leaves'):
        check_sample_id(outside, 'train.txt')
    with pytest.raises(ValueError, match='leaves the folder'):
        file_below(tmp_path, outside, '.png')
