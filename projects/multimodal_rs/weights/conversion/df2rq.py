"""DF2RQ's public framework: keys of the authors' checkpoints."""

from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import Conversion, rename_keys

# Their names of modalities, of Globe230k and of C2Seg, and ours.
DF2RQ_MODALITIES = {
    'rgb': 'opt',
    'ndvi': 'ndvi',
    'dem': 'dem',
    'vvvh': 'sar',
    'hsi': 'hsi',
    'msi': 'opt',
    'sar': 'sar',
}


def convert_df2rq(state: Mapping[str, Tensor]) -> Conversion:
    """Convert a checkpoint of DF2RQ's public framework.

    With one encoder for all modalities or one for each; the neck is a fusion
    neck, or a list of it and of what the authors call its projector. The
    optical modality, ``rgb`` or ``msi`` there, becomes ``opt``, their
    ``vvvh`` becomes ``sar``.
    """
    several = any(key.startswith('neck.projector.') for key in state)
    fusion = 'neck.0.levels.' if several else 'neck.levels.'
    rules = []
    for theirs, ours in DF2RQ_MODALITIES.items():
        rules += [
            (rf'backbone\.stem_layers\.{theirs}\.', f'backbone.stems.{ours}.'),
            (rf'backbone\.net\.{theirs}\.', f'backbone.encoders.{ours}.'),
        ]
    rules += [
        (r'backbone\.net\.', 'backbone.encoders.shared.'),
        (r'neck\.fuser\.', fusion),
        (r'neck\.projector\.', 'neck.1.'),
        (r'decode_head\.', 'decode_head.'),
        (r'auxiliary_head\.', 'auxiliary_head.'),
    ]
    return rename_keys(state, rules)


CONVERTERS = {'df2rq': convert_df2rq}
