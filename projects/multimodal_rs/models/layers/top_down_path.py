"""REF-Net's way from the deepest to the shallowest map."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule, ModuleList
from mmseg.models.backbones.resnet import BasicBlock
from torch import Tensor
from torch.nn import functional


class TopDownPath(BaseModule):
    """Enlarge, add the next map, smooth; from deep to shallow.

        P_L = x_L,   P_l = Res(up(P_{l+1}) + x_l)

    with a residual block Res per level and bilinear enlargement
    (``align_corners=False``).

    Args:
        channels: Channels C of all maps.
        levels: Number of maps L.
        norm_cfg: Normalisation of the residual blocks.
    """

    def __init__(self, channels: int, levels: int, norm_cfg: Mapping) -> None:
        super().__init__()
        self.smooth = ModuleList(
            BasicBlock(channels, channels, norm_cfg=norm_cfg)
            for _ in range(levels - 1)
        )

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Run the path.

        Args:
            maps: (B, C, H_l, W_l), shallow to deep.

        Returns:
            Maps of the same sizes, shallow to deep.
        """
        path = [maps[-1]]
        for x, smooth in zip(
            reversed(maps[:-1]), reversed(self.smooth), strict=True
        ):
            deeper = functional.interpolate(
                path[0], x.shape[2:], mode='bilinear', align_corners=False
            )
            path.insert(0, smooth(deeper + x))
        return tuple(path)
