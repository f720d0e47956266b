"""The config that stands in a checkpoint, read without running anything.

mmengine writes the config of a training into its checkpoints, as Python
source. Reading it as mmengine reads configs would run whatever a stranger has
put there. Here only the literals of it are understood, and no name in it may
lead to a function outside the registries.
"""

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping

import torch
from mmengine.config import Config

from multimodal_rs.weights.checkpoint_files import require_whole
from multimodal_rs.weights.trust import restricted

ADVICE = 'give the config of the training as well (--config)'
NUMBERS = dict(inf=float('inf'), nan=float('nan'))
# Scopes of registries that a type may name: `mmseg.FCNHead`.
SCOPES = ('mmengine', 'mmcv', 'mmseg', 'mmpretrain')
# What building a network and choosing windows asks for.
KEPT = ('default_scope', 'model', 'train_dataloader')


def checkpoint_config(checkpoint: str | os.PathLike) -> Config:
    """Get the network and the training data out of a checkpoint.

    Modules that it names in ``custom_imports`` are not imported: those of a
    project of your own have to be imported before.

    Args:
        checkpoint: What ``tools/train.py`` wrote.

    Returns:
        Config with ``default_scope``, ``model`` and ``train_dataloader``.

    Raises:
        ValueError: If there is no config in it, or more than plain values, or
            it needs modules that are not imported.
    """
    require_whole(checkpoint)
    with restricted(checkpoint):
        content = torch.load(checkpoint, map_location='cpu', weights_only=True)
    text = (content.get('meta') or {}).get('cfg')
    if not isinstance(text, str):
        raise ValueError(
            f'{checkpoint}: expected the config of the training in it, found '
            f'none: {ADVICE}'
        )
    try:
        values = _values(text)
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f'{checkpoint}: expected a config of plain values in it, got '
            f'{error}: {ADVICE}'
        ) from error
    if 'model' not in values:
        raise ValueError(f'{checkpoint}: its config has no model: {ADVICE}')
    _check_imports(values.get('custom_imports') or {}, checkpoint)
    for name in _types(values['model']):
        _check_type(name, checkpoint)
    return Config({key: values[key] for key in KEPT if key in values})


def _values(text: str) -> dict[str, object]:
    """Read ``name = value`` lines whose values are literals."""
    values = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign):
            raise ValueError(f'line {statement.lineno}, which is no `a = b`')
        (target,) = statement.targets
        if not isinstance(target, ast.Name):
            raise ValueError(f'line {statement.lineno}, which sets no name')
        values[target.id] = _value(statement.value)
    return values


def _value(node: ast.expr) -> object:
    """Understand literals, ``dict(key=value, ...)``, inf and nan."""
    if isinstance(node, ast.Name) and node.id in NUMBERS:
        return NUMBERS[node.id]
    if isinstance(node, ast.List):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        if None not in node.keys:
            keys = map(ast.literal_eval, node.keys)
            return dict(zip(keys, map(_value, node.values), strict=True))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if isinstance(node.operand, ast.Name):
            return -_value(node.operand)
    if isinstance(node, ast.Call):
        return _dict_call(node)
    return ast.literal_eval(node)


def _dict_call(node: ast.Call) -> dict[object, object]:
    named = all(keyword.arg is not None for keyword in node.keywords)
    if not (isinstance(node.func, ast.Name) and node.func.id == 'dict'):
        raise ValueError(f'a call in line {node.lineno}')
    if not named or len(node.args) > 1:
        raise ValueError(f'an unusual dict() in line {node.lineno}')
    found = dict(_value(node.args[0])) if node.args else {}
    return found | {k.arg: _value(k.value) for k in node.keywords}


def _types(node: object) -> Iterator[object]:
    """Find the values of all keys ``type``."""
    if isinstance(node, Mapping):
        if 'type' in node:
            yield node['type']
        node = node.values()
    elif not isinstance(node, (list, tuple)):
        return
    for item in node:
        yield from _types(item)


def _check_type(name: object, checkpoint: str | os.PathLike) -> None:
    """Refuse names that a registry would import, ``os.system`` for one."""
    scope, dot, rest = str(name).rpartition('.')
    if isinstance(name, str) and rest.isidentifier():
        if scope in SCOPES:
            return
        if not dot and importlib.util.find_spec(name) is None:
            return
    raise ValueError(
        f'{checkpoint}: its config asks for the type {name!r}, expected the '
        f'name of a registered class: {ADVICE}, if you trust it'
    )


def _check_imports(
    custom_imports: Mapping, checkpoint: str | os.PathLike
) -> None:
    names = custom_imports.get('imports') or []
    names = [names] if isinstance(names, str) else names
    missing = [name for name in names if name not in sys.modules]
    if missing:
        raise ValueError(
            f'{checkpoint}: its network needs the modules {missing}, which '
            f'are not imported from a checkpoint: {ADVICE}, or import them '
            'first'
        )
