"""DF2RQ's public framework: keys of the authors' checkpoints."""

import re
from collections import Counter
from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import Conversion, rename_keys

# Their names of modalities, of Globe230k and of C2Seg, and ours.
DF2RQ_MODALITIES = {'rgb': 'opt', 'msi': 'opt', 'vvvh': 'sar'}
STEM = re.compile(r'backbone\.stem_layers\.([^.]+)\.')


def convert_df2rq(state: Mapping[str, Tensor]) -> Conversion:
    """Convert a checkpoint of DF2RQ's public framework.

    With one encoder for all modalities or one for each; the neck is a fusion
    neck, or a list of it and of what the authors call its projector. The
    optical modality, ``rgb`` or ``msi`` there, becomes ``opt``, their
    ``vvvh`` becomes ``sar``. Others keep their names, and so do two that
    would get one name.

    The modalities stay in their order, on which the neck depends (see
    :mod:`concat_order`).
    """
    several = any(key.startswith('neck.projector.') for key in state)
    fusion = 'neck.0.levels.' if several else 'neck.levels.'
    rules = []
    for theirs, ours in _names(state).items():
        name = re.escape(theirs)
        rules += [
            (rf'backbone\.stem_layers\.{name}\.', f'backbone.stems.{ours}.'),
            (rf'backbone\.net\.{name}\.', f'backbone.encoders.{ours}.'),
        ]
    rules += [
        (r'backbone\.net\.', 'backbone.encoders.shared.'),
        (r'neck\.fuser\.', fusion),
        (r'neck\.projector\.', 'neck.1.'),
        (r'decode_head\.', 'decode_head.'),
        (r'auxiliary_head\.', 'auxiliary_head.'),
    ]
    return rename_keys(state, rules)


def _names(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Name the modalities of a checkpoint: theirs -> ours."""
    found = [match[1] for match in map(STEM.match, state) if match]
    ours = {name: DF2RQ_MODALITIES.get(name, name) for name in found}
    count = Counter(ours.values())
    return {n: name if count[name] == 1 else n for n, name in ours.items()}


CONVERTERS = {'df2rq': convert_df2rq}
