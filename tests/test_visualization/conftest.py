"""Five tiles, the last one without sar."""

import pytest

from drawn_tiles import make_tiles


@pytest.fixture
def data(tmp_path):
    make_tiles(tmp_path)
    return tmp_path
