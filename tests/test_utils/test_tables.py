import csv

from multimodal_rs.utils import tables

HEADER = ['network', 'mIoU']
ROWS = [['net_a & b', '**75.70 ± 0.65**'], ['net, c', '']]


def test_markdown_keeps_empty_cells():
    text = tables.markdown_table(HEADER, ROWS)
    assert text.splitlines() == [
        '| network | mIoU |',
        '|---|---|',
        '| net_a & b | **75.70 ± 0.65** |',
        '| net, c | |',
    ]


def test_latex_escapes_and_is_bold():
    lines = tables.latex_table(HEADER, ROWS, [False, True]).splitlines()
    assert lines[0] == r'\begin{tabular}{lr}' and lines[1] == r'\toprule'
    assert lines[4] == r'net\_a \& b & \textbf{75.70 $\pm$ 0.65} \\'
    assert lines[5] == r'net, c &  \\'
    assert lines[-2:] == [r'\bottomrule', r'\end{tabular}']


def test_csv_is_read_back(tmp_path):
    target = tmp_path / 'table.csv'
    tables.write_csv(target, HEADER, ROWS)
    with target.open(newline='') as file:
        assert list(csv.reader(file)) == [HEADER, *ROWS]


def test_text_has_two_decimals_and_dashes():
    text = tables.text_table(HEADER, [['a', 1 / 3], ['b', float('nan')]])
    assert '| a       | 0.33 |' in text and '| b       |    - |' in text
