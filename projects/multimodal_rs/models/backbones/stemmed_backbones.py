"""A stem per modality in front of one shared or several encoders."""

from collections.abc import Mapping, Sequence

from mmcv.cnn import ConvModule
from mmengine.model import ModuleDict, Sequential
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)
from multimodal_rs.weights.pretrained import refuse_stem_options


@MODELS.register_module()
class StemmedBackbones(MultiModalBackbone):
    """Stems bring any number of bands to the channels that an encoder reads.

    The backbone of DF2RQ's public framework. So one set of weights encodes
    modalities of different band numbers:

        pyramid_m = encoder(stem_m(image_m))

    A stem is a chain of convolution, norm and ReLU, at the resolution of the
    image. A shared encoder runs once per modality. The modalities never see
    each other, so a missing one only means that it is not encoded.

    Encoders are initialised, and an ``init_cfg=dict(type='Pretrained', ...)``
    of theirs is loaded, whether they are shared or not; in the authors' code
    only the shared one is. As an encoder reads the channels of stems and no
    bands, ``stem`` and ``bands`` of that ``init_cfg`` are refused.

    Args:
        modalities (Sequence[str]): Names, in the order of the network.
        in_channels (dict): Number of bands per modality.
        encoder (dict): Config of any mmseg backbone; ``in_channels`` is the
            width of the stems.
        share_weights (bool): One encoder for all modalities; False: each has
            its own, with the same config.
        stem_channels (Sequence[int]): Channels after each convolution of a
            stem.
        stem_kernel_size (int): Of these convolutions, odd; the size of the
            image stays.
        norm_cfg (dict, optional): Of the stems; None: batch norm.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    accepts_subsets = True

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Mapping[str, int],
        encoder: Mapping,
        share_weights: bool = True,
        stem_channels: Sequence[int] = (32, 32),
        stem_kernel_size: int = 1,
        norm_cfg: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, init_cfg)
        if stem_kernel_size % 2 == 0:
            raise ValueError(
                'StemmedBackbones: stem_kernel_size must be odd, so that the '
                f'size of the image stays, got {stem_kernel_size}'
            )
        starts = {
            'init_cfg': init_cfg,
            'encoder.init_cfg': encoder.get('init_cfg'),
        }
        for where, start in starts.items():
            refuse_stem_options(
                *(start, f'StemmedBackbones: {where}'),
                'but here stems read it, from scratch: leave them out',
            )
        self.share_weights = share_weights
        norm_cfg = dict(norm_cfg or dict(type='BN'))
        self.stems = ModuleDict(
            {
                m: _stem(
                    (in_channels[m], *stem_channels),
                    stem_kernel_size,
                    norm_cfg,
                )
                for m in self.modalities
            }
        )
        encoder = {**encoder, 'in_channels': stem_channels[-1]}
        names = ('shared',) if share_weights else self.modalities
        # mmengine's ModuleDict: init_weights reaches what is in it
        self.encoders = ModuleDict({n: MODELS.build(encoder) for n in names})

    def forward(
        self, inputs: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode what is there.

        Args:
            inputs: (B, C_m, H, W) for each modality present.

        Returns:
            For each of them its pyramid, in the order of ``modalities``.

        Raises:
            KeyError: If an input has no stem.
        """
        unknown = sorted(set(inputs) - set(self.modalities))
        if unknown:
            raise KeyError(
                f'StemmedBackbones: no stem for {unknown}, it has '
                f'{list(self.modalities)}'
            )
        return {
            m: tuple(self._encoder(m)(self.stems[m](inputs[m])))
            for m in self.modalities
            if m in inputs
        }

    def _encoder(self, name: str):
        return self.encoders['shared' if self.share_weights else name]


def _stem(
    widths: Sequence[int], kernel_size: int, norm_cfg: Mapping
) -> Sequential:
    return Sequential(
        *(
            ConvModule(
                before,
                after,
                kernel_size,
                padding=kernel_size // 2,
                norm_cfg=norm_cfg,
            )
            for before, after in zip(widths[:-1], widths[1:], strict=True)
        )
    )
