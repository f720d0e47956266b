"""One optimiser for each part of a network, by its name."""

from collections.abc import Mapping

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmseg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

FULL_PRECISION = 'OptimWrapper'


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NamedOptimWrapperConstructor:
    """Build what ``optim_wrapper`` says for each part of a network.

        optim_wrapper = dict(
            constructor='NamedOptimWrapperConstructor',
            generator=dict(type='OptimWrapper', optimizer=dict(...)),
            discriminator=dict(type='OptimWrapper', optimizer=dict(...)),
        )

    The network has a method ``optimized_parts() -> {name: module}``, and
    chooses in its ``train_step`` which one it updates when. Schedules stand
    under the same names in ``param_scheduler``. Names and parts have to
    agree; an entry that is None, as in a config that inherits one for a part
    that its network does not have, does not count.

    Args:
        optim_wrapper_cfg (dict): An ``OptimWrapper`` for each part.
        paramwise_cfg (dict, optional): None here; each part has its own.

    Raises:
        ValueError: If parts and entries differ, for mixed precision, and for
            distributed training.
    """

    def __init__(
        self, optim_wrapper_cfg: Mapping, paramwise_cfg: Mapping | None = None
    ) -> None:
        if paramwise_cfg is not None:
            raise ValueError(
                'optim_wrapper.paramwise_cfg: there are several optimisers, '
                'write it into the entry of one of them'
            )
        self.configs = {
            name: config
            for name, config in optim_wrapper_cfg.items()
            if config is not None
        }
        for name, config in self.configs.items():
            kind = config.get('type', FULL_PRECISION)
            if kind != FULL_PRECISION:
                raise ValueError(
                    f'optim_wrapper.{name}: expected the type '
                    f'{FULL_PRECISION!r}, got {kind!r}: a network with '
                    'several optimisers trains in full precision, leave --amp '
                    'out'
                )

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build all of them."""
        if is_model_wrapper(model):
            raise ValueError(
                f'{type(model.module).__name__} has several optimisers and '
                'trains in a single process: start it without --launcher'
            )
        parts = model.optimized_parts()
        if set(parts) != set(self.configs):
            raise ValueError(
                f'optim_wrapper: {type(model).__name__} has the parts '
                f'{sorted(parts)}, got optimisers for {sorted(self.configs)}: '
                'write one entry for each part, and None for one that is not '
                'there'
            )
        wrappers = {
            name: build_optim_wrapper(part, self.configs[name])
            for name, part in parts.items()
        }
        return OptimWrapperDict(**wrappers)
