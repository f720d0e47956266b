"""The order of modalities that the weights of a checkpoint were trained in.

Networks that concatenate, or that have a main modality, depend on the order
in which modalities are declared. mmengine sorts the keys of the configs that
it writes, into work directories and checkpoints, so that a declaration of
``opt, sar, dem`` comes back as ``dem, opt, sar``: the weights fit as before,
and mean something else.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mmengine.config import Config
from torch import nn


def trained_order(keys: Iterable[str], declared: Collection[str]) -> list[str]:
    """Put the modalities of a network in its order.

    Args:
        keys: Of its weights, in the order in which it registers them.
        declared: Names in the order of the data's declaration, as the
            training had it. Parts of a network that are called after
            modalities (its branches) have their own order; where a network
            has no such parts, the declaration counts.

    Returns:
        The names of ``declared``.
    """
    parts = (part for key in keys for part in key.split('.'))
    named = dict.fromkeys(part for part in parts if part in declared)
    following = iter(named)
    return [next(following) if n in named else n for n in declared]


def order_of(checkpoint: Mapping) -> list[str]:
    """Read the order out of what a training has saved; empty: unknown.

    ``modalities`` in its meta is a list in the order of the network's
    declaration (:class:`DeclarationHook` writes it, and the conversion of
    weights); in older files that of the training data stands for it.
    """
    meta = checkpoint.get('meta') or {}
    of_data = (meta.get('dataset_meta') or {}).get('modalities') or ()
    weights = checkpoint.get('state_dict') or {}
    return trained_order(weights, meta.get('modalities') or of_data)


def check_order(model: nn.Module, checkpoint: Mapping) -> None:
    """Refuse weights whose network had the modalities in another order.

    Args:
        model: With ``declared``, the names of its data; others fit anything.
        checkpoint: What a training has saved.

    Raises:
        ValueError: With both orders.
    """
    theirs = order_of(checkpoint)
    ours = trained_order(model.state_dict(), getattr(model, 'declared', ()))
    if sorted(theirs) == sorted(ours) and theirs != ours:
        raise ValueError(
            f'checkpoint: its network was trained with the modalities {theirs}'
            f', in this order, the config has {ours}: use the config of the '
            'training, not the copy in its work directory, which may be '
            'sorted, or put `modalities` and `branches` in that order'
        )


def reordered(config: Any, names: Collection[str]) -> Any:
    """Bring everything in a config that is keyed by modality in their order.

    Args:
        config: A config or a part of it; it is not changed.
        names: Of all modalities; empty: nothing is moved.

    Returns:
        The same, with other orders of keys.
    """
    if isinstance(config, Config):
        values = reordered(config.to_dict(), names)
        return type(config)(values, config.text, config.filename)
    if isinstance(config, Mapping):
        items = {k: reordered(v, names) for k, v in config.items()}
        if set(items) <= set(names):
            return {n: items[n] for n in names if n in items}
        return items
    if isinstance(config, (list, tuple)):
        return type(config)(reordered(item, names) for item in config)
    return config
