"""Result of the fusion of one level."""

from typing import NamedTuple

from torch import Tensor

from multimodal_rs.models.layers.warp_reconstruction import Reconstruction


class LevelResult(NamedTuple):
    """Fused map of a level, and how it came about.

    Attributes:
        fused: (B, C, H, W).
        weights: (B, M, H, W), how much each modality counts; the sum over M
            is 1.
        reconstructions: Per modality; empty without reconstruction.
        displacements: Per modality (B, rows, columns, 2), of its regions, x
            and y in cells; empty where there are no reference positions.
        class_logits: Per modality (B, K, H, W); empty without class queries,
            and where nothing is matched.
    """

    fused: Tensor
    weights: Tensor
    reconstructions: dict[str, Reconstruction]
    displacements: dict[str, Tensor]
    class_logits: dict[str, Tensor]
