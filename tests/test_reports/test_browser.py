"""The page in a browser: the script runs, nothing is asked for."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from multimodal_rs.reports import embed
from multimodal_rs.reports.page import (
    Layer,
    Layers,
    LegendEntry,
    Page,
    Section,
    write_page,
)

CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')


@pytest.mark.skipif(CHROMIUM is None, reason='no Chromium is installed')
def test_layers_are_faded_by_the_script(tmp_path):
    black = embed.drawing(np.zeros((2, 2, 3), np.uint8))
    layers = [Layer('a', black), Layer('b', black)]
    legend = [LegendEntry('sea', '#0000ff')]
    block = Layers(layers, layers, legend, (2, 2))
    file = tmp_path / 'page.html'
    write_page(file, Page('t', 's', [Section('map', 'Map', [block])]))
    done = subprocess.run(
        [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu']
        + ['--enable-logging=stderr', '--dump-dom', file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    above = re.findall(r'<img data-group="above"[^>]*>', done.stdout)
    assert len(above) == 2
    assert all('style="opacity: 0.7;"' in picture for picture in above)
    # A violated content policy and an error of the script are logged so.
    assert 'CONSOLE' not in done.stderr, done.stderr
