"""The page of a run, from files that the metrics have written."""

import json
import re

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

import analyze_logs
import confusion_matrix
from multimodal_rs.evaluation.calibration_metric import CalibrationMetric
from multimodal_rs.evaluation.land_cover_metric import LandCoverMetric
from multimodal_rs.reports.charts import curves_chart
from multimodal_rs.reports.page import render
from multimodal_rs.reports.run_files import read_curves, read_run
from multimodal_rs.reports.run_report import run_page

CLASSES = ('sea', '<b>', 'town')
SAR = dict(bands=['VV'], unit='dB', mean=[-9.5])
PALETTE = ((0, 0, 255), (0, 255, 0), (255, 0, 0))


def evaluate(folder, seed):
    """Let the metrics write their files about random predictions."""
    folder.mkdir(exist_ok=True)
    torch.manual_seed(seed)
    logits = torch.randn(3, 16, 16)
    sample = dict(
        seg_logits=dict(data=logits),
        pred_sem_seg=dict(data=logits.argmax(0, keepdim=True)),
        gt_sem_seg=dict(data=torch.randint(0, 3, (1, 16, 16))),
        img_path='a.tif',
    )
    for metric in (LandCoverMetric, CalibrationMetric):
        metric = metric(report_dir=str(folder))
        metric.dataset_meta = dict(classes=CLASSES)
        metric.process({}, [sample])
        metric.evaluate(1)


def add_config(folder):
    config = Config(
        dict(
            model=dict(
                type='Net',
                backbone=dict(type='Trunk'),
                data_preprocessor=dict(modalities=dict(sar=SAR)),
            ),
            # Only a variable, which the model need not have taken as it is.
            data_preprocessor=dict(modalities=dict(sar=dict(bands=['HH']))),
            test_dataloader=dict(
                dataset=dict(metainfo=dict(classes=CLASSES, palette=PALETTE))
            ),
            randomness=dict(seed=3),
        )
    )
    (folder / 'vis_data').mkdir(parents=True)
    config.dump(folder / 'vis_data' / 'config.py')


@pytest.fixture
def run(tmp_path):
    """A work directory: a training that was resumed, and a test."""
    lines = {
        '20260101_000000': [
            dict(loss=2.0, epoch=1, step=10),
            dict(mIoU=30.0, step=1),
            dict(loss=1.5, epoch=2, step=20),
            dict(mIoU=35.0, step=2),
            dict(loss=9.0, epoch=3, step=30),
        ],
        '20260101_010000': [
            dict(mIoU=35.0, step=2),  # repeated before the first iteration
            {'loss': 1.25, 'opt.loss_ce': 0.5, 'epoch': 3, 'step': 30},
            {'mIoU': 40.0, 'val/cross_entropy': 0.7, 'step': 3},
        ],
    }
    for name, logged in lines.items():
        add_config(tmp_path / name)
        scalars = tmp_path / name / 'vis_data' / 'scalars.json'
        scalars.write_text('\n'.join(map(json.dumps, logged)) + '\n{"loss')
    test = tmp_path / '20260102_113000'
    add_config(test)
    evaluate(test, 0)
    evaluate(test / 'sar', 1)
    subsets = {'opt+sar': {}, 'sar': {}}
    (test / 'modality_subsets.json').write_text(json.dumps(subsets))
    (test / f'{test.name}.json').write_text('{}')
    (test / 'a.log').write_text('    PyTorch: 2.13.0\nRuntime environment:\n')
    (tmp_path / 'net_r18.py').write_text('')
    return tmp_path


def test_what_is_read(run):
    (run / '20260101_020000.py').write_text('')
    found = read_run(run)
    assert found.name == 'net_r18'
    assert list(found.accuracy) == ['opt+sar', 'sar']
    assert found.accuracy['sar'].matrix.sum() == 256
    # What was repeated after the resumption counts.
    assert found.curves.losses['loss'] == ([10, 20, 30], [2.0, 1.5, 1.25])
    assert found.curves.losses['opt.loss_ce'] == ([30], [0.5])
    values = [30.0, 35.0, 40.0]
    assert found.curves.validation['mIoU'] == ([10, 20, 30], values)
    assert found.curves.validation['cross_entropy'] == ([30], [0.7])
    assert found.versions == {'PyTorch': '2.13.0'}
    assert sum(found.calibration['pixels']) == 256


@pytest.mark.parametrize('by_epoch', [True, False])
def test_a_training_that_began_anew_has_its_own_curves(run, by_epoch):
    again = run / '20260103_000000'
    add_config(again)
    first, second = (dict(epoch=n) if by_epoch else {} for n in (1, 2))
    lines = [dict(loss=4.0, step=10, **first), dict(loss=3.0, step=20)]
    lines[1].update(second)
    lines.append(dict(mIoU=5.0, step=2 if by_epoch else 20))
    scalars = again / 'vis_data' / 'scalars.json'
    scalars.write_text('\n'.join(map(json.dumps, lines)))
    curves = read_curves(run)
    assert curves.losses == {'loss': ([10, 20], [4.0, 3.0])}
    assert curves.validation == {'mIoU': ([20], [5.0])}


def test_the_page_says_it_all(run):
    text = render(run_page(run))
    assert '<h1>net_r18</h1>' in text and '2026-01-02 11:30' in text
    found = read_run(run).accuracy['opt+sar'].summary
    assert f'<dd>{found["mIoU"]:.2f}</dd>' in text
    for anchor in ('accuracy', 'subsets', 'tiles', 'training', 'settings'):
        assert f'<section id="{anchor}">' in text
    assert '&lt;b&gt;' in text and '<b>' not in text
    assert 'expected calibration error' in text
    assert '-9.5' in text and 'PyTorch' in text
    assert '>VV<' in text and '>HH<' not in text
    assert 'default_hooks.visualization.draw=True' in text


