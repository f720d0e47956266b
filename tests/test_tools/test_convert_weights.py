import pickle

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

import convert_weights
from helpers import ROOT, author_state
from multimodal_rs.utils.damage import DamagedFileError
from multimodal_rs.weights.pretrained import read_pretrained
from multimodal_rs.weights.transfer import transfer

CONFIG = 'configs/joitrinet/joitrinet-d_r101_1xb8-200e_dfc2020-256x256.py'


def save(path, without=None):
    state = author_state('joitrinet_d', without)
    wrapped = {f'module.{k}': v for k, v in state.items()}
    torch.save(dict(state_dict=wrapped, epoch=3), path)
    return path


@pytest.fixture
def source(tmp_path):
    """A file of the authors without the stages of their encoders."""
    return save(tmp_path / 'src.pth', without='.layer')


@pytest.fixture
def whole(tmp_path):
    return save(tmp_path / 'src.pth')


def run(source, *options):
    target = source.parent / 'out' / 'dst.pth'
    code = convert_weights.main(
        [str(source), str(target), '--source', 'joitrinet', *options]
    )
    return code, target


def test_every_key_is_converted_and_fits_the_config(whole):
    code, target = run(whole, '--config', CONFIG)
    assert code == 0
    state = torch.load(target, weights_only=True)['state_dict']
    original = author_state('joitrinet_d')
    assert len(state) == len(original)
    torch.testing.assert_close(
        state['backbone.branches.sar.conv1.weight'],
        original['encoder_m2.conv1.weight'],
    )


def test_unmatched_keys_are_printed_and_nothing_is_written(source, capsys):
    content = torch.load(source, weights_only=True)
    content['state_dict']['head_m9.0.weight'] = torch.zeros(1)
    torch.save(content, source)
    code, target = run(source)
    assert code == 1
    assert 'unmatched: head_m9.0.weight' in capsys.readouterr().out
    assert not target.exists()


def test_nested_wrappers_are_opened(source):
    content = torch.load(source, weights_only=True)
    torch.save(dict(model=content), source)
    assert run(source)[0] == 0


def test_a_file_with_code_has_to_be_trusted(source, monkeypatch):
    content = torch.load(source, weights_only=True)
    torch.save(dict(content, config=Config(dict(a=1))), source)
    with pytest.raises(pickle.UnpicklingError):
        run(source)
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    assert run(source)[0] == 0


def test_a_file_without_known_tensors_is_refused(source, capsys):
    content = torch.load(source, weights_only=True)
    torch.save(dict(network=content['state_dict'], epoch=3), source)
    code, target = run(source)
    assert code == 1
    assert 'src.pth has no tensors' in capsys.readouterr().out
    assert not target.exists()


@pytest.mark.parametrize('kind', [list, tuple, torch.tensor])
def test_a_file_without_names_is_refused(tmp_path, kind):
    file = tmp_path / 'src.pth'
    torch.save(kind([1.0, 2.0]), file)
    name = type(kind([1.0])).__name__
    message = f'src.pth holds a {name}, expected a dict of weights'
    with pytest.raises(DamagedFileError, match=message):
        run(file)
    with pytest.raises(DamagedFileError, match=message):
        read_pretrained(str(file))
    torch.save({0: torch.zeros(1)}, file)
    assert run(file)[0] == 1


def test_misfits_with_the_config_are_printed(whole, capsys):
    other = CONFIG.replace('dfc2020', 'dongying')
    code, target = run(whole, '--config', other)
    assert code == 1
    assert not target.exists()
    printed = capsys.readouterr().out
    assert 'decode_head.conv_seg.bias: shape (8,), the config needs (5,)' in (
        printed
    )


@pytest.mark.parametrize(
    'source, fixture, config, keys',
    [
        (
            'mcf-mamba',
            'mcfmamba_tiny',
            'mcf_mamba/mcf-mamba-rbgn_vmamba-t_1xb8-100e_dfc2020-256x256.py',
            657,
        ),
        (
            'ref-net',
            'refnet',
            'ref_net/ref-net-background_r50_1xb8-70k_dfc2020-256x256.py',
            1276,
        ),
        (
            'cmx',
            'cmx_mit_b2',
            'cmx/cmx_mit-b2_1xb8-200e_dfc2020-256x256.py',
            773,
        ),
        (
            'cmnext',
            'cmnext_b2_2',
            'cmnext/cmnext_mit-b2_1xb8-200e_dfc2020-256x256.py',
            864,
        ),
    ],
)
def test_other_authors_fit_the_config_of_their_data(
    source, fixture, config, keys, tmp_path, capsys
):
    """Every key is used, also where two become one, as query and key do."""
    file, target = tmp_path / 'src.pth', tmp_path / 'dst.pth'
    original = author_state(fixture)
    torch.save(dict(model=original), file)
    options = ['--source', source, '--config', f'configs/{config}']
    assert convert_weights.main([str(file), str(target), *options]) == 0
    state = torch.load(target, weights_only=True)['state_dict']
    assert len(state) == keys
    number = len(original)
    expected = f'{number} of {number} keys converted, into {keys} tensors ('
    assert expected in capsys.readouterr().out


def test_the_last_layer_of_the_authors_pretraining_is_no_classifier(tmp_path):
    state = author_state('mcfmamba_tiny')
    outputs = 'sem_seg_head.output.weight'
    state[outputs] = torch.randn(6, *state[outputs].shape[1:])
    file, target = tmp_path / 'src.pth', tmp_path / 'dst.pth'
    torch.save(state, file)
    pretraining, fine_tuning = (
        f'configs/cmss/mcf-mamba-{kind}_dfc2020-256x256.py'
        for kind in ('pre_vmamba-t_1xb8-300e', 'ft-rbgn_vmamba-t_1xb8-100e')
    )
    options = ['--source', 'mcf-mamba-cmss', '--config', pretraining]
    assert convert_weights.main([str(file), str(target), *options]) == 0
    converted = torch.load(target, weights_only=True)['state_dict']
    network = MODELS.build(Config.fromfile(ROOT / fine_tuning).model)
    report = transfer(converted, network, 'authors')
    assert report.missing == ['decode_head.conv_seg.weight']
    assert report.unused == ['reconstruction.weight']


def test_what_is_not_needed_is_printed(tmp_path, capsys):
    file = tmp_path / 'src.pth'
    state = author_state('vssm_tiny') | {'head.bias': torch.zeros(10)}
    torch.save(dict(model=state), file)
    target = tmp_path / 'dst.pth'
    code = convert_weights.main([str(file), str(target), '--source', 'vmamba'])
    assert code == 0
    printed = capsys.readouterr().out
    assert 'not needed: classifier.head.bias' in printed
    assert f'{len(state) - 1} of {len(state)} keys converted' in printed
    assert len(torch.load(target, weights_only=True)['state_dict']) == 216
