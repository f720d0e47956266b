"""Pictures of what the pipeline of a dataset yields."""

import sys

import numpy as np
from PIL import Image

import browse_dataset
from drawn_tiles import make_tiles, runner_config


def test_browse_tool_draws_what_the_pipeline_yields(tmp_path, monkeypatch):
    make_tiles(tmp_path)
    config = runner_config(tmp_path)
    config.custom_imports = dict(imports=['multimodal_rs'])
    config.dump(tmp_path / 'config.py')
    out = tmp_path / 'browse'
    words = ['--split', 'val', '--count', '9', '--out', str(out)]
    monkeypatch.setattr(
        sys, 'argv', ['browse_dataset.py', str(tmp_path / 'config.py'), *words]
    )
    monkeypatch.setattr(browse_dataset, 'ROWS', 4)
    browse_dataset.main()
    pages = [np.asarray(Image.open(out / f'val_{i}.png')) for i in (1, 2)]
    assert len(list(out.iterdir())) == 2
    # 24 pixels are shown as 240; four tiles, then one
    assert pages[0].shape[0] - pages[1].shape[0] == 3 * (240 + 26 + 12)
