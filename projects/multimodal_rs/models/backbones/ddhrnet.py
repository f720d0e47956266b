"""DDHRNet: HRNets side by side, fused between their stages."""

from collections.abc import Mapping, Sequence

from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)
from multimodal_rs.models.backbones.parallel_backbones import (
    ParallelBackbones,
)
from multimodal_rs.models.declaration import joint_with_bands, told_bands
from multimodal_rs.models.layers.multimodal_excitation import (
    MultimodalExcitation,
)

# Fusion follows each of them.
STAGES = (2, 3, 4)


@MODELS.register_module()
class DDHRNet(MultiModalBackbone):
    """Update the first stream from all streams after the stages 2, 3 and 4.

    Ren et al., JAG 2022 (see :class:`MultimodalExcitation`), as in the
    authors' PaddlePaddle code. The first modality is the main one: only its
    stream is updated and leaves the network. The others never see it.

    Note:
        The code has two streams of three bands each; ours has any number of
        streams and bands.

    Args:
        modalities (Sequence[str]): Names; the first is the main one.
        in_channels (dict): Number of bands per modality.
        stream (dict): Config of :class:`AlignedHRNet`, the same for all
            streams; pretrained weights in its ``init_cfg`` are fitted to the
            bands of each. One file starts all streams, so ``bands`` are
            compared with those of each of them.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Mapping[str, int],
        stream: Mapping,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, init_cfg)
        self.streams = ParallelBackbones(
            {m: _stream_of(m, stream, in_channels[m]) for m in modalities}
        )
        number = len(self.modalities)
        self.fusion = nn.ModuleList(
            nn.ModuleList(
                MultimodalExcitation(stream['width'] * 2**level, number)
                for level in range(stage)
            )
            for stage in STAGES
        )

    @classmethod
    def with_bands(
        cls, config: Mapping, modalities: Mapping[str, Modality]
    ) -> dict:
        """Set the numbers of bands; tell the streams' file their names."""
        config = joint_with_bands(config, modalities)
        names = config['modalities']
        stream = told_bands(config['stream'], names, modalities)
        return {**config, 'stream': stream}

    def forward(
        self, inputs: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode and fuse.

        Args:
            inputs: (B, C_m, H, W) for every modality.

        Returns:
            One pyramid, under the name of the main modality: strides 4, 8,
            16 and 32.

        Raises:
            KeyError: If a modality is missing.
        """
        missing = [m for m in self.modalities if m not in inputs]
        if missing:
            raise KeyError(
                f'DDHRNet reads {list(self.modalities)}, got '
                f'{sorted(inputs)}: missing {missing}'
            )
        main = self.modalities[0]
        nets = self.streams.branches
        maps = {m: nets[m].start(inputs[m]) for m in self.modalities}
        for stage, fusion in zip(STAGES, self.fusion, strict=True):
            maps = {m: nets[m].stage(stage, x) for m, x in maps.items()}
            levels = zip(*maps.values(), strict=True)
            maps[main] = [
                fuse(level) for fuse, level in zip(fusion, levels, strict=True)
            ]
        return {main: tuple(maps[main])}


def _stream_of(name: str, stream: Mapping, bands: int) -> dict:
    """Config of one stream: its number of bands, and their names if told."""
    config = {**stream, 'in_channels': bands}
    start = config.get('init_cfg')
    if isinstance(start, Mapping) and 'image_bands' in start:
        named = start['image_bands'].get(name)
        config['init_cfg'] = {**start, 'image_bands': named}
    return config
