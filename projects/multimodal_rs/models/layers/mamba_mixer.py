"""The one-dimensional Mamba layer."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.ops import selective_scan
from multimodal_rs.ops.causal_conv1d import causal_conv1d


class MambaMixer(nn.Module):
    """Mix tokens along a sequence with a selective scan.

    Gu and Dao, "Mamba: Linear-Time Sequence Modeling with Selective State
    Spaces", 2023, https://arxiv.org/abs/2312.00752, fig. 3 and sec. 3.4. On
    tokens x (B, L, C):

        (a, z) = in_proj(x);   u = SiLU(conv1d(a)), causal and depthwise
        (r, B, C) = x_proj(u);   delta = dt_proj(r)
        y = out_proj(selective_scan(u, delta, A, B, C, D) * SiLU(z))

    Parameter names, shapes and initialisation are those of
    ``mamba_ssm.Mamba`` (Apache-2.0), so that its weights load. Step sizes
    start log-uniform in [dt_min, dt_max] (sec. 3.6).

    Note:
        For whole sequences only: the package's step-by-step generation has
        no use here. The scan runs in float32 under autocast as well.

    Args:
        d_model (int): Channels C.
        d_state (int): State size N.
        d_conv (int): Taps of the convolution.
        expand (float): Inner channels D = expand * C.
        dt_rank (int | str): Rank of the projection that makes the step size;
            'auto' is ceil(C / 16).
        dt_min (float): Smallest initial step size.
        dt_max (float): Largest initial step size.
        conv_bias (bool): Whether the convolution has a bias.
        bias (bool): Whether in_proj and out_proj have one.
        backend (str): Of the scan, see
            :func:`multimodal_rs.ops.available_backends`.
    """

    def __init__(
        self,
        d_model: int,
        d_state: int = 16,
        d_conv: int = 4,
        expand: float = 2,
        dt_rank: int | str = 'auto',
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        conv_bias: bool = True,
        bias: bool = False,
        backend: str = 'auto',
    ) -> None:
        super().__init__()
        if dt_rank == 'auto':
            dt_rank = math.ceil(d_model / 16)
        inner = int(expand * d_model)
        self.backend = backend
        self.in_proj = nn.Linear(d_model, 2 * inner, bias=bias)
        self.conv1d = nn.Conv1d(
            inner,
            inner,
            d_conv,
            groups=inner,
            padding=d_conv - 1,
            bias=conv_bias,
        )
        self.x_proj = nn.Linear(inner, dt_rank + 2 * d_state, bias=False)
        self.dt_proj = nn.Linear(dt_rank, inner)
        self.A_log = nn.Parameter(torch.empty(inner, d_state))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, d_model, bias=bias)
        self._init_scan(dt_min, dt_max)

    @torch.no_grad()
    def _init_scan(self, dt_min: float, dt_max: float) -> None:
        bound = self.dt_proj.in_features**-0.5
        nn.init.uniform_(self.dt_proj.weight, -bound, bound)
        step = torch.empty_like(self.dt_proj.bias)
        step.uniform_(math.log(dt_min), math.log(dt_max))
        step = step.exp().clamp(min=1e-4)
        # the inverse of softplus
        self.dt_proj.bias.copy_(step + torch.log(-torch.expm1(-step)))
        states = self.A_log.shape[1]
        self.A_log.copy_(torch.arange(1, states + 1).log())

    def forward(self, x: Tensor) -> Tensor:
        """Mix one batch of sequences.

        Args:
            x: (B, L, C).

        Returns:
            (B, L, C).
        """
        a, z = self.in_proj(x).transpose(1, 2).chunk(2, dim=1)  # (B, D, L)
        u = causal_conv1d(
            a, self.conv1d.weight[:, 0], self.conv1d.bias, silu=True
        )
        states, rank = self.A_log.shape[1], self.dt_proj.in_features
        low_rank, b, c = self.x_proj(u.transpose(1, 2)).split(
            (rank, states, states), dim=2
        )
        delta = functional.linear(low_rank, self.dt_proj.weight)
        # 16 bits are too few for the decay over a whole sequence
        wide = torch.promote_types(self.A_log.dtype, torch.float32)
        with torch.autocast(x.device.type, enabled=False):
            A = -torch.exp(self.A_log.to(wide))
        y = selective_scan(
            u,
            delta.transpose(1, 2),
            A,
            b.transpose(1, 2)[:, None],
            c.transpose(1, 2)[:, None],
            self.D,
            self.dt_proj.bias,
            backend=self.backend,
        )
        y = y.to(z.dtype) * functional.silu(z)
        return self.out_proj(y.transpose(1, 2))
