"""Names of modalities and of bands."""

import re

from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from torch import nn

# Where a name becomes a key or an attribute: parts of a network, configs,
# fields of a data sample. Then what else uses the room of the names: the
# label in data_prep, the heads' losses in the log, the stack of bands.
HOLDERS = (nn.ModuleDict(), ConfigDict(), PixelData())
TAKEN = ('label', 'decode', 'aux', 'stack', 'shared')
RULE = (
    'a name starts with a letter, has letters, digits and `_` only, and is '
    'no attribute of a network, a config or a data sample: opt, sar, dem, '
    's2_10m'
)


def check_name(name: str) -> None:
    """Refuse a name that a config, a network or a sample cannot hold.

    Raises:
        ValueError: With the rule.
    """
    usable = (
        isinstance(name, str)
        and name.isidentifier()
        and not name.startswith('_')
        and name not in TAKEN
        and not any(hasattr(holder, name) for holder in HOLDERS)
    )
    if not usable:
        raise ValueError(f'modality {name!r} cannot have this name: {RULE}')


def spelt(name: str | None) -> str:
    """Spell a band's name in one way: B02 and b2 are the same."""
    text = '' if name is None else str(name).strip().casefold()
    return re.sub('(?<![0-9])0+(?=[0-9])', '', text)
