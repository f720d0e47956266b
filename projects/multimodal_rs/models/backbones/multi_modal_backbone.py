"""Backbones for several modalities: what they have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from torch import Tensor

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.models.declaration import joint_with_bands
from multimodal_rs.weights.pretrained import refuse_stem_options


class MultiModalBackbone(BaseModule):
    """Base of the backbones that read named modalities.

    A backbone that mixes its streams (a *joint* backbone) needs no more than
    a constructor ``(modalities, in_channels, ...)`` and :meth:`forward`. A
    config leaves both arguments out: the segmentor writes them from the
    declaration of the data, ``in_channels`` as a dict of numbers of bands.

    Args:
        modalities (Sequence[str]): Names of what it reads, in its order.
        init_cfg (dict, optional): mmengine initialisation config.

    Attributes:
        accepts_subsets: Whether ``forward`` can run with some of the
            modalities. Where it cannot, since streams are stacked or mixed,
            missing modalities reach it as black images.
        uses_presence: Whether ``forward`` takes, as its second argument, which
            samples have which modality: (B,) bool by name, or None if all
            have all. For a joint backbone that treats a missing modality
            otherwise than its black image.
    """

    accepts_subsets = False
    uses_presence = False

    def __init__(
        self, modalities: Sequence[str], init_cfg: Mapping | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.modalities = tuple(modalities)

    @classmethod
    def with_bands(
        cls, config: Mapping, modalities: Mapping[str, Modality]
    ) -> dict:
        """Complete the config of this class from the declarations.

        Args:
            config: As it stands in ``model.backbone``.
            modalities: The declarations of the data.

        Returns:
            The config with the numbers of bands.

        Raises:
            ValueError: If the config states a number that contradicts them.
        """
        return joint_with_bands(config, modalities)

    def init_weights(self) -> None:
        """Initialise.

        Raises:
            ValueError: If ``init_cfg`` says how a first convolution is fitted
                (``stem``, ``bands``), which is up to the encoders.
        """
        refuse_stem_options(
            *(self.init_cfg, f'{type(self).__name__}: init_cfg'),
            'which its encoders have: put init_cfg into their config',
        )
        super().init_weights()

    @abstractmethod
    def forward(
        self,
        inputs: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode.

        Args:
            inputs: (B, C_m, H, W), normalised, for every modality; for some
                of them if ``accepts_subsets``.
            masks: (B, 1, H / 4, W / 4), rounded up, for some of them, 1 where
                the image is hidden. Only masked pretraining passes them; a
                backbone without this argument cannot be pretrained so.

        Returns:
            Pyramids (B, C_l, H_l, W_l), shallow to deep: one per modality,
            under its name, or a single one.
        """
