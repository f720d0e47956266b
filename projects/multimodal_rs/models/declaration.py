"""Numbers that a network's config takes from the declaration of the data.

How many bands a branch reads and how many classes a head tells apart stand in
one place, the dataset's base config. The segmentor writes them into the
configs of its parts before it builds them; where a config states one of them
as well, it has to be the same.
"""

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mmseg.registry import MODELS

from multimodal_rs.datasets.modality import Modality

Modalities = Mapping[str, Modality]


def filled(
    config: Mapping, key: str, value: Any, where: str, source: str
) -> dict:
    """Write a value into a config, or check the one that is there.

    Args:
        config: Of a part; it is not changed.
        key: Argument of the part. None counts as not stated.
        value: What the declaration says.
        where: Name of the part, for the message.
        source: What says so, for the message.

    Returns:
        The config with the value.

    Raises:
        ValueError: If the config states another value, naming both.
    """
    stated = config.get(key)
    if stated is not None and stated != value:
        raise ValueError(
            f'{where}: the config states {key}={stated!r}, but {source}, '
            f'expected {key}={value!r}: leave {key} out of the config, or '
            'correct the declaration'
        )
    return {**config, key: value}


def takes(config: Mapping, key: str) -> bool:
    """Whether the class that a config names has an argument ``key``."""
    parameters = inspect.signature(_class_of(config)).parameters.values()
    return any(
        p.name == key or p.kind is inspect.Parameter.VAR_KEYWORD
        for p in parameters
    )


def check_declared(
    names: Iterable[str], modalities: Collection[str], where: str
) -> None:
    """Refuse to read modalities that the data does not have.

    Args:
        names: What a part reads.
        modalities: Names that are declared.
        where: Name of the part, for the message.

    Raises:
        KeyError: With the names that are wrong and those that are declared.
    """
    undeclared = sorted(set(names) - set(modalities))
    if undeclared:
        raise KeyError(
            f'{where}: the backbone reads {undeclared}, but the data has the '
            f'modalities {list(modalities)}: use these names (the training '
            'config of docs/own_data.md shows how), or declare another one in '
            "`modalities` of the dataset's base config"
        )


def bands_of(names: Sequence[str], modalities: Modalities) -> str:
    """Say which bands some modalities have, for messages."""
    return ' and '.join(
        f'{m} is declared with {modalities[m].channels} bands '
        f'{list(modalities[m].bands)}'
        for m in names
    )


def branch_with_bands(
    config: Mapping, names: Sequence[str], modalities: Modalities, where: str
) -> dict:
    """Set ``in_channels`` of a backbone for one image.

    Args:
        config: Any backbone. One around another (mmseg's BiSeNetV1) has that
            in ``backbone_cfg``, which gets them as well. If it starts from
            pretrained weights whose bands are named (``init_cfg.bands``),
            ``init_cfg`` is told those of the image.
        names: The modalities that are the bands of its image, usually one.
        modalities: The declarations.
        where: Name of the branch, for messages.

    Returns:
        The completed config.

    Raises:
        KeyError: If the data has no such modality.
        ValueError: If the config states another number.
    """
    check_declared(names, modalities, where)
    number = sum(modalities[m].channels for m in names)
    source = bands_of(names, modalities)
    config = filled(config, 'in_channels', number, where, source)
    inner = config.get('backbone_cfg')
    bands = [b for m in names for b in _band_names(modalities[m])]
    if inner is not None and takes(inner, 'in_channels'):
        inner = filled(
            *(inner, 'in_channels', number, f'{where}.backbone_cfg', source)
        )
        config['backbone_cfg'] = _told(inner, bands)
    return _told(config, bands)


def _told(config: Mapping, bands: Sequence[str | None]) -> dict:
    """Tell ``init_cfg`` the bands of the image, if it asks for them."""
    if None in bands or not _asks_for_bands(config):
        return dict(config)
    start = {**config['init_cfg'], 'image_bands': bands}
    return {**config, 'init_cfg': start}


def _asks_for_bands(config: Mapping) -> bool:
    """Whether it starts from weights whose bands are named."""
    start = config.get('init_cfg')
    return isinstance(start, Mapping) and start.get('bands') is not None


def _band_names(modality: Modality) -> list[str | None]:
    """Names of the bands that are read, None for those without one."""
    if modality.file_bands is not None:
        return [modality.file_bands[i] for i in modality.indices]
    return [b if isinstance(b, str) else None for b in modality.bands]


