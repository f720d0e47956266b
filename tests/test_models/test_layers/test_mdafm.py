import pytest

from multimodal_rs.models.layers.mdafm import ChannelAttention


def test_too_few_channels_for_the_bottleneck():
    with pytest.raises(ValueError, match='8 channels over reduction 16'):
        ChannelAttention(8)
