"""Adapter to ``selective_scan_cuda_oflex``, VMamba's CUDA extension.

As that of mamba-ssm, :mod:`multimodal_rs.ops.backends.mamba_ssm`, with two
differences, read in its C++ source (MIT): there is no gate z, and with
``out_float`` the result is float32 whatever the type of u, so 16-bit arguments
stay as they are.

- ``fwd(u, delta, A, B, C, D, delta_bias, delta_softplus, nrows, out_float)
  -> out, x``
- ``bwd(u, delta, A, B, C, D, delta_bias, dout, x, delta_softplus, nrows) ->
  du, ddelta, dA, dB, dC, dD, ddelta_bias``; dout may be float32 then.

Note:
    Arguments and results were tested with a stand-in that checks this
    contract; the extension itself has not been run. Its backward kernel does
    not compile with CUDA 13 as it stands.
"""

import torch

from multimodal_rs.ops.cuda_extension import CudaExtension

ROWS = 1  # more were slower in the authors' own measurements


class VMamba(CudaExtension):
    """VMamba's extension; sequences of one type keep it."""

    extension = 'selective_scan_cuda_oflex'
    remedy = (
        'pip install --no-build-isolation ./kernels/selective_scan in a clone '
        'of the VMamba repository'
    )

    def _fwd(self, module, inputs, softplus):
        out, x, *_ = module.fwd(*inputs, softplus, ROWS, True)
        return out, x

    def _bwd(self, module, inputs, dy, x, softplus):
        return module.bwd(*inputs, dy, x, softplus, ROWS)

    def _dtype(self, sequences):
        dtypes = {x.dtype for x in sequences}
        return dtypes.pop() if len(dtypes) == 1 else torch.float32


BACKEND = VMamba()
