"""Split the stack into named tensors."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from multimodal_rs.transforms.contiguous import contiguous_bands
from multimodal_rs.transforms.stack import restore_bands


@TRANSFORMS.register_module()
class PackMultiModalInputs(BaseTransform):
    """Pack a sample for the model.

    Returns:
        ``inputs``: dict name -> (C, H, W) float32 with NaN where invalid;
        ``data_samples``: :class:`SegDataSample` with ``gt_sem_seg``
        (1, H, W) int64 if there is a label, and the metainfo below.

    Args:
        meta_keys (Sequence[str]): Keys that become metainfo.
    """

    META_KEYS = (
        'sample_id',
        'img_path',
        'img_paths',
        'seg_map_path',
        'ori_shape',
        'img_shape',
        'pad_shape',
        'scale_factor',
        'flip',
        'flip_direction',
        'reduce_zero_label',
        'present_modalities',
    )

    def __init__(self, meta_keys: Sequence[str] = META_KEYS) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack one sample."""
        stack = restore_bands(results)
        border = results['border_map'] != 0
        if border.any():
            stack = stack.copy()
            stack[_with_rim(border)] = np.nan
        stack = contiguous_bands(stack)  # (C, H, W)
        sizes = results['modality_channels']
        blocks = torch.from_numpy(stack).split(list(sizes.values()))
        sample = SegDataSample()
        for key in self.meta_keys:
            if key in results:
                # Unlike metainfo=..., no deep copy: the sample owns them.
                sample.set_field(results[key], key, field_type='metainfo')
        if 'gt_seg_map' in results:
            # numpy converts in this thread; torch would start all of them.
            label = np.ascontiguousarray(results['gt_seg_map'], np.int64)
            sample.gt_sem_seg = PixelData(data=torch.from_numpy(label)[None])
        return dict(
            inputs=dict(zip(sizes, blocks, strict=True)), data_samples=sample
        )


def _with_rim(border: np.ndarray) -> np.ndarray:
    """Widen a slanted border, (H, W) bool, by one pixel.

    A rotation interpolates the images between the last valid pixel and the
    fill value. Padding, whole rows and columns, mixes nothing.
    """
    rows, columns = border.all(axis=1), border.all(axis=0)
    if (border == (rows[:, None] | columns)).all():
        return border
    return cv2.dilate(border.astype(np.uint8), np.ones((3, 3))) != 0