def with_bands(backbone: Mapping, modalities: Modalities) -> dict:
    """Complete the config of a backbone for several modalities.

    A class with a method ``with_bands`` knows itself where its bands stand
    (see :class:`MultiModalBackbone`); any other class gets what that one does
    by default.

    Args:
        backbone: Its config.
        modalities: The declarations; empty: nothing is filled in.

    Returns:
        The completed config.
    """
    if not modalities:
        return dict(backbone)
    complete = getattr(_class_of(backbone), 'with_bands', joint_with_bands)
    return complete(backbone, modalities)


def joint_with_bands(config: Mapping, modalities: Modalities) -> dict:
    """Set ``modalities`` and ``in_channels``, a dict, of a joint backbone.

    Only what its class has as an argument. Without ``modalities`` in the
    config it reads all that are declared. If it starts from pretrained
    weights whose bands are named (``init_cfg.bands``), ``init_cfg`` is told
    those of every modality, a dict, without modalities that name none.

    Raises:
        KeyError: If the data has no modality of a name in ``modalities``.
        ValueError: If the config states another number of bands.
    """
    config = dict(config)
    if takes(config, 'modalities'):
        config.setdefault('modalities', tuple(modalities))
    names = config.get('modalities', modalities)
    check_declared(names, modalities, config['type'])
    if not takes(config, 'in_channels'):
        return config
    bands = {m: modalities[m].channels for m in names}
    source = bands_of(list(names), modalities)
    config = filled(config, 'in_channels', bands, config['type'], source)
    return told_bands(config, names, modalities)


def told_bands(
    config: Mapping, names: Iterable[str], modalities: Modalities
) -> dict:
    """Tell ``init_cfg`` the bands of several images, a dict by modality.

    Modalities whose bands have no names are left out. A config that does not
    start from weights whose bands are named (``init_cfg.bands``) stays as it
    is.
    """
    if not _asks_for_bands(config):
        return dict(config)
    named = {m: _band_names(modalities[m]) for m in names}
    named = {m: bands for m, bands in named.items() if None not in bands}
    start = {**config['init_cfg'], 'image_bands': named}
    return {**config, 'init_cfg': start}


def with_modalities(
    neck: Mapping, names: Sequence[str], where: str = 'neck'
) -> dict:
    """Set ``modalities`` of a fusion neck to what the backbone reads.

    A neck without that argument stays as it is. A config may state another
    order of the same names.

    Raises:
        ValueError: If the config states other names: one that the backbone
            reads would be encoded and never fused.
    """
    named = inspect.signature(_class_of(neck)).parameters
    if 'modalities' not in named:
        return dict(neck)
    stated = neck.get('modalities')
    if stated is None:
        return {**neck, 'modalities': tuple(names)}
    if sorted(stated) != sorted(names):
        raise ValueError(
            f'{where}: {neck["type"]} fuses modalities={list(stated)}, but '
            f'the backbone reads {list(names)}: leave `modalities` out, or '
            'name the same ones in both'
        )
    return dict(neck)


def with_fused_classes(neck: Mapping, number: int | None, where: str) -> dict:
    """Set ``num_classes`` of a fusion neck that has such an argument.

    Raises:
        ValueError: If the config states another number.
    """
    if number is None or not takes(neck, 'num_classes'):
        return dict(neck)
    source = f'data_preprocessor declares num_classes={number}'
    return filled(neck, 'num_classes', number, where, source)


def with_classes(head: Mapping, number: int | None, where: str) -> dict:
    """Set ``num_classes`` of a head.

    Args:
        head: Config of any mmseg decode head.
        number: Of the declaration; None: not declared.
        where: Name of the head, for messages.

    Raises:
        ValueError: If the config states another number, or nobody states it.
    """
    if number is not None:
        source = f'data_preprocessor declares num_classes={number}'
        return filled(head, 'num_classes', number, where, source)
    if head.get('num_classes') is None:
        raise ValueError(
            f'{where}: nobody says how many classes there are: set '
            '`num_classes` of data_preprocessor, as the base configs of the '
            'datasets do, or of the head'
        )
    return dict(head)


def _class_of(config: Mapping) -> type:
    if not isinstance(config, Mapping) or 'type' not in config:
        raise ValueError(
            'model: expected a dict with `type` for every part (backbone, '
            f'neck, heads), got {config!r}'
        )
    kind = config['type']
    if not isinstance(kind, str):
        return kind
    found = MODELS.get(kind)
    if found is None:
        raise KeyError(
            f'{kind} is no model that mmseg or a package in custom_imports '
            'has registered: correct `type`, or import the package'
        )
    return found
