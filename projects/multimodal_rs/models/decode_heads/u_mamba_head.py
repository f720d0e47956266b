"""U-shaped decoder of VSS blocks."""

from collections.abc import Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.decode_heads.full_size_head import FullSizeHead
from multimodal_rs.models.layers.patch_expand import PatchExpand
from multimodal_rs.models.layers.vss_block import VSSBlock


class UpStage(nn.Module):
    """Enlarge twofold, run blocks, join with the skip.

    Args:
        in_channels: Channels of the deeper map.
        channels: Channels C of the skip and of the result.
        drop_paths: Stochastic depth, one value per block.
        options: Further arguments of :class:`VSSBlock`.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        drop_paths: Sequence[float],
        options: dict,
    ) -> None:
        super().__init__()
        self.upsample = PatchExpand(in_channels, channels, scale=2)
        self.blocks = nn.Sequential(
            *[VSSBlock(channels, drop_path=d, **options) for d in drop_paths]
        )
        self.merge = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, h, w, C_in), (B, H, W, C) -> (B, H, W, C).

        H and W are 2 h and 2 w or one less.
        """
        height, width = skip.shape[1:3]
        x = self.upsample(x)[:, :height, :width]
        x = self.blocks(x.contiguous())
        return self.merge(torch.cat([x, skip], dim=-1))


@MODELS.register_module()
class UMambaHead(FullSizeHead):
    """Decode a pyramid into logits at the resolution of the image.

    The decoder of MCF-Mamba (JAG 2025, vol. 145, 104960). From the deepest
    map up: :class:`PatchExpand`, VSS blocks with an MLP, concatenation with
    the skip, linear layer. Then the map is enlarged to the image and
    classified by a 1x1 convolution without bias.

    Works for images of any size: where a level of the encoder was rounded
    up, the enlarged map is cut at the bottom and right.

    Args:
        in_channels (Sequence[int]): Of the levels, shallow to deep, each
            half as large as the one before.
        in_index (Sequence[int], optional): Their positions in the pyramid;
            None: the first ones.
        depth (int): VSS blocks per level.
        state_size (int): State size N of the scans.
        mlp_ratio (float): Hidden channels of the MLP per channel.
        drop_path_rate (float): Stochastic depth, linear from 0 over one
            level more than there is, as in the authors' code: with four
            levels the last block has 5/7 of it.
        scale (int): Stride of the shallowest level.
        with_cp (bool): Compute blocks again in the backward pass to save
            memory.
        **kwargs: Of mmseg's :class:`BaseDecodeHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        in_index: Sequence[int] | None = None,
        depth: int = 2,
        state_size: int = 16,
        mlp_ratio: float = 4.0,
        drop_path_rate: float = 0.1,
        scale: int = 4,
        with_cp: bool = False,
        **kwargs,
    ) -> None:
        number = len(in_channels)
        if number < 2:
            raise ValueError(
                'UMambaHead needs at least two levels, got in_channels '
                f'{tuple(in_channels)}'
            )
        kwargs = dict(dropout_ratio=0, init_cfg=None) | kwargs
        super().__init__(
            in_channels=list(in_channels),
            in_index=list(range(number) if in_index is None else in_index),
            input_transform='multiple_select',
            channels=in_channels[0],
            **kwargs,
        )
        self.scale = scale
        options = dict(
            state_size=state_size, mlp_ratio=mlp_ratio, with_cp=with_cp
        )
        rates = torch.linspace(0, drop_path_rate, depth * number)
        rates = rates.view(number, depth).tolist()
        self.levels = nn.ModuleList()  # deep to shallow
        deep_to_shallow = list(reversed(in_channels))
        for i, channels in enumerate(deep_to_shallow[1:]):
            self.levels.append(
                UpStage(deep_to_shallow[i], channels, rates[i], options)
            )
        self.upsample = PatchExpand(self.channels, self.channels, scale)
        self.conv_seg = nn.Conv2d(
            self.channels, self.out_channels, 1, bias=False
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Decode and classify.

        Args:
            inputs: Pyramid; level i of the selected ones (B, C_i, H_i, W_i).

        Returns:
            (B, K, scale * H_0, scale * W_0): where the encoder rounded up,
            up to scale - 1 rows and columns more than the image has.

        Raises:
            ValueError: If a level is not half as large as the one before.
        """
        maps = self._transform_inputs(inputs)
        _check_halving(maps)
        maps = [x.permute(0, 2, 3, 1) for x in maps]
        x = maps[-1]
        for level, skip in zip(self.levels, reversed(maps[:-1]), strict=True):
            x = level(x, skip)
        return self.cls_seg(self.upsample(x).permute(0, 3, 1, 2))

    def fit(self, logits: Tensor, size: tuple[int, int]) -> Tensor:
        """Cut logits (B, K, h, w) at the bottom and right to (B, K, *size).

        Raises:
            ValueError: If they are smaller, or ``scale`` larger or more.
        """
        surplus = [a - b for a, b in zip(logits.shape[2:], size, strict=True)]
        if not all(0 <= n < self.scale for n in surplus):
            raise ValueError(
                f'UMambaHead: logits of {tuple(logits.shape[2:])} pixels do '
                f'not fit an image of {tuple(size)}: the shallowest level '
                f'must have stride {self.scale} (argument scale)'
            )
        return logits[:, :, : size[0], : size[1]]


def _check_halving(maps: Sequence[Tensor]) -> None:
    sizes = [tuple(x.shape[2:]) for x in maps]
    for shallow, deep in zip(sizes[:-1], sizes[1:], strict=True):
        if deep != tuple(-(-s // 2) for s in shallow):
            raise ValueError(
                'UMambaHead: each level must be half as large as the one '
                f'before, rounded up, got (H, W) {sizes}'
            )
