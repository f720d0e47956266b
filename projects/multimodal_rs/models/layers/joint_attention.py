"""MCANet's cross-attention between modalities."""

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional


class JointAttention(nn.Module):
    """Attend where all modalities attend, and multiply what is found.

    Li et al., "MCANet: A joint semantic segmentation framework of optical and
    SAR images for land use classification", JAG 2022,
    https://doi.org/10.1016/j.jag.2021.102638. For each modality 1x1
    convolutions make queries, keys and values of C / 2 channels;

        S_m = softmax(Q_m^T K_m)      S = product over m of S_m
        joint = W product over m of (V_m S^T)

    Note:
        There is no official code. Each row of our S is divided by its sum,
        and a norm follows W: a product of softmax rows over N positions has
        entries around 1 / N^2, so that without it the joint map vanishes. A
        normalised product of softmaxes is the softmax of the sum, hence one
        attention over the concatenated queries and keys computes all of it,
        without an N x N map per modality and without underflow.

    Args:
        modalities (Sequence[str]): Any number of names.
        channels (int): C of every map.
    """

    def __init__(self, modalities: Sequence[str], channels: int) -> None:
        super().__init__()
        self.modalities = tuple(modalities)
        width = channels // 2
        self.query, self.key, self.value = (
            nn.ModuleDict(
                {m: nn.Conv2d(channels, width, 1) for m in self.modalities}
            )
            for _ in range(3)
        )
        self.out = nn.Sequential(
            nn.Conv2d(width, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Compute the joint map of (B, C, H, W) maps: (B, C, H, W)."""
        first = maps[self.modalities[0]]
        with torch.autocast(first.device.type, enabled=False):
            # (B, N, M C / 2) each, in float32: the logits are not scaled
            queries, keys, values = (
                torch.cat(
                    [
                        layers[m](maps[m].float()).flatten(2)
                        for m in self.modalities
                    ],
                    dim=1,
                ).transpose(1, 2)
                for layers in (self.query, self.key, self.value)
            )
            found = functional.scaled_dot_product_attention(
                queries, keys, values, scale=1.0
            )
        joint = prod(found.transpose(1, 2).chunk(len(self.modalities), dim=1))
        return self.out(joint.unflatten(2, first.shape[2:]))
