"""REF-Net: keys of the authors' checkpoints."""

from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import (
    Conversion,
    Rules,
    below,
    rename_keys,
)

# Their modalities with the number of their top-down path, and keys inside
# their fusion block.
REF_NET_MODALITIES = (('opt', 2), ('sar', 3))
REF_NET_FUSION_RULES: Rules = (
    (r'share_st_block\.1\.', 'share.'),
    (r'share_conv\.', 'share_conv.'),
    (r'diff_st_block\.1\.', 'difference.'),
    (r'smooth_layer\.', 'smooth.'),
)
REF_NET_LEVELS = 5


def convert_ref_net(state: Mapping[str, Tensor]) -> Conversion:
    """Convert a REF-Net checkpoint of the authors.

    Their optical and SAR modalities become ``opt`` and ``sar``, their levels
    1 to 5 become 0 to 4. The heads have as many outputs as the authors'
    labels have ids, the ignored 0 included.
    """
    rules = [(r'seg_head\.0\.', 'decode_head.conv_seg.')]
    for m, path in REF_NET_MODALITIES:
        rules += [
            (rf'{m}_encoder\.', f'backbone.branches.{m}.'),
            (rf'{m}_seg_head\.0\.', f'modality_heads.{m}.conv_seg.'),
        ]
        for level in range(REF_NET_LEVELS):
            enhancement = f'neck.enhancement.{m}'
            rules += [
                (
                    rf'decoder\.{m}_proj_layer{level + 1}\.',
                    f'neck.projections.{m}.{level}.',
                ),
                (
                    rf'decoder\.{m}_fuse_layer_{level + 1}\.',
                    f'{enhancement}.guides.{level}.',
                ),
                (
                    rf'decoder\.smooth_layer_{level + 1}{path}\.',
                    f'{enhancement}.path.smooth.{level}.',
                ),
            ]
    for level in range(REF_NET_LEVELS):
        rules += [
            *below(
                rf'decoder\.fuse_layer{level + 1}',
                f'neck.fusions.{level}.',
                REF_NET_FUSION_RULES,
            ),
            (
                rf'decoder\.st_block_{level + 1}\.1\.',
                f'neck.scans.{level}.',
            ),
            (
                rf'decoder\.smooth_layer_{level + 1}1\.',
                f'neck.path.smooth.{level}.',
            ),
        ]
    return rename_keys(state, rules)


CONVERTERS = {'ref-net': convert_ref_net}
