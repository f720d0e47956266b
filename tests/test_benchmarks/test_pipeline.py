"""The pipeline against bare reads of the same files."""

import re

import pipeline
from fake_data.ombria import make_ombria
from helpers import ROOT

NAME = 'deeplabv3plus-stack_r18_1xb8-8e_ombria-128x128'


def test_figures_of_a_config(tmp_path, capsys):
    make_ombria(tmp_path, train=3)
    tiles = [f'train/{number:04}' for number in (1, 2, 3)]
    (tmp_path / 'list.txt').write_text('\n'.join(tiles))
    dataset = 'train_dataloader.dataset'
    pipeline.main(
        [
            str(ROOT / f'configs/baselines/{NAME}.py'),
            *('--rounds', '2', '--workers', '0', '--step', '--steps', '1'),
            *('--cfg-options', f'{dataset}.data_root={tmp_path}'),
            f'{dataset}.ann_file=list.txt',
            *(
                'train_dataloader.batch_size=2',
                'train_dataloader.num_workers=0',
            ),
        ]
    )
    printed = capsys.readouterr().out
    assert f'{NAME}.py: 3 tiles' in printed
    ratio = re.search(r'pipeline / bare reads: ([\d.]+) \(from', printed)
    assert float(ratio[1]) > 0
    for figure in (
        r'bare reads +[\d.]+ images/s',
        r'0 workers +[\d.]+ images/s',
        r'[\d.]+ s per step',
        r'[\d.]+% of it waiting for data',
    ):
        assert re.search(figure, printed), figure
