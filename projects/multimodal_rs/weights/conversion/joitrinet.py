"""JoiTriNet: keys of the authors' checkpoints."""

from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import (
    Conversion,
    Rules,
    below,
    rename_keys,
)

# Keys inside the authors' DeepLabV3+ decoder and MDAFM.
DECODER_RULES: Rules = (
    (r'aspp\.0\.convs\.0\.', 'aspp.0.point.'),
    (r'aspp\.0\.convs\.1\.', 'aspp.0.atrous.0.'),
    (r'aspp\.0\.convs\.2\.', 'aspp.0.atrous.1.'),
    (r'aspp\.0\.convs\.3\.', 'aspp.0.atrous.2.'),
    (r'aspp\.0\.convs\.4\.', 'aspp.0.pool.'),
    (r'aspp\.', 'aspp.'),
    (r'block1\.', 'shortcut.'),
    (r'block2\.', 'fuse.'),
)
MDAFM_RULES: Rules = (
    (r'ca_(\w+)\.fc1\.', r'channel_attention.\1.squeeze.'),
    (r'ca_(\w+)\.fc2\.', r'channel_attention.\1.excite.'),
    (r'sa\.conv1\.', 'spatial_attention.conv.'),
    (r'cbr_post_fusion\.conv\.', 'conv.'),
    (r'cbr_post_fusion\.bn\.', 'norm.'),
)


def convert_joitrinet(state: Mapping[str, Tensor]) -> Conversion:
    """Convert a JoiTriNet checkpoint of the authors, -d or -e.

    Their modalities m1 and m2 become ``opt`` and ``sar``. The two types are
    told apart by their fusion modules: ``ffm`` (-d), ``ffm_low`` and
    ``ffm_high`` (-e; "low" is their name of the deep map).
    """
    encoding_level = any(k.startswith('ffm_low.') for k in state)
    rules = []
    for theirs, ours in (('m1', 'opt'), ('m2', 'sar')):
        decoder = (
            f'modality_heads.{ours}.decoder.'
            if encoding_level
            else f'backbone.necks.{ours}.'
        )
        rules += [
            (rf'encoder_{theirs}\.', f'backbone.branches.{ours}.'),
            *below(f'decoder_{theirs}', decoder, DECODER_RULES),
            (rf'head_{theirs}\.0\.', f'modality_heads.{ours}.conv_seg.'),
        ]
    rules += [
        *below('decoder_fus', 'decode_head.decoder.', DECODER_RULES),
        (r'head_fus\.0\.', 'decode_head.conv_seg.'),
        *below('ffm', 'neck.levels.0.', MDAFM_RULES),
        *below('ffm_high', 'neck.levels.0.', MDAFM_RULES),
        *below('ffm_low', 'neck.levels.1.', MDAFM_RULES),
    ]
    return rename_keys(state, rules)


CONVERTERS = {'joitrinet': convert_joitrinet}
