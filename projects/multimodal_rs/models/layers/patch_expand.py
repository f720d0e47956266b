"""Enlargement of a map: channels become pixels."""

from torch import Tensor, nn


class PatchExpand(nn.Module):
    """Linear layer, every pixel becomes scale x scale pixels, norm.

    The channel axis of the linear layer's result is read as (row, column,
    channel), unlike that of ``torch.nn.PixelShuffle``, which has the channel
    first.

    Args:
        in_channels: Channels C_in.
        channels: Channels C of the result.
        scale: Enlargement s.
    """

    def __init__(self, in_channels: int, channels: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.expand = nn.Linear(in_channels, scale**2 * channels, bias=False)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C_in) -> (B, s H, s W, C)."""
        batch, height, width, _ = x.shape
        s = self.scale
        x = self.expand(x).view(batch, height, width, s, s, -1)
        x = x.transpose(2, 3)  # (B, H, s, W, s, C)
        return self.norm(x.reshape(batch, s * height, s * width, -1))
