"""What CMX and CMNeXt have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from mmengine.model import ModuleList

from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)
from multimodal_rs.models.layers.feature_fusion import FeatureFusion
from multimodal_rs.models.layers.feature_rectification import (
    FeatureRectification,
)
from multimodal_rs.models.layers.mix_transformer import (
    HEADS,
    mix_transformer_size,
)
from multimodal_rs.weights.pretrained import pretrained_options


class JointTransformer(MultiModalBackbone):
    """Mix Transformers that rectify and fuse their maps after every stage.

    Args:
        modalities (Sequence[str]): Names, in the order of the network.
        arch (str): Size of the Mix Transformer, ``'b0'`` to ``'b5'``.
        norm_cfg (dict, optional): Of the convolutions; None: batch norm.
        init_cfg (dict, optional): ``type='Pretrained'`` loads a Mix
            Transformer in mmseg's layout where the network has a place for
            it, with the other arguments of :func:`load_pretrained`. One file
            starts the encoders of all modalities, so ``bands`` are compared
            with those of each of them.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        arch: str,
        norm_cfg: Mapping | None,
        init_cfg: Mapping | None,
    ) -> None:
        super().__init__(modalities, init_cfg)
        self.size = mix_transformer_size(arch, type(self).__name__)
        widths = self.size.channels
        self.rectifications = ModuleList(map(FeatureRectification, widths))
        self.fusions = ModuleList(
            FeatureFusion(width, heads, norm_cfg)
            for width, heads in zip(widths, HEADS, strict=True)
        )

    def init_weights(self) -> None:
        """Initialise; then load what is pretrained, fitted to the bands."""
        config = self.init_cfg
        if not (config and config['type'] == 'Pretrained'):
            super().init_weights()
            return
        self.init_cfg = None
        super().init_weights()
        self.init_cfg = config
        self.load_encoders(**pretrained_options(config, type(self).__name__))

    @abstractmethod
    def load_encoders(
        self,
        checkpoint: str,
        prefix: str | None = None,
        stem: str = 'repeat',
        bands: str | Sequence[str] | None = None,
        image_bands: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Load a Mix Transformer in mmseg's layout into the encoders.

        Args:
            checkpoint: See :func:`load_pretrained`.
            prefix: As there.
            stem: As there.
            bands: As there.
            image_bands: As there, of each modality that names its bands.

        Raises:
            ValueError: As there, naming the modality.
        """
