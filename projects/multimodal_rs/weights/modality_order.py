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

# Key in the meta of a checkpoint: what its network reads, in its order.
READ = 'read_modalities'


def orders_of_parts(
    keys: Iterable[str], declared: Collection[str]
) -> dict[str, list[str]]:
    """Find the parts of a network that are called after modalities.

    Args:
        keys: Of its weights, in the order in which it registers them.
        declared: Names in the order of the data's declaration.

    Returns:
        Name of what holds them (``branches``, ``modality_heads``) -> their
        names in its order, at least two: a single part with the name of a
        modality may be any layer.
    """
    below = {}
    for key in keys:
        parts = key.split('.')
        for i, part in enumerate(parts):
            if part in declared:
                below.setdefault('.'.join(parts[:i]), {})[part] = None
    orders = {}
    for path, names in below.items():
        if len(names) > 1:
            orders.setdefault(path.rpartition('.')[2], list(names))
    return orders


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
    orders = orders_of_parts(keys, declared).values()
    named = dict.fromkeys(name for order in orders for name in order)
    following = iter(named)
    return [next(following) if n in named else n for n in declared]


def order_of(checkpoint: Mapping) -> list[str]:
    """Read the order out of what a training has saved; empty: unknown."""
    return trained_order(*_weights_and_declared(checkpoint))


def orders_of(checkpoint: Mapping) -> dict[str, list[str]]:
    """Read the order of every part out of what a training has saved.

    Returns:
        As :func:`orders_of_parts`, and that of the declarations under
        ``modalities``.
    """
    keys, declared = _weights_and_declared(checkpoint)
    return orders_of_parts(keys, declared) | dict(modalities=declared)


def reordered(
    config: Any,
    names: Collection[str],
    parts: Mapping[str, Collection[str]] | None = None,
) -> Any:
    """Bring everything in a config that is keyed by modality in their order.

    Args:
        config: A config or a part of it; it is not changed.
        names: Of all modalities; empty: nothing is moved.
        parts: Key of a config -> names in the order that counts there; an
            optimiser goes by the order of heads, random draws by that of
            declarations. Elsewhere ``names`` counts.

    Returns:
        The same, with other orders of keys.
    """
    parts = parts or {}
    if isinstance(config, Config):
        values = reordered(config.to_dict(), names, parts)
        return type(config)(values, config.text, config.filename)
    if isinstance(config, Mapping):
        return {
            key: _sorted(
                reordered(value, names, parts), parts.get(key, ()), names
            )
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(
            _sorted(reordered(item, names, parts), names) for item in config
        )
    return config


def _sorted(value: Any, *orders: Collection[str]) -> Any:
    """Sort a dict by the first order that has all of its keys."""
    if isinstance(value, Mapping):
        for names in orders:
            if set(value) <= set(names):
                return {n: value[n] for n in names if n in value}
    return value


def _weights_and_declared(checkpoint: Mapping) -> tuple[Mapping, list[str]]:
    """Find weights, and modalities in the order of their declaration.

    ``modalities`` in its meta is a list in the order of the network's
    declaration (:class:`DeclarationHook` writes it); in older files that of
    the training data stands for it.
    """
    meta = checkpoint.get('meta') or {}
    names = meta.get('modalities') or _trained_on(checkpoint)
    return checkpoint.get('state_dict') or {}, list(names)


def _trained_on(checkpoint: Mapping) -> Mapping:
    """Get the declarations of the training data; empty: unknown."""
    meta = checkpoint.get('meta') or {}
    return (meta.get('dataset_meta') or {}).get('modalities') or {}


def check_order(checkpoint: Mapping, model: nn.Module) -> None:
    """Refuse weights that fit a network and would mean something else in it.

    Args:
        checkpoint: What a training has saved. One that does not say what it
            was trained on is not examined.
        model: Not wrapped.

    Raises:
        ValueError: If the same modalities, or the same named bands of one,
            have another order in it, or some of its modalities would get
            weights of others, with both.
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
    _check_places(checkpoint, model)
    declared = getattr(model, 'declarations', {})
    trained = _trained_on(checkpoint)
    if not trained or not declared:
        return
    trained = build_modalities(trained)
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


def _check_places(checkpoint: Mapping, model: nn.Module) -> None:
    """Refuse weights that go by place, where modalities change theirs.

    Parts that are called after modalities find their weights whatever else a
    network reads. The encoders of CMX and CMNeXt do not, and neither do
    layers that read all modalities, which fit as many others as well.

    Raises:
        ValueError: If modalities that both read have other places.
    """
    theirs = (checkpoint.get('meta') or {}).get(READ) or []
    ours = list(getattr(model, 'modalities', ()))
    keys = (checkpoint.get('state_dict') or {}, model.state_dict())
    named = any(map(orders_of_parts, keys, (theirs, ours)))
    if named and len(theirs) != len(ours):
        return
    moved = [
        m for m in ours if m in theirs and theirs.index(m) != ours.index(m)
    ]
    if moved:
        raise ValueError(
            f'checkpoint: its network reads the modalities {theirs}, that of '
            f'the config {ours}: where weights go by place, {moved} would '
            'get those of another one: keep the places of those that both '
            'read, or start from another checkpoint'
        )
