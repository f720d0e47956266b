"""Losses that tell the weights of a fusion which modality is right."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.presence import Presence, present_mask
from multimodal_rs.utils.labels import IGNORED


class EvidenceLoss(BaseModule):
    """Compare the weights of a level with how well each modality does alone.

    A classifier per modality, a 1x1 convolution on the map X_m without
    passing a gradient to it, has the cross entropy CE_m(r) in region r. Of
    the modalities that are there

        pi_rm = softmax_m( -CE_m(r) / T )
        L = sum of the classifiers' cross entropies
          + a mean_r KL( pi_r || w_r ) + b KL( mean_r w_r || equal )

    w_r are the weights averaged over the region; pi passes no gradient. The
    last term keeps one modality from taking all.

    Args:
        modalities: Names.
        in_channels: C.
        num_classes: Number of classes.
        region_size: Side of a region, in cells.
        temperature: T.
        weight: a.
        balance: b.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: int,
        num_classes: int,
        region_size: int,
        temperature: float = 0.5,
        weight: float = 0.1,
        balance: float = 0.01,
    ) -> None:
        super().__init__()
        self.region_size = region_size
        self.temperature = temperature
        self.weight = weight
        self.balance = balance
        self.classifiers = ModuleDict(
            {m: nn.Conv2d(in_channels, num_classes, 1) for m in modalities}
        )

    def forward(
        self,
        maps: Mapping[str, Tensor],
        weights: Tensor,
        label: Tensor,
        presence: Presence | None = None,
    ) -> dict[str, Tensor]:
        """Compute the three terms.

        Args:
            maps: (B, C, h, w) per modality.
            weights: (B, M, h, w), in the order of ``maps``.
            label: (B, H, W) int64, 255 ignored.
            presence: (B,) bool per modality; None: all are there.

        Returns:
            ``loss_evidence``, ``loss_weights`` and ``loss_balance``.
        """
        label = self._small(label, weights.shape[2:])
        errors = torch.stack(
            [
                functional.cross_entropy(
                    layer(maps[m].detach()),
                    label,
                    reduction='none',
                    ignore_index=IGNORED,
                )
                for m, layer in self.classifiers.items()
            ],
            dim=1,
        )
        there = torch.ones_like(weights[:, :, :1, :1], dtype=torch.bool)
        if presence is not None:
            there = present_mask(tuple(maps), presence)[..., None, None]
        counted = (label != IGNORED)[:, None]
        both = counted & there
        evidence = (errors * both).sum() / both.sum().clamp(min=1)
        region_errors, covered = self._regions(errors.detach(), counted)
        region_weights, _ = self._regions(weights, counted)
        agreement = self._agreement(region_errors, region_weights, there)
        used = covered.sum().clamp(min=1)
        return dict(
            loss_evidence=evidence * len(self.classifiers),
            loss_weights=self.weight * (agreement * covered).sum() / used,
            loss_balance=self.balance
            * self._imbalance(region_weights, covered, there),
        )

    @staticmethod
    def _small(label: Tensor, size: Sequence[int]) -> Tensor:
        label = label[:, None].float()
        return functional.interpolate(label, tuple(size))[:, 0].long()

    def _regions(
        self, values: Tensor, counted: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Means over the counted cells of each region; which have some."""

        def average(x: Tensor) -> Tensor:
            return functional.avg_pool2d(x, self.region_size, ceil_mode=True)

        share = average(counted.to(values))
        mean = average(values * counted) / share.clamp(min=1e-6)
        return mean, (share > 0)[:, 0]

    def _agreement(
        self, errors: Tensor, weights: Tensor, there: Tensor
    ) -> Tensor:
        """KL(pi || w) in each region, (B, rows, columns)."""
        scores = -errors / self.temperature
        target = scores.masked_fill(~there, -torch.inf).softmax(dim=1)
        logarithm = weights.clamp(min=1e-6).log()
        return (torch.xlogy(target, target) - target * logarithm).sum(dim=1)

    @staticmethod
    def _imbalance(weights: Tensor, covered: Tensor, there: Tensor) -> Tensor:
        """KL(mean w || equal), averaged over the samples."""
        covered = covered[:, None]
        number = covered.sum(dim=(2, 3)).clamp(min=1)
        mean = (weights * covered).sum(dim=(2, 3)) / number  # (B, M)
        equal = 1 / there[..., 0, 0].sum(dim=1, keepdim=True)
        terms = mean * (mean.clamp(min=1e-6) / equal).log()
        return terms.sum(dim=1).mean()
