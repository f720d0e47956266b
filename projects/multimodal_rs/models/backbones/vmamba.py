"""VMamba: a pyramid of two-dimensional selective scans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.vmamba_stem import (
    OverlappingEmbedding,
    OverlappingMerging,
    PatchEmbedding,
    PatchMerging,
)
from multimodal_rs.models.layers.vss_block import VSSBlock
from multimodal_rs.weights.conversion.vmamba import rename_vmamba
from multimodal_rs.weights.pretrained import (
    load_pretrained,
    pretrained_options,
)


@dataclass(frozen=True)
class VMambaArch:
    """What distinguishes the networks of the family.

    Attributes:
        depths: Blocks per stage.
        base_channels: Channels of the first stage; each stage has twice as
            many as the one before.
        state_size: State size N of the scans.
        ssm_ratio: Inner channels of the scans per channel.
        gate: Whether scans are gated.
        conv_bias: Whether the convolution before the scan has a bias.
        mlp_ratio: Hidden channels of the MLP per channel; 0: no MLP.
        overlap: Patch embedding and downsampling by overlapping 3x3
            convolutions instead of disjoint patches.
        drop_path_rate: Stochastic depth of the last block; it grows linearly
            from 0 over all blocks.
    """

    depths: Sequence[int] = (2, 2, 9, 2)
    base_channels: int = 96
    state_size: int = 16
    ssm_ratio: float = 2.0
    gate: bool = True
    conv_bias: bool = True
    mlp_ratio: float = 0.0
    overlap: bool = False
    drop_path_rate: float = 0.2


# The first public version, which MCF-Mamba uses: "v0".
V0 = {
    'tiny-v0': VMambaArch(),
    'small-v0': VMambaArch((2, 2, 27, 2), drop_path_rate=0.3),
    'base-v0': VMambaArch((2, 2, 27, 2), 128, drop_path_rate=0.6),
}
# The current one, "v05_noz"; named by ssm_ratio and blocks of stage 3.
CURRENT = {
    name: VMambaArch(
        depths=(2, 2, blocks, 2),
        base_channels=channels,
        state_size=1,
        ssm_ratio=ratio,
        gate=False,
        conv_bias=False,
        mlp_ratio=4.0,
        overlap=True,
        drop_path_rate=rate,
    )
    for name, blocks, channels, ratio, rate in (
        ('tiny-s2l5', 5, 96, 2.0, 0.2),
        ('tiny-s1l8', 8, 96, 1.0, 0.2),
        ('small-s2l15', 15, 96, 2.0, 0.3),
        ('small-s1l20', 20, 96, 1.0, 0.3),
        ('base-s2l15', 15, 128, 2.0, 0.6),
        ('base-s1l20', 20, 128, 1.0, 0.6),
    )
}
ARCHS = V0 | CURRENT


class Stage(nn.Module):
    """Blocks of one resolution, and the way to the next.

    Args:
        blocks: At least one.
        downsample: Makes the next stage's input; None in the last stage.
    """

    def __init__(
        self, blocks: Sequence[nn.Module], downsample: nn.Module | None
    ) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample


@MODELS.register_module()
class VMamba(BaseModule):
    """VMamba encoder, any number of bands and any image size.

    Liu et al., "VMamba: Visual State Space Model", NeurIPS 2024,
    https://arxiv.org/abs/2401.10166, with the parameter names of the
    official code (https://github.com/MzeroMiko/VMamba, MIT licence). Each
    level of the pyramid has a norm of its own; the next stage goes on with
    the map before it.

    The published ImageNet files load as they are, also the older ones with
    other names: ``init_cfg=dict(type='Pretrained', checkpoint=...)``, with
    ``stem='extend'`` for MCF-Mamba's rule, see
    :func:`multimodal_rs.weights.pretrained.load_pretrained`. Their
    classifier is not used and the norms of the pyramid are not in them.

    Args:
        arch (str | dict): A name in :data:`ARCHS`, or the arguments of
            :class:`VMambaArch`.
        in_channels (int): Bands of the image.
        out_indices (Sequence[int]): Stages that are returned.
        drop_path_rate (float, optional): Instead of the architecture's.
        with_cp (bool): Compute blocks again in the backward pass to save
            memory.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        arch: str | Mapping = 'tiny-v0',
        in_channels: int = 3,
        out_indices: Sequence[int] = (0, 1, 2, 3),
        drop_path_rate: float | None = None,
        with_cp: bool = False,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        arch = _architecture(arch)
        if drop_path_rate is None:
            drop_path_rate = arch.drop_path_rate
        number = len(arch.depths)
        channels = [arch.base_channels * 2**i for i in range(number)]
        self.out_indices = _checked_indices(out_indices, number)
        self.out_channels = tuple(channels[i] for i in self.out_indices)
        # ParallelBackbones asks whether forward takes a mask. Overlapping
        # embeddings would show hidden pixels to the tokens beside them.
        self.masks_tokens = not arch.overlap
        embed = OverlappingEmbedding if arch.overlap else PatchEmbedding
        merge = OverlappingMerging if arch.overlap else PatchMerging
        self.patch_embed = embed(in_channels, channels[0])
        rates = torch.linspace(0, drop_path_rate, sum(arch.depths)).tolist()
        self.layers = nn.ModuleList()
        for i, depth in enumerate(arch.depths):
            drops, rates = rates[:depth], rates[depth:]
            blocks = [_block(arch, channels[i], d, with_cp) for d in drops]
            # What only feeds stages that nobody reads is not built.
            if i == max(self.out_indices):
                self.layers.append(Stage(blocks, None))
                break
            self.layers.append(
                Stage(blocks, merge(channels[i], channels[i + 1]))
            )
        self.apply(_initialise)
        for i in self.out_indices:
            self.add_module(f'outnorm{i}', nn.LayerNorm(channels[i]))

    def forward(
        self, x: Tensor, mask: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Encode a batch of images.

        Args:
            x: (B, bands, H, W).
            mask: (B, 1, H / 4, W / 4), rounded up, 1 where the image is
                hidden: tokens are multiplied by 1 - mask after the patch
                embedding and its norm (CMSS of MCF-Mamba). None hides
                nothing.

        Returns:
            For each of ``out_indices`` a map (B, C_i, H_i, W_i), stride
            4 * 2^i, sizes rounded up.

        Raises:
            ValueError: If the mask has another size, or the embedding
                overlaps.
        """
        if mask is not None and not self.masks_tokens:
            raise ValueError(
                'VMamba: with an overlapping embedding, hidden pixels would '
                'reach visible tokens: set them to 0 before (hide_pixels)'
            )
        x = self.patch_embed(x)
        if mask is not None:
            x = x * (1 - _fitting(mask, x).to(x.dtype))
        pyramid = []
        for i, stage in enumerate(self.layers):
            x = stage.blocks(x)
            if i in self.out_indices:
                normed = getattr(self, f'outnorm{i}')(x)
                pyramid.append(normed.permute(0, 3, 1, 2).contiguous())
            if stage.downsample is not None:
                x = stage.downsample(x)
        return tuple(pyramid)

    def init_weights(self) -> None:
        """Load ``init_cfg``'s checkpoint, fitted to the bands."""
        config = self.init_cfg
        if not isinstance(config, Mapping) or config['type'] != 'Pretrained':
            super().init_weights()
            return
        title = type(self).__name__
        options = pretrained_options(config, title)
        load_pretrained(self, **options, title=title)

    @staticmethod
    def translate_pretrained(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the tensors of an official file the names used here."""
        return rename_vmamba(state)


def _architecture(arch: str | Mapping) -> VMambaArch:
    if not isinstance(arch, str):
        known = {f.name for f in fields(VMambaArch)}
        unknown = sorted(set(arch) - known)
        if unknown:
            raise ValueError(
                f'VMamba: arch has unknown entries {unknown}, expected some '
                f'of {sorted(known)}'
            )
        return VMambaArch(**arch)
    if arch not in ARCHS:
        raise ValueError(
            f'VMamba: unknown arch {arch!r}, expected a dict or one of '
            f'{list(ARCHS)}'
        )
    return ARCHS[arch]


def _checked_indices(indices: Sequence[int], number: int) -> tuple[int, ...]:
    indices = tuple(indices)
    if not indices or any(not 0 <= i < number for i in indices):
        raise ValueError(
            f'VMamba: out_indices must name some of the {number} stages, 0 '
            f'to {number - 1}, got {indices}'
        )
    return tuple(sorted(set(indices)))


def _block(
    arch: VMambaArch, channels: int, drop_path: float, with_cp: bool
) -> VSSBlock:
    return VSSBlock(
        channels,
        arch.state_size,
        arch.ssm_ratio,
        arch.gate,
        arch.conv_bias,
        arch.mlp_ratio,
        drop_path,
        with_cp,
    )


def _initialise(module: nn.Module) -> None:
    """Official start of linear layers; the scans keep their own."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _fitting(mask: Tensor, tokens: Tensor) -> Tensor:
    """Return the mask (B, 1, H, W) as (B, H, W, 1)."""
    batch, height, width = tokens.shape[:3]
    if tuple(mask.shape) != (batch, 1, height, width):
        raise ValueError(
            'VMamba: mask must be (B, 1, H / 4, W / 4) (rounded up), here '
            f'{(batch, 1, height, width)}, got {tuple(mask.shape)}'
        )
    return mask.permute(0, 2, 3, 1)