def test_settings_are_those_of_the_training(run):
    """Not of the test, which may have been given other options."""
    config = run / '20260101_010000' / 'vis_data' / 'config.py'
    optimizer = "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.125))"
    config.write_text(f'{config.read_text()}\n{optimizer}\n')
    text = render(run_page(run))
    assert '<td>type SGD, lr 0.125</td>' in text


def test_the_contact_sheet_of_the_test_itself_is_shown(run):
    """Not what lies in the folder of --show-dir, perhaps of a later test."""
    test = run / '20260102_113000'
    (run / 'shown' / 'vis_data').mkdir(parents=True)
    config = test / 'vis_data' / 'config.py'
    visualizer = f'visualizer = dict(save_dir={str(run / "shown")!r})'
    config.write_text(f'{config.read_text()}\n{visualizer}\n')
    sheet = Image.fromarray(np.zeros((9, 9, 3), np.uint8))
    sheet.save(run / 'shown' / 'vis_data' / 'contact_sheet.png')
    assert 'draw=True' in render(run_page(run))
    sheet.save(test / 'vis_data' / 'contact_sheet.png')
    text = render(run_page(run))
    assert re.search(r'<figure class="wide">\s*<img src="data:image/png', text)
    assert 'draw=True' not in text


def test_a_test_whose_pictures_lie_elsewhere(run):
    """As with --show-dir, where mmengine writes its config as well."""
    test = run / '20260102_113000'
    (test / 'vis_data/config.py').rename(run / 'net_r18.py')
    found = read_run(run)
    assert found.test == test and found.config.randomness.seed == 3
    (run / 'other.py').write_text('')
    with pytest.raises(FileNotFoundError, match=r"\['net_r18.py', 'other.py'"):
        read_run(run)
    (run / 'net_r18.py').rename(run / f'{test.name}.py')
    assert read_run(run).config.randomness.seed == 3


def test_what_is_no_run_of_its_own(run):
    """A later test that was refused, its pictures, another's validation."""
    wanted = read_run(run)
    for name in ('20260103_000000', '20260104_000000', 'pictures'):
        add_config(run / name)
        config = run / name / 'vis_data' / 'config.py'
        config.write_text(config.read_text().replace('seed=3', 'seed=4'))
    evaluate(run / '20260104_000000', 2)  # its scalars are in TensorBoard
    found = read_run(run)
    assert found.test == wanted.test
    assert found.training.randomness.seed == 3
    assert found.curves == wanted.curves


def test_a_folder_without_a_test_is_named(tmp_path):
    add_config(tmp_path / '20260101_000000')
    with pytest.raises(FileNotFoundError, match='run tools/test.py'):
        run_page(tmp_path)


def test_damaged_lines_are_named(run):
    file = run / '20260101_010000' / 'vis_data' / 'scalars.json'
    file.write_text('{"loss\n{"loss": 1.0, "step": 1}\n')
    with pytest.raises(ValueError, match='scalars.json, line 1: expected'):
        run_page(run)


@pytest.mark.parametrize('options', [(), ('--subset', 'sar')])
def test_figure_of_a_matrix(run, options):
    out = run / 'matrix.png'
    assert confusion_matrix.main([str(run), '--out', str(out), *options]) == 0
    drawn = np.asarray(Image.open(out))
    file = run / '20260102_113000' / 'sar' / 'land_cover.json'
    assert confusion_matrix.main([str(file), '--out', str(out)]) == 0
    same = np.array_equal(np.asarray(Image.open(out)), drawn)
    assert same == bool(options)
    arguments = [str(run), '--out', str(out), '--subset', 'dem']
    with pytest.raises(ValueError, match=r"\['opt\+sar', 'sar'\]"):
        confusion_matrix.main(arguments)


def test_figure_of_curves(run, monkeypatch):
    drawn = []

    def chart(curves, label):
        drawn.append((curves, label))
        return curves_chart(curves, label)

    monkeypatch.setattr(analyze_logs, 'curves_chart', chart)
    out = run / 'curves.png'
    arguments = [str(run), str(run), '--out', str(out), '--keys']
    arguments += ['loss', 'mIoU', '--legend']
    assert analyze_logs.main([*arguments, 'a', 'b']) == 0
    curves, label = drawn[0]
    assert label == 'loss, mIoU' and out.stat().st_size > 1000
    assert curves['a: mIoU'] == ([10, 20, 30], [30.0, 35.0, 40.0])
    assert list(curves) == ['a: loss', 'a: mIoU', 'b: loss', 'b: mIoU']
    with pytest.raises(SystemExit):
        analyze_logs.main([*arguments, 'a'])
    arguments[4:] = ['--keys', 'nothing']
    with pytest.raises(ValueError, match='has logged no nothing, expected'):
        analyze_logs.main(arguments)


@pytest.mark.parametrize('tool', [confusion_matrix, analyze_logs])
@pytest.mark.parametrize('name', ['a.docx', 'a'])
def test_a_suffix_that_is_no_format_of_figures(run, tool, name):
    with pytest.raises(ValueError, match=rf"{name} would .*\['avif', .*png"):
        tool.main([str(run), '--out', str(run / name)])
    assert not (run / name).exists()


def test_tools_name_what_is_no_result(tmp_path):
    (tmp_path / 'a.json').write_text('{"a": 1}')
    picture = str(tmp_path / 'a.png')
    with pytest.raises(ValueError, match='a.json cannot be read: KeyError'):
        confusion_matrix.main([str(tmp_path / 'a.json'), '--out', picture])
    with pytest.raises(FileNotFoundError, match='work directory of a trainin'):
        analyze_logs.main([str(tmp_path), '--out', picture])
