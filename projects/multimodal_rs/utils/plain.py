"""Content that any JSON or checkpoint reader understands."""

from collections.abc import Mapping

import numpy as np


def plain(content: object) -> object:
    """Turn nested content into dicts, lists and Python numbers.

    Mappings (also of mmengine's configs) become dicts, tuples lists, numpy
    scalars Python numbers; anything else stays as it is. Equal content is
    equal afterwards, however it was written.
    """
    if isinstance(content, Mapping):
        return {plain(k): plain(v) for k, v in content.items()}
    if isinstance(content, (list, tuple)):
        return [plain(v) for v in content]
    return content.item() if isinstance(content, np.generic) else content
