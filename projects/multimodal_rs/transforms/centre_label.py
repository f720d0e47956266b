"""The label of a pixel-centred window: its centre, and nothing else."""

from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class KeepCentreLabel(BaseTransform):
    """Keep the label of the centre pixel alone, (1, 1, 1).

    For networks that classify the pixel in the middle of a window. It comes
    after the packing: until then the label has the size of the window, so
    that flips and turns move both.

    Required keys: ``data_samples`` with ``gt_sem_seg`` (1, H, W), H and W
    odd in training data (see :class:`SparseSceneDataset`).
    """

    def transform(self, results: dict) -> dict:
        """Reduce the label."""
        sample = results['data_samples']
        label = sample.gt_sem_seg.data
        row, column = (n // 2 for n in label.shape[-2:])
        centre = label[:, row : row + 1, column : column + 1].clone()
        # Not assigned: a sample only takes fields of one size, or new ones.
        del sample.gt_sem_seg
        sample.gt_sem_seg = PixelData(data=centre)
        return results
