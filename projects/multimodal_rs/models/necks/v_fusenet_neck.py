"""V-FuseNet's virtual encoder, and its decoder with unpooling."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.conv_chains import conv_norm_relu


@MODELS.register_module()
class VFuseNetNeck(BaseModule):
    """Fuse all stages of the modality encoders, then decode them.

    Audebert, Le Saux, Lefevre, "Beyond RGB: Very High Resolution Urban Remote
    Sensing With Multimodal Deep Networks", ISPRS J. 2018,
    https://doi.org/10.1016/j.isprsjprs.2017.11.011. Layers as in the authors'
    Caffe file ``potsdam_irrg_osm_fusenet.prototxt`` (nshaud/DeepNetsForEO).
    With X_m,n the map of modality m after stage n, and V_n that of the
    virtual encoder:

        S_n = V_n + sum over m of X_m,n         V_n = stage(pool(S_n-1))

    where V_1 reads the concatenation of all X_m,1. The positions of the
    maxima of S_n serve the decoder, stage by stage, as in SegNet. The
    modality encoders never see what is fused.

    Note:
        ``fusion='residual'`` is what the paper's text says, as we recall it
        without having been able to open it: S_n = V_n + mean of X_m,n, where
        V_n is one convolution of pool(V_n-1) and all X_m,n. Public ports
        whose decoder stages are not chained, or whose encoders share their
        weights, are other networks.

        Poolings round up and unpooling restores the exact size.

    Args:
        modalities (Sequence[str]): Any number of names, in this order.
        channels (Sequence[int]): Of each stage of all encoders.
        depths (Sequence[int]): Convolutions in each stage.
        fusion (str): 'sum' or 'residual'.
        init_cfg (dict, optional): mmengine initialisation config; None: He,
            as the authors.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        depths: Sequence[int] = (2, 2, 3, 3, 3),
        fusion: str = 'sum',
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        if fusion not in ('sum', 'residual'):
            raise ValueError(
                "VFuseNetNeck: fusion must be 'sum' or 'residual', got "
                f'{fusion!r}'
            )
        self.modalities = tuple(modalities)
        self.residual = fusion == 'residual'
        number = len(self.modalities)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        before = 0
        for width, depth in zip(channels, depths, strict=True):
            joined = self.residual or before == 0
            inputs = before + number * width if joined else before
            widths = (width,) * (1 if self.residual else depth)
            self.encoder.append(nn.Sequential(*conv_norm_relu(inputs, widths)))
            # The classifier is the last convolution of the first stage.
            widths = (width,) * (depth - 1) + ((before,) if before else ())
            self.decoder.append(nn.Sequential(*conv_norm_relu(width, widths)))
            before = width

    def forward(
        self, features: Mapping[str, Sequence[Tensor]]
    ) -> tuple[Tensor]:
        """Fuse and decode one batch.

        Args:
            features: For each modality one map per stage,
                (B, C_n, H / 2^n, W / 2^n) for n from 0 on.

        Returns:
            One map (B, C_0, H, W).

        Raises:
            KeyError: If a modality named at construction is missing.
        """
        missing = [m for m in self.modalities if m not in features]
        if missing:
            raise KeyError(
                f'VFuseNetNeck fuses {list(self.modalities)}, but the '
                f'backbone returned {sorted(features)}: missing {missing}'
            )
        maps = zip(*(features[m] for m in self.modalities), strict=True)
        x, positions, sizes = self.encode(maps)
        for stage, indices, size in reversed(
            list(zip(self.decoder, positions, sizes, strict=True))
        ):
            x = stage(unpool(x, indices, size))
        return (x,)

    def encode(
        self, maps: Sequence[Sequence[Tensor]]
    ) -> tuple[Tensor, list[Tensor], list[torch.Size]]:
        """Run the virtual encoder.

        Args:
            maps: For each stage the maps of all modalities.

        Returns:
            What the decoder begins with, the pooled sum of the last stage;
            and for each stage the positions of the maxima and the size
            (H_n, W_n) of the map before pooling.
        """
        before, positions, sizes = [], [], []
        for stage, of_stage in zip(self.encoder, maps, strict=True):
            if self.residual:
                virtual = stage(torch.cat([*before, *of_stage], dim=1))
                fused = virtual + sum(of_stage) / len(of_stage)
                before = [functional.max_pool2d(virtual, 2, ceil_mode=True)]
            else:
                # The first stage has nothing before it.
                joined = before or of_stage
                fused = stage(torch.cat(joined, dim=1)) + sum(of_stage)
            pooled, indices = functional.max_pool2d(
                fused, 2, ceil_mode=True, return_indices=True
            )
            if not self.residual:
                before = [pooled]
            positions.append(indices)
            sizes.append(fused.shape[2:])
        return pooled, positions, sizes


def unpool(x: Tensor, positions: Tensor, size: Sequence[int]) -> Tensor:
    """Put values back where the maxima were; all else is 0.

    Args:
        x: (B, C, h, w).
        positions: (B, C, h, w) int64, indices into a map of (H, W).
        size: (H, W).

    Returns:
        (B, C, H, W).
    """
    batch, channels = x.shape[:2]
    flat = x.new_zeros(batch, channels, size[0] * size[1])
    flat = flat.scatter(2, positions.flatten(2), x.flatten(2))
    return flat.view(batch, channels, *size)
