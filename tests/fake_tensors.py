"""Networks and images that have shapes but no values.

Everything runs as usual, checks included, but no product is computed and no
weight is drawn or stored: a network of a hundred million parameters is built
and asked for a prediction in a fraction of a second.
"""

from collections.abc import Mapping

import torch
from mmseg.registry import MODELS
from torch import nn
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.overrides import TorchFunctionMode


class _WithoutStorage(TorchFunctionMode):
    """What layers allocate for their parameters has no storage.

    Not ``torch.device('meta')``: there, the small tensors from which
    networks compute numbers while they are built would have no values.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func is torch.empty:
            kwargs['device'] = 'meta'
        return func(*args, **kwargs)


def fake_mode() -> FakeTensorMode:
    """Return the context in which such networks run.

    Real tensors may be passed in; they become fake.
    """
    return FakeTensorMode(allow_non_fake_inputs=True)


def build_fake(config: Mapping, mode: FakeTensorMode) -> nn.Module:
    """Build a network without the values of its weights.

    Args:
        config: Of the network.
        mode: From :func:`fake_mode`; the network runs in it only.
    """
    with _WithoutStorage():
        model = MODELS.build(config)
    cpu = torch.device('cpu')
    future = torch.__future__
    before = future.get_overwrite_module_params_on_conversion()
    future.set_overwrite_module_params_on_conversion(True)
    try:
        # What `to_empty` in the mode does, in half the time. Not model.to:
        # mmengine's would move the images there, too.
        return model._apply(
            lambda tensor: FakeTensor(mode, tensor.to('meta'), cpu)
        )
    finally:
        future.set_overwrite_module_params_on_conversion(before)
