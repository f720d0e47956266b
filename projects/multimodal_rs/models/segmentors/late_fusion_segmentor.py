"""Late fusion: a network per modality, and the mean of their answers."""

from collections.abc import Mapping, Sequence

from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from multimodal_rs.models.multi_modal_model import Inputs, mean_answer
from multimodal_rs.models.segmentors.multi_modal_encoder_decoder import (
    MultiModalEncoderDecoder,
)


@MODELS.register_module()
class LateFusionSegmentor(MultiModalEncoderDecoder):
    """Networks that are trained side by side and answer together.

    A baseline. Each modality has an encoder and a head of its own, with a
    loss of its own; the networks meet only in their answer, the mean of the
    class probabilities of all heads whose modality is there:

        p = 1/M sum_m softmax(logits_m)

    So a missing modality is left out, and no black image is needed.

    Args:
        backbone (dict): :class:`ParallelBackbones`, or any other that returns
            a pyramid per modality.
        modality_heads (dict): Config of a decode head per modality.
        train_cfg (dict, optional): Passed to the heads.
        test_cfg (dict, optional): See :class:`MultiModalEncoderDecoder`.
        data_preprocessor (dict, optional): Config.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        backbone: Mapping,
        modality_heads: Mapping[str, Mapping],
        train_cfg: Mapping | None = None,
        test_cfg: Mapping | None = None,
        data_preprocessor: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            decode_head=None,
            modality_heads=modality_heads,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )

    def _build_heads(
        self,
        decode_head: None,
        auxiliary_head: None,
        modality_heads: Mapping[str, Mapping],
    ) -> None:
        self.decode_head = None
        lacking = sorted(set(self.modalities) - set(modality_heads))
        if lacking:
            raise KeyError(
                f'{type(self).__name__}: the backbone reads '
                f'{list(self.modalities)}, but {lacking} have no head: add '
                'them to modality_heads'
            )
        self._build_modality_heads(modality_heads)
        self._check_outputs()
        # What mmseg's segmentors say of themselves.
        head = self.modality_heads[self.modalities[0]]
        self.align_corners = head.align_corners
        self.num_classes = head.num_classes
        self.out_channels = head.out_channels

    def loss(
        self, inputs: Inputs, data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of all heads, ``<modality>.*``.

        Args:
            inputs: (B, C_m, H, W) for every modality, black where absent.
            data_samples: With ``gt_sem_seg`` (1, H, W).
        """
        pyramids = self.encode(self.select(inputs))
        return self._modality_losses(pyramids, data_samples)

    def _answer(self, inputs: Inputs, present: tuple[str, ...]) -> Tensor:
        return self._mean({m: inputs[m] for m in present})

    def _mean(self, inputs: Inputs) -> Tensor:
        return mean_answer(self.predict_modalities(inputs))

    def _forward(
        self,
        inputs: Inputs,
        data_samples: Sequence[SegDataSample] | None = None,
    ) -> Tensor:
        """What tools that count operations call."""
        return self._mean(self.select(inputs))
