"""SegFormer's encoder, stage by stage, for backbones that mix streams."""

from collections.abc import Mapping
from typing import NamedTuple

from mmseg.models.backbones import MixVisionTransformer
from mmseg.models.utils import nlc_to_nchw
from torch import Tensor, nn


class MixTransformerSize(NamedTuple):
    """A size of the Mix Transformer (Xie et al., NeurIPS 2021, Table 6).

    Attributes:
        width: Channels of the first stage; stage s has ``width * heads[s]``.
        depths: Blocks per stage.
    """

    width: int
    depths: tuple[int, int, int, int]

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels per stage."""
        return tuple(self.width * heads for heads in HEADS)


HEADS = (1, 2, 5, 8)  # of attention, per stage, in all sizes
SMALLEST_SIDE = 29  # stage 1 then has the 8 pixels that it reduces to one
SIZES = {
    'b0': MixTransformerSize(32, (2, 2, 2, 2)),
    'b1': MixTransformerSize(64, (2, 2, 2, 2)),
    'b2': MixTransformerSize(64, (3, 4, 6, 3)),
    'b3': MixTransformerSize(64, (3, 4, 18, 3)),
    'b4': MixTransformerSize(64, (3, 8, 27, 3)),
    'b5': MixTransformerSize(64, (3, 6, 40, 3)),
}


def mix_transformer_size(arch: str, where: str) -> MixTransformerSize:
    """Look up a size.

    Args:
        arch: A key of :data:`SIZES`.
        where: What the message begins with.

    Raises:
        ValueError: If there is no such size.
    """
    if arch not in SIZES:
        raise ValueError(
            f'{where}: unknown arch {arch!r}, expected one of {list(SIZES)}'
        )
    return SIZES[arch]


def mix_transformer(
    size: MixTransformerSize,
    in_channels: int,
    drop_path_rate: float,
    block_eps: float,
    embedding_eps: float,
) -> MixVisionTransformer:
    """Build mmseg's Mix Transformer with the norms of CMX or CMNeXt.

    Args:
        size: Of the transformer.
        in_channels: Bands of its image.
        drop_path_rate: Stochastic depth of the last block; it grows linearly.
        block_eps: Epsilon of the norms before attention and MLP and after
            each stage.
        embedding_eps: Of those after embeddings and reductions.
    """
    encoder = MixVisionTransformer(
        in_channels=in_channels,
        embed_dims=size.width,
        num_layers=list(size.depths),
        num_heads=list(HEADS),
        drop_path_rate=drop_path_rate,
        norm_cfg=dict(type='LN', eps=block_eps),
    )
    for embedding, blocks, _ in encoder.layers:
        embedding.norm.eps = embedding_eps
        for block in blocks:
            if block.attn.sr_ratio > 1:
                block.attn.norm.eps = embedding_eps
    return encoder


def run_stage(stage: nn.ModuleList, x: Tensor) -> Tensor:
    """Run an entry of ``MixVisionTransformer.layers``.

    Args:
        stage: Embedding, blocks, norm.
        x: (B, C, H, W).

    Returns:
        (B, C_s, H / stride, W / stride), rounded up.
    """
    embedding, blocks, norm = stage
    tokens, size = embedding(x)
    for block in blocks:
        tokens = block(tokens, size)
    return nlc_to_nchw(norm(tokens), size)


def check_images(inputs: Mapping[str, Tensor], where: str) -> None:
    """Refuse images that the first stage cannot reduce.

    Raises:
        ValueError: If a side is too short.
    """
    for name, image in inputs.items():
        size = tuple(map(int, image.shape[-2:]))  # tensors in a trace
        if min(size) < SMALLEST_SIDE:
            raise ValueError(
                f'{where}: {name} is {size} pixels, the '
                'attention of a Mix Transformer needs at least '
                f'{SMALLEST_SIDE} x {SMALLEST_SIDE}: use larger crops'
            )
