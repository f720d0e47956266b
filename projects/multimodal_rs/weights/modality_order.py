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

from multimodal_rs.datasets.modality import build_modalities


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
    """Read the order out of what a training has saved; empty: unknown."""
    weights = checkpoint.get('state_dict') or {}
    return trained_order(weights, declared_order(checkpoint))


def declared_order(checkpoint: Mapping) -> list[str]:
    """Read the order of the data's declaration; empty: unknown."""
    meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    return list(meta.get('modalities') or ())


def in_order(
    config: Any,
    names: Collection[str],
    declared: Collection[str] | None = None,
) -> Any:
    """Bring everything in a config that is keyed by modality in their order.

    Args:
        config: A config or a part of it; it is not changed.
        names: Of all modalities; empty: nothing is moved.
        declared: The same in the order of declarations (``modalities``),
            which is that of random draws; None: ``names``.

    Returns:
        The same, with other orders of keys.
    """
    declared = names if declared is None else declared
    if isinstance(config, Config):
        values = in_order(config.to_dict(), names, declared)
        return type(config)(values, config.text, config.filename)
    if isinstance(config, Mapping):
        items = {
            key: in_order(
                value, declared if key == 'modalities' else names, declared
            )
            for key, value in config.items()
        }
        if set(items) <= set(names):
            return {n: items[n] for n in names if n in items}
        return items
    if isinstance(config, (list, tuple)):
        return type(config)(in_order(item, names, declared) for item in config)
    return config


def check_order(checkpoint: Mapping, model: nn.Module) -> None:
    """Refuse weights that fit a network and would mean something else in it.

    Args:
        checkpoint: What a training has saved. One that does not say what it
            was trained on is not examined.
        model: Not wrapped.

    Raises:
        ValueError: If the same modalities, or the same named bands of one,
            have another order in it, with both.
    """
    theirs = order_of(checkpoint)
    ours = trained_order(model.state_dict(), getattr(model, 'declared', ()))
    if sorted(theirs) == sorted(ours) and theirs != ours:
        raise ValueError(
            'checkpoint: its network was trained with the modalities '
            f'{theirs}, in this order, the config has {ours}: use the '
            'config of the training, not the copy in its work directory, '
            'which may be sorted, or put `modalities` and `branches` in '
            'that order'
        )
    declared = getattr(model, 'declarations', {})
    if not theirs or not declared:
        return
    meta = checkpoint['meta']['dataset_meta']
    trained = build_modalities(meta['modalities'])
    for name in [n for n in declared if n in trained]:
        bands, here = (list(d[name].bands) for d in (trained, declared))
        # Numbers are positions in files, which may be other ones by now.
        named = all(isinstance(band, str) for band in bands + here)
        if named and bands != here and sorted(bands) == sorted(here):
            raise ValueError(
                f'checkpoint: {name} was trained with the bands {bands}, in '
                f'this order, the config has {here}: put `bands` of {name} in '
                'that order'
            )
