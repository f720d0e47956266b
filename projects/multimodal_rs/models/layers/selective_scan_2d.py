"""Layers with a two-dimensional selective scan: what they have in common."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from multimodal_rs.ops import CROSS4, Route, ss2d

# Range of the initial step sizes, as in Mamba.
DT_MIN, DT_MAX, DT_FLOOR = 1e-3, 0.1, 1e-4


class SelectiveScan2d(nn.Module):
    """The parameters of :func:`multimodal_rs.ops.ss2d` and their start.

    Names and shapes are VMamba's. Initialisation as in Mamba (Gu and Dao,
    2023, sec. 3.6): A = -(1, ..., N) in every channel, D = 1, the bias of
    the step size such that its softplus is log-uniform in [0.001, 0.1].

    Args:
        channels: Channels D of the maps that are scanned.
        rank: Rank R of the projection that makes the step size.
        state_size: State size N.
        routes: K routes.

    Attributes:
        operator: Called by :meth:`scan`, :func:`multimodal_rs.ops.ss2d`. A
            benchmark puts another function with its arguments there.
    """

    def __init__(
        self,
        channels: int,
        rank: int,
        state_size: int = 16,
        routes: Sequence[Route] = CROSS4,
    ) -> None:
        super().__init__()
        self.routes = tuple(routes)
        self.operator = ss2d
        number = len(self.routes)
        self.x_proj_weight = nn.Parameter(
            torch.empty(number, rank + 2 * state_size, channels)
        )
        self.dt_projs_weight = nn.Parameter(
            torch.empty(number, channels, rank)
        )
        self.dt_projs_bias = nn.Parameter(torch.empty(number, channels))
        self.A_logs = nn.Parameter(torch.empty(number * channels, state_size))
        self.Ds = nn.Parameter(torch.empty(number * channels))
        self.reset_scan()

    @torch.no_grad()
    def reset_scan(self) -> None:
        """Draw the parameters of the scan anew."""
        channels, rank = self.dt_projs_weight.shape[1:]
        # the default of nn.Linear(channels, ...)
        bound = channels**-0.5
        nn.init.uniform_(self.x_proj_weight, -bound, bound)
        nn.init.uniform_(self.dt_projs_weight, -(rank**-0.5), rank**-0.5)
        low, high = math.log(DT_MIN), math.log(DT_MAX)
        step = torch.empty_like(self.dt_projs_bias).uniform_(low, high)
        step = step.exp().clamp(min=DT_FLOOR)
        # the inverse of softplus
        self.dt_projs_bias.copy_(step + torch.log(-torch.expm1(-step)))
        states = self.A_logs.shape[1]
        self.A_logs.copy_(torch.arange(1, states + 1).log())
        nn.init.ones_(self.Ds)

    def scan(self, x: Tensor) -> Tensor:
        """Scan along all routes and sum up.

        Args:
            x: (B, H, W, D), or (S, B, H, W, D) for S maps.

        Returns:
            (B, H, W, D) float32 (float64 for float64).
        """
        logs = self.A_logs
        # 16 bits are too few for the decay over a whole image
        dtype = torch.promote_types(logs.dtype, torch.float32)
        with torch.autocast(x.device.type, enabled=False):
            a = -torch.exp(logs.to(dtype))
        return self.operator(
            x,
            self.x_proj_weight,
            self.dt_projs_weight,
            self.dt_projs_bias,
            a,
            self.Ds,
            routes=self.routes,
        )
