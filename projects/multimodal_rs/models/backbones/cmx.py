"""CMX: two transformers that correct each other after every stage."""

from collections.abc import Mapping, Sequence

from mmengine.model import ModuleList
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.backbones.joint_transformer import JointTransformer
from multimodal_rs.models.layers.mix_transformer import (
    check_images,
    mix_transformer,
    run_stage,
)
from multimodal_rs.weights.pretrained import load_pretrained


@MODELS.register_module()
class CMX(JointTransformer):
    """Encode two modalities with rectification and fusion per stage.

    Zhang et al., "CMX: Cross-Modal Fusion for RGB-X Semantic Segmentation
    With Transformers", IEEE T-ITS 2023. A Mix Transformer for each of two
    modalities; the rectified maps feed the next stages, the fused ones are
    the pyramid. A missing modality reaches it as its black image.

    Note:
        Stochastic depth grows linearly over all blocks. In the release the
        second stage has one constant rate.

    Args:
        modalities (Sequence[str]): Two names, in the order of the network.
        in_channels (dict): Number of bands of each.
        arch (str): Size of both Mix Transformers, ``'b0'`` to ``'b5'``.
        drop_path_rate (float): Stochastic depth of the last block.
        norm_cfg (dict, optional): Of the convolutions; None: batch norm.
        init_cfg (dict, optional): ``type='Pretrained'``: a Mix Transformer in
            mmseg's layout, loaded into both.

    Raises:
        ValueError: If there are not two modalities, or the size is unknown.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Mapping[str, int],
        arch: str = 'b2',
        drop_path_rate: float = 0.1,
        norm_cfg: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        if len(modalities) != 2:
            raise ValueError(
                f'CMX compares two modalities, got {list(modalities)}: name '
                'two as `modalities` of the backbone, or use CMNeXt'
            )
        super().__init__(modalities, arch, norm_cfg, init_cfg)
        self.encoders = ModuleList(
            mix_transformer(
                self.size,
                in_channels[m],
                drop_path_rate,
                block_eps=1e-6,
                embedding_eps=1e-5,
            )
            for m in self.modalities
        )

    def forward(
        self, inputs: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode both.

        Args:
            inputs: (B, C_m, H, W) for both modalities.

        Returns:
            One pyramid, ``'fused'``, with the strides 4, 8, 16 and 32; sizes
            are rounded up.

        Raises:
            ValueError: If the images are too small.
        """
        check_images(inputs, 'CMX')
        first, second = (inputs[m] for m in self.modalities)
        fused = []
        for level in range(len(self.fusions)):
            first, second = (
                run_stage(encoder.layers[level], x)
                for encoder, x in zip(
                    self.encoders, (first, second), strict=True
                )
            )
            first, second = self.rectifications[level](first, second)
            fused.append(self.fusions[level](first, second))
        return dict(fused=tuple(fused))

    def load_encoders(
        self,
        checkpoint: str,
        prefix: str | None = None,
        stem: str = 'repeat',
        bands: str | Sequence[str] | None = None,
        image_bands: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Load a Mix Transformer in mmseg's layout into both encoders."""
        for name, encoder in zip(self.modalities, self.encoders, strict=True):
            load_pretrained(
                *(encoder, checkpoint, prefix, stem, f'{name} encoder', bands),
                image_bands=(image_bands or {}).get(name),
            )
