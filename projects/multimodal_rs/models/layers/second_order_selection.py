"""MBFNet's second-order attention, which also selects channels."""

import torch
from torch import Tensor, nn

SELECTIONS = ('topk', 'projection')


class SecondOrderSelection(nn.Module):
    """Weigh channels by second-order statistics and keep the strongest.

    Li, Lei, Sun, Li, Kuang, "Multimodal Bilinear Fusion Network With
    Second-Order Attention-Based Channel Selection for Land Cover
    Classification", JSTARS 2020, https://doi.org/10.1109/JSTARS.2020.2975252.

    Note:
        Neither the paper nor code was at hand. Known is that global average
        and maximum are combined bilinearly, that channels are weighed by the
        result, and that some are selected. The rest is ours: with the
        pooled a and m (C each),

            A = normalised signed square root of a m^T, made symmetric
            s_i = <v_i, A_i> + b_i          a vector v_i for each row
            w = sigmoid(W_2 ReLU(W_1 s))

    Args:
        channels: C.
        selected: k, how many channels stay.
        reduction: C over the width between W_1 and W_2.
        select: 'topk': the k channels with the largest w of a sample, in
            descending order; 'projection': a 1x1 convolution and batch norm.

    Raises:
        ValueError: If it cannot select so.
    """

    def __init__(
        self,
        channels: int,
        selected: int = 64,
        reduction: int = 16,
        select: str = 'topk',
    ) -> None:
        super().__init__()
        if select not in SELECTIONS or not 0 < selected <= channels:
            raise ValueError(
                f'SecondOrderSelection: expected select in {SELECTIONS} and '
                f'selected between 1 and channels={channels}, got '
                f'select={select!r}, selected={selected}'
            )
        self.selected = selected
        self.rows = nn.Parameter(torch.empty(channels, channels))
        self.row_bias = nn.Parameter(torch.zeros(channels))
        nn.init.normal_(self.rows, std=channels**-0.5)
        self.gate = nn.Sequential(
            nn.Linear(channels, channels // reduction),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels),
            nn.Sigmoid(),
        )
        self.project = None
        if select == 'projection':
            self.project = nn.Sequential(
                nn.Conv2d(channels, selected, 1, bias=False),
                nn.BatchNorm2d(selected),
            )

    def weights(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> weights (B, C) in (0, 1)."""
        average, maximum = x.mean(dim=(2, 3)), x.amax(dim=(2, 3))
        second = average.unsqueeze(2) * maximum.unsqueeze(1)
        second = nn.functional.normalize(
            signed_root(second).flatten(1), dim=1
        ).view_as(second)
        second = (second + second.transpose(1, 2)) / 2
        reduced = (second * self.rows).sum(dim=2) + self.row_bias
        return self.gate(reduced)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh and select, (B, C, H, W) -> (B, k, H, W)."""
        weights = self.weights(x)
        weighted = x * weights[..., None, None]
        if self.project is not None:
            return self.project(weighted)
        order = weights.topk(self.selected, dim=1).indices[..., None, None]
        return weighted.gather(1, order.expand(-1, -1, *x.shape[2:]))


def signed_root(x: Tensor, epsilon: float = 1e-5) -> Tensor:
    """Take the square root of the absolute value and keep the sign.

    Below the root stands |x| + epsilon, because the derivative of the root
    has no bound at 0; the root of epsilon is taken off, so that 0 stays 0.
    """
    return x.sign() * ((x.abs() + epsilon).sqrt() - epsilon**0.5)
