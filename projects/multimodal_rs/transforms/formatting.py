"""Named tensors, split from the stack."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.registry import TRANSFORMS
from mmseg.structures import SegDataSample

from multimodal_rs.transforms.contiguous import contiguous_bands
from multimodal_rs.transforms.stack import INSIDE
from multimodal_rs.utils.labels import IGNORED

ROUNDING = 1e-3  # of an interpolation between equal numbers


@TRANSFORMS.register_module()
class PackMultiModalInputs(BaseTransform):
    """Pack a sample for the model.

    What transforms have filled in at the borders becomes NaN in all
    modalities and 255 in the label. A modality without a valid pixel, as in
    a crop beside where it ends, is taken out of ``present_modalities``, unless
    no modality has one.

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
        stack, outside = self._outside(results)
        stack = contiguous_bands(stack)  # (C, H, W)
        if outside is not None:
            stack[:, outside] = np.nan
        sizes = results['modality_channels']
        if 'present_modalities' in results:
            results['present_modalities'] = _with_pixels(
                stack, sizes, results['present_modalities']
            )
        blocks = torch.from_numpy(stack).split(list(sizes.values()))
        sample = SegDataSample()
        for key in self.meta_keys:
            if key in results:
                # Unlike metainfo=..., no deep copy: the sample owns them.
                sample.set_field(results[key], key, field_type='metainfo')
        if 'gt_seg_map' in results:
            # numpy converts in this thread; torch would start all of them.
            label = np.ascontiguousarray(results['gt_seg_map'], np.int64)
            if outside is not None and label.shape == outside.shape:
                label[outside] = IGNORED
            sample.gt_sem_seg = PixelData(data=torch.from_numpy(label)[None])
        return dict(
            inputs=dict(zip(sizes, blocks, strict=True)), data_samples=sample
        )

    @staticmethod
    def _outside(results: dict) -> tuple[np.ndarray, np.ndarray | None]:
        """Take the last band off the stack and find what is filled in.

        Returns:
            (H, W, C), and (H, W) bool or None if there is nothing.
        """
        stack, inside = results['img'][..., :-1], results['img'][..., -1]
        expected = sum(results['modality_channels'].values())
        if stack.shape[2] != expected:
            raise ValueError(
                f'PackMultiModalInputs: the stack has {stack.shape[2] + 1} '
                f'bands, expected {expected} of '
                f'{list(results["modality_channels"])} and one more: take the '
                'transform that adds or drops bands out of the pipeline'
            )
        label = results.get('gt_seg_map')
        # mmseg's test pipelines load the label last, at its own size.
        sizes = {inside.shape}
        if results.get('test_mode'):
            sizes.add(tuple(results['ori_shape']))
        if label is not None and label.shape not in sizes:
            raise ValueError(
                f'PackMultiModalInputs: the images of {results["sample_id"]!r}'
                f' have (H, W) {inside.shape}, the label {label.shape}: a '
                'transform of the pipeline changed only one of them: put it '
                'after LoadLandCover, or take it out'
            )
        if (inside == INSIDE).all():  # as most tiles
            return stack, None
        outside = np.abs(inside - INSIDE) > ROUNDING
        return stack, outside if outside.any() else None


def _with_pixels(
    stack: np.ndarray, sizes: Mapping[str, int], present: Sequence[str]
) -> tuple[str, ...]:
    """Keep the modalities that have a valid pixel, all if none has one.

    Args:
        stack: (C, H, W), NaN where invalid in all bands of a modality.
        sizes: Number of bands per modality, in the order of the stack.
        present: Names to choose from.
    """
    starts = np.cumsum([0, *sizes.values()])
    first = dict(zip(sizes, starts[:-1], strict=True))
    # The first pixel is nearly always valid, and quicker than the whole rule.
    kept = tuple(
        name
        for name in present
        if not (
            np.isnan(stack[first[name], 0, 0])
            and np.isnan(stack[first[name]]).all()
        )
    )
    return kept or tuple(present)
