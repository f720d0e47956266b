"""The sum of a residual block, with stochastic depth."""

import torch
from torch import Tensor, nn


class StochasticDepth(nn.Module):
    """Add a branch; in training, samples skip it at random.

    Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016: a sample
    skips the branch with probability p, what remains is divided by 1 - p. As
    x + DropPath(branch) of mmcv and timm, but the map is read and written
    once instead of three times, which is felt on CPUs.

    Args:
        drop_prob: p, from 0 to below 1.

    Raises:
        ValueError: If p is out of range.
    """

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        if not 0 <= drop_prob < 1:
            raise ValueError(
                f'StochasticDepth: drop_prob={drop_prob}, expected a '
                'probability from 0 to below 1'
            )
        self.drop_prob = drop_prob

    def forward(self, x: Tensor, branch: Tensor) -> Tensor:
        """Add up.

        Args:
            x: (B, ...).
            branch: The same size.

        Returns:
            The same size.
        """
        if not (self.training and self.drop_prob):
            return x + branch
        keep = 1 - self.drop_prob
        draws = branch.new_empty(len(x), *[1] * (x.dim() - 1))
        return torch.addcmul(x, branch, draws.bernoulli_(keep).div_(keep))

    def extra_repr(self) -> str:
        """Show the probability."""
        return f'drop_prob={self.drop_prob}'
