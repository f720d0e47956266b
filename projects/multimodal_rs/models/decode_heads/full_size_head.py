"""Heads whose logits end at the size of what the network was given."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample
from torch import Tensor


class FullSizeHead(BaseDecodeHead):
    """A decode head that brings its logits to a size by a rule of its own.

    mmseg's heads leave that to a bilinear ``resize``. The arguments are those
    of mmseg's :class:`BaseDecodeHead`.
    """

    @abstractmethod
    def fit(self, logits: Tensor, size: tuple[int, int]) -> Tensor:
        """Bring logits (B, K, h, w) to (B, K, *size)."""

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses at the size of the label."""
        size = batch_data_samples[0].gt_sem_seg.shape[-2:]
        return super().loss_by_feat(
            self.fit(seg_logits, size), batch_data_samples
        )

    def predict(
        self,
        inputs: Sequence[Tensor],
        batch_img_metas: Sequence[Mapping],
        test_cfg: Mapping | None,
    ) -> Tensor:
        """Compute logits (B, K, H, W) at the size of the network's input.

        That is the padded image or, with ``test_cfg.mode='slide'``, the
        window: mmseg's sliding inference gives its size as ``img_shape``
        beside the ``pad_shape`` of the whole image.
        """
        meta = batch_img_metas[0]
        size = meta['img_shape']
        if (test_cfg or {}).get('mode') != 'slide':
            size = meta.get('pad_shape', size)
        metas = [dict(img_shape=tuple(size[:2]))] * len(batch_img_metas)
        return self.predict_by_feat(self.forward(inputs), metas)

    def predict_by_feat(
        self, seg_logits: Tensor, batch_img_metas: Sequence[Mapping]
    ) -> Tensor:
        """Bring logits to ``img_shape``, the size of the network's input."""
        return self.fit(seg_logits, batch_img_metas[0]['img_shape'])
