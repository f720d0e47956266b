"""Test-time augmentation whose probabilities are those of the answer."""

from collections.abc import Sequence
from functools import reduce
from math import log

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import SegTTAModel
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor
from torch.nn.functional import logsigmoid


@MODELS.register_module()
class LogitsTTAModel(SegTTAModel):
    """mmseg's ``SegTTAModel``, which also merges the logits of the views.

    The class map is that of ``SegTTAModel``, from the mean probabilities of
    all views. It leaves the ``seg_logits`` of a single view beside it; here
    they are the logarithms of these means, so that measures of probabilities
    (``CrossEntropyMetric``, ``CalibrationMetric``) score the answer.

    Args:
        module (dict | nn.Module): The network, or its config.
        data_preprocessor (dict, optional): Config; None: that of ``module``.
    """

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[SegDataSample]]
    ) -> list[SegDataSample]:
        """Merge the answers to all views of each tile into one.

        Args:
            data_samples_list: Per tile its views, all turned back, with
                ``seg_logits.data`` (K, H, W). K is 1 where the network has
                one output, the logit of class 1.

        Returns:
            Per tile a sample with ``pred_sem_seg.data`` and
            ``seg_logits.data`` (K, H, W): log probabilities, or for K = 1
            the logit of the mean probability.
        """
        merged = [
            _merged([view.seg_logits.data for view in views])
            for views in data_samples_list
        ]
        answers = super().merge_preds(data_samples_list)
        for answer, logits in zip(answers, merged, strict=True):
            answer.set_data({'seg_logits': PixelData(data=logits)})
        return answers


def _merged(views: Sequence[Tensor]) -> Tensor:
    """Compute the logits of mean probabilities, (K, H, W) as each view."""
    if len(views[0]) > 1:
        return _log_mean([view.log_softmax(dim=0) for view in views])
    yes, no = (
        _log_mean([logsigmoid(sign * view) for view in views])
        for sign in (1, -1)
    )
    return yes - no


def _log_mean(logs: Sequence[Tensor]) -> Tensor:
    return reduce(torch.logaddexp, logs) - log(len(logs))
