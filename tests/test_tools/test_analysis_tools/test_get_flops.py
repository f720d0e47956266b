"""The table of parameters and flops."""

import pytest

import get_flops
from helpers import ROOT

MCF_MAMBA = 'configs/mcf_mamba/mcf-mamba_vmamba-{}.py'


@pytest.mark.parametrize(
    'config',
    [
        MCF_MAMBA.format('xt_1xb8-40e_simulated-128x128'),
        'configs/joitrinet/joitrinet-e_r18_1xb8-15e_simulated-128x128.py',
        'configs/baselines/deeplabv3plus-sar_r18_1xb8-15e_simulated-128x128'
        '.py',
    ],
)
def test_tool(config, capsys):
    get_flops.main([str(ROOT / config), '--shape', '32', '64'])
    text = capsys.readouterr().out
    assert "1 x {'opt': 4, 'sar': 2} at 32 x 64" in text
    assert 'flops: 0.' in text and 'parameters: ' in text
    assert ('scan projections' in text) == ('mamba' in config)


def test_tool_without_a_config():
    with pytest.raises(SystemExit, match='expected a file, found nothing'):
        get_flops.main(['configs/no_such.py'])


@pytest.mark.parametrize('shape', [('0', '64'), ('64', '-1'), ('64', 'x')])
def test_sizes_are_whole_numbers(shape, capsys):
    with pytest.raises(SystemExit):
        get_flops.main(['config.py', '--shape', *shape])
    assert 'expected a whole number from 1 on' in capsys.readouterr().err


def test_a_size_that_is_too_small_is_named():
    config = 'configs/cmx/cmx_mit-b0_1xb8-15e_simulated-128x128.py'
    with pytest.raises(ValueError, match=r'opt is \(28, 64\) pixels'):
        get_flops.main([str(ROOT / config), '--shape', '28', '64'])
