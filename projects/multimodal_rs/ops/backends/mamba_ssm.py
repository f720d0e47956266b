"""Adapter to ``selective_scan_cuda``, the CUDA extension of mamba-ssm.

The extension is called directly: importing the package ``mamba_ssm`` pulls in
language models. Its contract, read in its C++ source (2.3.2, Apache-2.0),
besides what :class:`multimodal_rs.ops.cuda_extension.CudaExtension` says:

- u, delta, B, C are float32, float16 or bfloat16.
- ``fwd(u, delta, A, B, C, D, z, delta_bias, delta_softplus) -> out, x, ...``:
  out has the type of u and the strides of delta.
- ``bwd(u, delta, A, B, C, D, z, delta_bias, dout, x, out, dz, delta_softplus,
  recompute_out_z) -> du, ddelta, dA, dB, dC, dD, ddelta_bias, ...``: dout has
  the type of u.

Note:
    A 16-bit result overflows when directions are added up, so 16-bit
    arguments are converted to float32 first. Arguments and results were
    tested with a stand-in that checks this contract; the extension itself
    has not been run.
"""

import torch

from multimodal_rs.ops.cuda_extension import CudaExtension


class MambaSsm(CudaExtension):
    """mamba-ssm's extension, in float32."""

    extension = 'selective_scan_cuda'
    remedy = (
        'MAMBA_KEEP_CUDA_BUILD=TRUE pip install --no-build-isolation mamba-ssm'
    )
    package = 'mamba_ssm'

    def _fwd(self, module, inputs, softplus):
        *sequences, delta_bias = inputs
        out, x, *_ = module.fwd(*sequences, None, delta_bias, softplus)
        return out, x

    def _bwd(self, module, inputs, dy, x, softplus):
        *sequences, delta_bias = inputs
        return module.bwd(
            *(*sequences, None, delta_bias),
            *(dy, x, None, None, softplus, False),
        )

    def _dtype(self, sequences):
        return torch.float32


BACKEND = MambaSsm()
