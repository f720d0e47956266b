"""Configs that are written down in the order in which they were read."""

from collections.abc import Mapping
from keyword import iskeyword

from mmengine.config import Config

WIDTH, STEP = 79, 4  # columns of a line, and of an indentation


class OrderedConfig(Config):
    """A config whose text keeps the order of its keys.

    mmengine sorts them, and with them the modalities: a network that is built
    from what a run has written down would have another main modality, or
    would concatenate in another order (see
    :mod:`multimodal_rs.weights.modality_order`).
    """

    @classmethod
    def of(cls, config: Config) -> 'OrderedConfig':
        """Make one of any config; they share their values."""
        ordered = cls.__new__(cls)
        ordered.__dict__.update(config.__dict__)
        return ordered

    @property
    def pretty_text(self) -> str:
        """The config as Python source."""
        return ''.join(
            f'{key} = {_source(value, WIDTH - len(key) - 3)}\n'
            for key, value in self.to_dict().items()
        )


def _source(value: object, room: int, indent: int = 0) -> str:
    """Write a value, on several lines if one has not enough columns.

    Args:
        value: Plain data, or a class.
        room: Columns that are left in the first line.
        indent: Columns before the line in which it begins.
    """
    opening, items, closing = _parts(value)
    flat = opening + ', '.join(k + _source(v, WIDTH**2) for k, v in items)
    if isinstance(value, tuple) and len(value) == 1:
        flat += ','
    if not items or len(flat + closing) < room:
        return flat + closing
    inner = indent + STEP
    lines = (
        f'{" " * inner}{k}{_source(v, WIDTH - inner - len(k) - 1, inner)},\n'
        for k, v in items
    )
    return f'{opening}\n{"".join(lines)}{" " * indent}{closing}'


def _parts(value: object) -> tuple[str, list[tuple[str, object]], str]:
    """What a value begins with, its labelled items, and its end."""
    if isinstance(value, Mapping):
        if all(map(_is_name, value)):
            return 'dict(', [(f'{k}=', v) for k, v in value.items()], ')'
        return '{', [(f'{k!r}: ', v) for k, v in value.items()], '}'
    if isinstance(value, list):
        return '[', [('', item) for item in value], ']'
    if isinstance(value, tuple):
        return '(', [('', item) for item in value], ')'
    if isinstance(value, type):
        of = '' if value.__module__ == 'builtins' else f'{value.__module__}.'
        return f'{of}{value.__name__}', [], ''
    return repr(value) if isinstance(value, str) else str(value), [], ''


def _is_name(key: object) -> bool:
    """Whether ``dict()`` takes a key as the name of an argument."""
    return isinstance(key, str) and key.isidentifier() and not iskeyword(key)
