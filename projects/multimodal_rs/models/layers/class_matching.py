"""Where a modality shows the classes that the others show."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.presence import Presence
from multimodal_rs.models.layers.region_grid import RegionGrid

REACH = 2  # regions on each side whose cells are compared, too
RAREST = 0.05  # share of a class nearby; smaller ones count as this
SMALLEST = 1e-3  # of the first sum, where two cells do not agree at all


class Matches(NamedTuple):
    """Where modalities show what the others show in a region.

    Attributes:
        logits: Per modality (B, K, H, W), of its classifier.
        vectors: Per modality (B, rows, columns, 2), x and y in cells of the
            level that was compared.
        size: (H, W) of that level, in cells.
    """

    logits: dict[str, Tensor]
    vectors: dict[str, Tensor]
    size: tuple[int, int]

    def at(self, name: str, grid: RegionGrid) -> Tensor:
        """(B, rows, columns, 2), for the regions and in cells of a level."""
        found = self.vectors[name].movedim(-1, 1)
        regions = (grid.rows, grid.columns)
        if found.shape[2:] != regions:
            found = functional.interpolate(
                found, regions, mode='bilinear', align_corners=False
            )
        ratio = [grid.size[axis] / self.size[axis] for axis in (1, 0)]
        return found.movedim(1, -1) * found.new_tensor(ratio)


class ClassMatching(BaseModule):
    """Find by how much each region is displaced, by comparing classes.

    Maps of different sensors are not alike, not even at the same object: they
    complement one another. What can be compared is what they say about the
    class. With a classifier C_m (1x1) for each modality, and the mean P_(-m)
    over the other modalities that a sample has,

        P_m = softmax( C_m X_m )
        c_rm(o) = mean_u log sum_k P_m,k(u + o) P_(-m),k(u) / N_k(u)
        match_rm = sum_o softmax_o( tau c_rm(o) ) o

    N is the mean of P_(-m) over the region's size to each side. So the first
    sum is the probability that both show the same class, as a multiple of what
    it is by chance: without N, displacements would be found that lead to where
    P_m is sure of what is frequent. u are the cells of region r and of those
    around it, of which the near ones count most (twice the mean over two on
    each side): a displacement is similar there, and a single region has too
    few borders to tell it. o are the (2 n + 1)^2 displacements of up to n
    cells, half a region, and tau is learned. Where nothing differs, or no
    other modality is there, all o are as good and the match is 0.

    No gradient passes to the maps: the classifiers learn by a loss of their
    own (``class_logits`` of :class:`LevelResult`), and encoders are trained as
    without them. Between modalities only positions pass. The cost is linear
    in the number of cells.

    Args:
        modalities: Names.
        in_channels: C.
        num_classes: Number of classes.
        region_size: Side of a region, in cells.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        in_channels: int,
        num_classes: int,
        region_size: int,
    ) -> None:
        super().__init__()
        self.classifiers = ModuleDict(
            {m: nn.Conv2d(in_channels, num_classes, 1) for m in modalities}
        )
        self.region_size = region_size
        self.radius = math.ceil(region_size / 2)
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(30.0)))

    def forward(
        self,
        maps: Mapping[str, Tensor],
        presence: Presence | None = None,
    ) -> Matches:
        """Match.

        Args:
            maps: (B, C, H, W) per modality.
            presence: (B,) bool per modality; None: all are there.
        """
        logits = {
            m: layer(maps[m].detach()) for m, layer in self.classifiers.items()
        }
        size = tuple(next(iter(logits.values())).shape[2:])
        vectors = self.compare(logits, presence)
        return Matches(logits, vectors, size)

    def compare(
        self,
        logits: Mapping[str, Tensor],
        presence: Presence | None = None,
    ) -> dict[str, Tensor]:
        """Match what classifiers say.

        Args:
            logits: (B, K, H, W) per modality.
            presence: (B,) bool per modality; None: all are there.

        Returns:
            (B, rows, columns, 2) per modality, x and y in cells.
        """
        shown = {m: x.detach().softmax(dim=1) for m, x in logits.items()}
        if presence is not None:
            # What is missing agrees with nothing.
            shown = {
                m: p.masked_fill(~presence[m][:, None, None, None], 0)
                for m, p in shown.items()
            }
        total = sum(shown.values())
        grid = RegionGrid(tuple(total.shape[2:]), self.region_size)
        steps = torch.arange(-self.radius, self.radius + 1.0)
        y, x = torch.meshgrid(steps, steps, indexing='ij')
        offsets = torch.stack([x, y], dim=-1).flatten(0, 1).to(total)
        sharpness = self.log_sharpness.exp()
        return {
            m: (sharpness * self._agreement(p, total - p, grid)).softmax(-1)
            @ offsets
            for m, p in shown.items()
        }

    def _agreement(
        self, own: Tensor, others: Tensor, grid: RegionGrid
    ) -> Tensor:
        """c, (B, rows, columns, (2 n + 1)^2), row by row of displacements."""
        height, width = own.shape[2:]
        number = others.sum(dim=1, keepdim=True).clamp(min=1)
        others = others / number
        nearby = functional.avg_pool2d(
            others,
            2 * self.region_size + 1,
            stride=1,
            padding=self.region_size,
            count_include_pad=False,
        )
        others = others / (nearby + RAREST)
        around = functional.pad(own, (self.radius,) * 4, mode='replicate')
        steps = range(2 * self.radius + 1)
        same = [
            (around[:, :, i : i + height, j : j + width] * others).sum(dim=1)
            for i in steps
            for j in steps
        ]
        agreement = (torch.stack(same, dim=-1) + SMALLEST).log()
        regions = grid.windows(agreement).mean(dim=3).movedim(-1, 1)
        for _ in range(2):  # a mean that fades with the distance
            regions = functional.avg_pool2d(
                regions,
                2 * REACH + 1,
                stride=1,
                padding=REACH,
                count_include_pad=False,
            )
        return regions.movedim(1, -1)
