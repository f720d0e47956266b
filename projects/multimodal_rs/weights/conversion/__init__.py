"""Authors' checkpoints, turned into ours: one file per method.

A module of this package that has a ``CONVERTERS``, a dict from the name of a
source to a function ``state -> Conversion``, is found by :func:`converters`:
a new method edits nothing.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import Conversion

Converter = Callable[[Mapping[str, Tensor]], Conversion]


def converters() -> dict[str, Converter]:
    """Collect the converters of all modules of this package.

    Returns:
        Name of the source, as for ``tools/convert_weights.py --source``, ->
        what converts its state dict, sorted by name.

    Raises:
        ValueError: If two modules use one name.
    """
    found: dict[str, Converter] = {}
    for info in pkgutil.iter_modules(__path__, f'{__name__}.'):
        module = importlib.import_module(info.name)
        for name, convert in getattr(module, 'CONVERTERS', {}).items():
            if name in found:
                raise ValueError(
                    f'{info.name}: the source {name!r} is that of '
                    f'{found[name].__module__} already: choose another name'
                )
            found[name] = convert
    return dict(sorted(found.items()))
