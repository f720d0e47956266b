"""HRNet whose exchange units keep the corners of a map in place."""

from collections.abc import Mapping, Sequence

from mmengine.model import Sequential
from mmseg.models.backbones.hrnet import HRModule, HRNet
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional


class AlignedHRModule(HRModule):
    """mmseg's exchange module, enlarging with ``align_corners=True``."""

    def forward(self, x: Sequence[Tensor]) -> list[Tensor]:
        """Run all branches, then exchange between them.

        Args:
            x: (B, C_i, H_i, W_i) of each resolution, fine to coarse.

        Returns:
            The same shapes.
        """
        maps = [f(m) for f, m in zip(self.branches, x, strict=True)]
        return [
            self.relu(sum(self._bring(maps, j, i) for j in range(len(maps))))
            for i in range(len(maps))
        ]

    def _bring(self, maps: Sequence[Tensor], source: int, to: int) -> Tensor:
        """Bring the map of one resolution to another."""
        if source == to:
            return maps[to]
        layers = self.fuse_layers[to][source]
        if source < to:
            return layers(maps[source])
        # The third of them is mmseg's own enlargement.
        return functional.interpolate(
            layers[:2](maps[source]),
            maps[to].shape[2:],
            mode='bilinear',
            align_corners=True,
        )


@MODELS.register_module()
class AlignedHRNet(HRNet):
    """mmseg's HRNet as DDHRNet's authors have it.

    Wang et al., "Deep High-Resolution Representation Learning for Visual
    Recognition", TPAMI 2020, https://arxiv.org/abs/1908.07919. Layers have
    mmseg's names, so that its pretrained files fit. It can be run stage by
    stage (:meth:`start`, :meth:`stage`), for networks that fuse in between.

    Args:
        width (int): Channels of the finest branch; each coarser one has twice
            as many.
        in_channels (int): Number of bands.
        modules (Sequence[int]): Exchange modules in the stages 2, 3 and 4.
        blocks (int): Residual blocks per stage 1 and per branch of a module.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        width: int,
        in_channels: int = 3,
        modules: Sequence[int] = (1, 4, 3),
        blocks: int = 4,
        init_cfg: Mapping | None = None,
    ) -> None:
        extra = dict(stage1=_stage('BOTTLENECK', 1, blocks, (64,)))
        for i, number in enumerate(modules):
            widths = tuple(width * 2**level for level in range(i + 2))
            extra[f'stage{i + 2}'] = _stage('BASIC', number, blocks, widths)
        super().__init__(extra, in_channels=in_channels, init_cfg=init_cfg)
        self.width = width

    def start(self, image: Tensor) -> list[Tensor]:
        """Run stem and stage 1: (B, C, H, W) -> [(B, 256, H / 4, W / 4)]."""
        x = self.relu(self.norm1(self.conv1(image)))
        x = self.relu(self.norm2(self.conv2(x)))
        return [self.layer1(x)]

    def stage(self, number: int, maps: Sequence[Tensor]) -> list[Tensor]:
        """Add a resolution and exchange between all.

        Args:
            number: 2, 3 or 4.
            maps: (B, C_i, H_i, W_i) from the stage before, fine to coarse.

        Returns:
            One more map, of half the size of the last.
        """
        transition = getattr(self, f'transition{number - 1}')
        # A new resolution comes from the coarsest before it.
        sources = [*maps, maps[-1]]
        changed = [
            x if layer is None else layer(x)
            for layer, x in zip(transition, sources, strict=True)
        ]
        return getattr(self, f'stage{number}')(changed)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Encode (B, C, H, W): maps of width, 2, 4 and 8 times width.

        Their strides are 4, 8, 16 and 32, sizes rounded up.
        """
        maps = self.start(image)
        for number in (2, 3, 4):
            maps = self.stage(number, maps)
        return tuple(maps)

    def train(self, mode: bool = True) -> 'AlignedHRNet':
        """Switch training on or off; mmseg's method returns nothing."""
        super().train(mode)
        return self

    def _make_stage(
        self,
        layer_config: Mapping,
        in_channels: list[int],
        multiscale_output: bool = True,
    ) -> tuple[nn.Module, list[int]]:
        """Build the modules of a stage; mmseg calls it."""
        modules = [
            AlignedHRModule(
                layer_config['num_branches'],
                self.blocks_dict[layer_config['block']],
                layer_config['num_blocks'],
                in_channels,
                layer_config['num_channels'],
                norm_cfg=self.norm_cfg,
            )
            for _ in range(layer_config['num_modules'])
        ]
        return Sequential(*modules), in_channels


def _stage(
    block: str, modules: int, blocks: int, widths: Sequence[int]
) -> dict:
    """Make the part of mmseg's ``extra`` for one stage."""
    return dict(
        num_modules=modules,
        num_branches=len(widths),
        block=block,
        num_blocks=(blocks,) * len(widths),
        num_channels=widths,
    )
