"""Encoder-decoder segmentor for any set of named modalities."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from mmengine.config import ConfigDict
from mmengine.model import ModuleDict
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn

from multimodal_rs.models.declaration import with_classes
from multimodal_rs.models.layers.presence import hide_label_if_absent
from multimodal_rs.models.multi_modal_model import (
    Inputs,
    MultiModalModel,
    Pyramid,
    image_size,
    mean_answer,
)
from multimodal_rs.utils.finite import check_answers
from multimodal_rs.utils.windows import sliding_windows


@MODELS.register_module()
class MultiModalEncoderDecoder(MultiModalModel, EncoderDecoder):
    """Modality branches, necks, fused head and modality heads.

    Not to be confused with mmseg's ``MultimodalEncoderDecoder`` (image and
    text). The parts:

    - backbone: ``{m: (B, C_m, H, W)} -> {m: pyramid}``, see
      :class:`MultiModalBackbone`; one with ``uses_presence = True`` gets what
      is there as second argument;
    - neck: ``{m: pyramid} -> fused pyramid``, may be left out if the backbone
      returns a single pyramid. One with ``refines_modalities = True`` also
      makes what the modality heads read, ``refine({m: pyramid}) ->
      {m: pyramid}`` and, for training, ``fuse_and_refine``, both at once. One
      with ``uses_presence = True`` gets what is there as second argument, and
      one with ``has_losses = True`` trains through ``fuse_with_losses``. Any
      mmseg necks may follow it in a list;
    - decode head and auxiliary heads: fused pyramid -> logits;
    - modality heads: the pyramid of one modality, from the backbone or
      refined by the neck -> logits. They make joint learning of fusion and
      specific modalities (JoiTriNet, eq. 3: the sum of all cross entropies)
      and answer when only their modality is there.

    Bands and classes: ``in_channels`` of the branches, ``modalities`` of the
    fusion neck and ``num_classes`` of all heads come from the preprocessor's
    declaration and can be left out of the config (see
    :mod:`multimodal_rs.models.declaration`).

    Missing modalities: ``present_modalities`` in a sample's metainfo (or,
    without it, the keys of ``inputs``) says what is there. If something is
    missing, the modality heads of what is there answer, alone or, several of
    them, by the mean of their class probabilities. A network without such
    heads, and a backbone that cannot run without all of its modalities, gets
    black images (see :class:`MultiModalSegDataPreProcessor`).

    Args:
        backbone (dict): Config; the module has ``modalities``, the names it
            reads.
        decode_head (dict): Any mmseg decode head.
        neck (dict | list[dict], optional): Fusion neck, or it and others.
        modality_heads (dict, optional): Decode head config per modality.
        auxiliary_head (dict | list[dict], optional): On the fused pyramid.
        train_cfg (dict, optional): Passed to the heads.
        test_cfg (dict, optional): ``mode='whole'``, or ``mode='slide'`` with
            ``crop_size`` and ``stride``.
        data_preprocessor (dict, optional): Config.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        backbone: Mapping,
        decode_head: Mapping,
        neck: Mapping | None = None,
        modality_heads: Mapping[str, Mapping] | None = None,
        auxiliary_head: Mapping | list | None = None,
        train_cfg: Mapping | None = None,
        test_cfg: Mapping | None = None,
        data_preprocessor: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        # mmseg's own constructor would build the parts as the configs stand.
        super(EncoderDecoder, self).__init__(
            data_preprocessor=self.build_preprocessor(data_preprocessor),
            init_cfg=init_cfg,
        )
        self.train_cfg = train_cfg
        self.test_cfg = ConfigDict(test_cfg or dict(mode='whole'))
        self.build_streams(backbone, neck)
        self._build_heads(decode_head, auxiliary_head, modality_heads or {})

    def _build_heads(
        self,
        decode_head: Mapping,
        auxiliary_head: Mapping | Sequence[Mapping] | None,
        modality_heads: Mapping[str, Mapping],
    ) -> None:
        number = self.num_classes_declared
        self._init_decode_head(
            with_classes(decode_head, number, 'decode_head')
        )
        if isinstance(auxiliary_head, Mapping):
            auxiliary_head = with_classes(
                auxiliary_head, number, 'auxiliary_head'
            )
        elif auxiliary_head is not None:
            auxiliary_head = [
                with_classes(head, number, f'auxiliary_head[{i}]')
                for i, head in enumerate(auxiliary_head)
            ]
        self._init_auxiliary_head(auxiliary_head)
        self._build_modality_heads(modality_heads)
        self._check_outputs()

    def _build_modality_heads(
        self, modality_heads: Mapping[str, Mapping]
    ) -> None:
        unknown = sorted(set(modality_heads) - set(self.modalities))
        if unknown:
            raise KeyError(
                f'{type(self).__name__}: modality_heads for {unknown}, but '
                f'the backbone reads {list(self.modalities)}'
            )
        number = self.num_classes_declared
        self.modality_heads = ModuleDict(
            {
                m: MODELS.build(
                    with_classes(head, number, f'modality_heads.{m}')
                )
                for m, head in modality_heads.items()
            }
        )

    def _check_outputs(self) -> None:
        heads = {'decode_head': self.decode_head, **self.modality_heads}
        single = [n for n, h in heads.items() if h and h.out_channels == 1]
        if single:
            raise ValueError(
                f'{type(self).__name__}: {single} with out_channels=1 (one '
                'sigmoid for two classes), expected an output per class: '
                'leave out_channels out, with a softmax cross entropy'
            )

    @property
    def _refines(self) -> bool:
        """Whether the modality heads read what the neck makes."""
        refines = getattr(self.fusion, 'refines_modalities', False)
        return refines and len(self.modality_heads) > 0

    def extract_feat(self, inputs: Inputs) -> Pyramid:
        """Encode and fuse all modalities, (B, C_m, H, W) each."""
        return self.fuse(self.backbone(self.select(inputs)))

    def loss(
        self, inputs: Inputs, data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of all heads.

        Args:
            inputs: (B, C_m, H, W) for every modality, black where absent.
            data_samples: With ``gt_sem_seg`` (1, H, W).

        Returns:
            ``decode.*`` of the fused head, ``<modality>.*`` of the modality
            heads, ``aux*.*``, and ``neck.*`` of a neck that has losses.
        """
        inputs = self.select(inputs)
        all_names = tuple(inputs)
        presence = self.presence(
            [
                s.metainfo.get('present_modalities', all_names)
                for s in data_samples
            ],
            inputs,
        )
        pyramids = self.encode_all(inputs, presence)
        of_neck = {}
        if self._refines:
            fused, pyramids = self.fuse_and_refine(pyramids)
        elif getattr(self.fusion, 'has_losses', False):
            fused, of_neck = self.fuse_with_losses(
                pyramids, data_samples, presence
            )
        else:
            fused = self.fuse(pyramids, presence)
        losses = self._decode_head_forward_train(fused, data_samples)
        losses.update(add_prefix(of_neck, 'neck'))
        losses.update(self._modality_losses(pyramids, data_samples))
        if self.with_auxiliary_head:
            losses.update(
                self._auxiliary_head_forward_train(fused, data_samples)
            )
        return losses

    def _modality_losses(
        self, pyramids: Mapping, samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        losses = {}
        for name, head in self.modality_heads.items():
            visible = [
                hide_label_if_absent(s, name, head.ignore_index)
                for s in samples
            ]
            pyramid = self._pyramid_of(name, pyramids)
            terms = head.loss(pyramid, visible, self.train_cfg)
            losses.update(add_prefix(terms, name))
        return losses

    def predict(
        self,
        inputs: Inputs,
        data_samples: Sequence[SegDataSample] | None = None,
    ) -> list[SegDataSample]:
        """Predict class maps.

        Args:
            inputs: (B, C_m, H, W), normalised, for some or all modalities.
            data_samples: Receive the result; None makes new ones.

        Returns:
            Samples with ``seg_logits`` (K, H, W) and ``pred_sem_seg``
            (1, H, W), at ``ori_shape``.
        """
        metas = self.metas_of(inputs, data_samples)
        return self.postprocess_result(
            self.inference(inputs, metas), data_samples
        )

    def postprocess_result(
        self,
        seg_logits: Tensor,
        data_samples: Sequence[SegDataSample] | None = None,
    ) -> list[SegDataSample]:
        """Make samples of logits (B, K, H, W), as mmseg does.

        Raises:
            FloatingPointError: If logits are not finite, with the samples.
        """
        check_answers({'logits': seg_logits}, data_samples)
        return super().postprocess_result(seg_logits, data_samples)

    def encode_decode(
        self, inputs: Inputs, batch_img_metas: Sequence[Mapping]
    ) -> Tensor:
        """Compute logits at the size of the inputs.

        Args:
            inputs: (B, C_m, H, W), normalised, for some or all modalities.
            batch_img_metas: One per sample; ``present_modalities`` counts.

        Returns:
            (B, K, H, W).

        Raises:
            KeyError: If a modality is unknown to the network.
            ValueError: If a sample has none of its modalities.
        """
        inputs = self.select(inputs)
        groups = self._group_by_presence(inputs, batch_img_metas)
        if len(groups) == 1:
            return self._answer(inputs, next(iter(groups)))
        answers = {}
        for present, rows in groups.items():
            part = {m: x[rows] for m, x in inputs.items()}
            answers.update(zip(rows, self._answer(part, present), strict=True))
        return torch.stack([answers[row] for row in sorted(answers)])

    def predict_modalities(self, inputs: Inputs) -> dict[str, Tensor]:
        """Let every modality head answer for itself.

        A neck that refines modalities, and a backbone that mixes them, looks
        at all of them: what is not there is black.

        Args:
            inputs: (B, C_m, H, W), normalised, for some or all modalities.

        Returns:
            Logits (B, K, H, W) per modality that is there and has a head.
        """
        names = [m for m in self.modality_heads if m in inputs]
        if self._refines:
            pyramids = self.encode_all(self.complete(inputs))
            pyramids = self.fusion.refine(pyramids)
        elif self.accepts_subsets:
            pyramids = self.backbone({m: inputs[m] for m in names})
        else:
            pyramids = self.encode(inputs)
        size = image_size(inputs)
        return {
            m: self._logits(
                self.modality_heads[m], self._pyramid_of(m, pyramids), size
            )
            for m in names
        }

    def slide_inference(
        self, inputs: Inputs, batch_img_metas: Sequence[Mapping]
    ) -> Tensor:
        """Average the logits of overlapping windows.

        Unlike mmseg's, it adds into a slice instead of padding every window
        to the whole image (two orders of magnitude faster on large images)
        and does not write into the metas.

        Args:
            inputs: (B, C_m, H, W) per modality.
            batch_img_metas: One per sample.

        Returns:
            (B, K, H, W).
        """
        size = image_size(inputs)
        total, count = None, None
        for window in sliding_windows(
            size, self.test_cfg['crop_size'], self.test_cfg['stride']
        ):
            rows, columns = window.slices
            crop = {m: x[..., rows, columns] for m, x in inputs.items()}
            logits = self.encode_decode(crop, batch_img_metas)
            if total is None:
                total = logits.new_zeros(*logits.shape[:2], *size)
                count = logits.new_zeros(1, 1, *size)
            total[..., rows, columns] += logits
            count[..., rows, columns] += 1
        return total / count

    def _pyramid_of(
        self, name: str, pyramids: Mapping[str, Pyramid]
    ) -> Pyramid:
        """What the head of a modality reads."""
        if name not in pyramids:
            raise ValueError(
                f'{type(self).__name__}: there is a modality head for {name}, '
                f'but the backbone returned {list(pyramids)}: leave the head '
                'out, or let the backbone return a pyramid per modality'
            )
        return pyramids[name]

    def _answer(self, inputs: Inputs, present: tuple[str, ...]) -> Tensor:
        """Answer for samples that all have the same modalities."""
        inputs = {m: inputs[m] for m in present}
        heads = [m for m in present if m in self.modality_heads]
        if heads and set(present) != set(self.modalities):
            return mean_answer(self.predict_modalities(inputs))
        batch = len(next(iter(inputs.values())))
        presence = self.presence([present] * batch, inputs)
        pyramids = self.encode_all(self.complete(inputs), presence)
        features = self.fuse(pyramids, presence)
        return self._logits(self.decode_head, features, image_size(inputs))

    def _logits(
        self,
        head: nn.Module,
        features: Sequence[Tensor],
        size: tuple[int, int],
    ) -> Tensor:
        metas = [dict(img_shape=size, pad_shape=size, ori_shape=size)]
        logits = head.predict(
            features, metas * len(features[0]), self.test_cfg
        )
        return resize(
            logits,
            size,
            mode='bilinear',
            align_corners=head.align_corners,
            warning=False,
        )

    def _group_by_presence(
        self, inputs: Inputs, metas: Sequence[Mapping]
    ) -> dict[tuple[str, ...], list[int]]:
        groups = defaultdict(list)
        batch = len(next(iter(inputs.values()), metas))
        for row in range(batch):
            # mmseg accepts a single meta for a whole batch
            meta = metas[row] if row < len(metas) else metas[0]
            named = meta.get('present_modalities', tuple(inputs))
            present = tuple(
                m for m in self.modalities if m in named and m in inputs
            )
            if not present:
                raise ValueError(
                    f'{type(self).__name__}: sample {row} '
                    f'({meta.get("sample_id", "without id")}) has '
                    f'{sorted(named)}, expected at least one of '
                    f'{list(self.modalities)}'
                )
            groups[present].append(row)
        return groups
