"""Rename the keys of authors' checkpoints to ours."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

Rules = Sequence[tuple[str, str]]

# JoiTriNet: keys inside the authors' DeepLabV3+ decoder and MDAFM.
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
# VMamba: names of the first public files (v0), now
VMAMBA_RULES: Rules = (
    (r'patch_embed\.proj\.', 'patch_embed.0.'),
    (r'patch_embed\.norm\.', 'patch_embed.2.'),
    (r'(layers\.\d+\.blocks\.\d+)\.ln_1\.', r'\1.norm.'),
    (r'(layers\.\d+\.blocks\.\d+)\.self_attention\.', r'\1.op.'),
    (r'norm\.', 'classifier.norm.'),
    (r'head\.', 'classifier.head.'),
    (r'', ''),
)
# Linear layers that some files store as 1x1 convolutions.
VMAMBA_LINEAR = re.compile(r'.*\.(in_proj|out_proj|fc1|fc2)\.weight')
# MCF-Mamba's modalities, and keys inside its fusion module and decoder.
MCF_MAMBA_MODALITIES = (('m1', 'opt'), ('m2', 'sar'))
MCMF_RULES: Rules = (
    *(
        (rf'fusion_layers\.(\d+)\.{part}_{m}\.', rf'levels.\1.{ours}.{name}.')
        for part, ours in (
            ('in_norm', 'in_norms'),
            ('in_proj', 'in_projs'),
            ('conv2d', 'convs'),
        )
        for m, name in MCF_MAMBA_MODALITIES
    ),
    (r'fusion_layers\.(\d+)\.cat_conv\.', r'levels.\1.block.'),
    (
        r'fusion_layers\.(\d+)\.'
        r'(?=(x_proj|dt_projs|out_norm)|(A_logs|Ds)$)',
        r'levels.\1.',
    ),
)
U_MAMBA_RULES: Rules = (
    (r'layers_up\.(\d+)\.cat_conv\.', r'levels.\1.merge.'),
    (r'layers_up\.(\d+)\.(?=upsample|blocks)', r'levels.\1.'),
    (r'upsample\.', 'upsample.'),
    (r'output\.', 'conv_seg.'),
)
# REF-Net's modalities with the number of their top-down path, and keys inside
# its fusion block.
REF_NET_MODALITIES = (('opt', 2), ('sar', 3))
REF_NET_FUSION_RULES: Rules = (
    (r'share_st_block\.1\.', 'share.'),
    (r'share_conv\.', 'share_conv.'),
    (r'diff_st_block\.1\.', 'difference.'),
    (r'smooth_layer\.', 'smooth.'),
)
REF_NET_LEVELS = 5


class Conversion(NamedTuple):
    """Result of a conversion.

    Attributes:
        state: Tensors under our keys.
        unmatched: Source keys that no rule knows.
        dropped: Source keys that are known and not needed.
    """

    state: dict[str, Tensor]
    unmatched: list[str]
    dropped: Sequence[str] = ()


def rename_keys(state: Mapping[str, Tensor], rules: Rules) -> Conversion:
    """Apply to each key the first rule whose pattern starts it.

    Args:
        state: Source tensors.
        rules: (regular expression, replacement of what it matched).
    """
    renamed, unmatched = {}, []
    for key, tensor in state.items():
        for pattern, replacement in rules:
            match = re.match(pattern, key)
            if match:
                rest = key[match.end() :]
                renamed[match.expand(replacement) + rest] = tensor
                break
        else:
            unmatched.append(key)
    return Conversion(renamed, unmatched)


def rename_vmamba(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors of any official VMamba file their current names.

    Names that are current already stay. Linear weights become (out, in).
    """
    renamed = rename_keys(state, VMAMBA_RULES).state
    return {
        key: tensor.flatten(1) if VMAMBA_LINEAR.match(key) else tensor
        for key, tensor in renamed.items()
    }


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
            *_below(f'decoder_{theirs}', decoder, DECODER_RULES),
            (rf'head_{theirs}\.0\.', f'modality_heads.{ours}.conv_seg.'),
        ]
    rules += [
        *_below('decoder_fus', 'decode_head.decoder.', DECODER_RULES),
        (r'head_fus\.0\.', 'decode_head.conv_seg.'),
        *_below('ffm', 'neck.levels.0.', MDAFM_RULES),
        *_below('ffm_high', 'neck.levels.0.', MDAFM_RULES),
        *_below('ffm_low', 'neck.levels.1.', MDAFM_RULES),
    ]
    return rename_keys(state, rules)


def convert_mcf_mamba(state: Mapping[str, Tensor]) -> Conversion:
    """Convert an MCF-Mamba checkpoint of the authors.

    Their modalities m1 and m2 become ``opt`` and ``sar``.
    """
    rules = [
        *(
            (rf'backbone\.branch_{m}\.', f'backbone.branches.{name}.')
            for m, name in MCF_MAMBA_MODALITIES
        ),
        *_below(r'backbone\.fusion_module', 'neck.', MCMF_RULES),
        *_below('sem_seg_head', 'decode_head.', U_MAMBA_RULES),
    ]
    return rename_keys(state, rules)


def convert_cmss(state: Mapping[str, Tensor]) -> Conversion:
    """Convert an MCF-Mamba checkpoint of the authors' CMSS pretraining.

    Its last layer reconstructs bands and is no classifier. It gets the name
    that :class:`ComplementaryMaskedModeling` gives it, so that fine-tuning
    leaves it out.
    """
    converted, unmatched, dropped = convert_mcf_mamba(state)
    renamed = {
        key.replace('decode_head.conv_seg.', 'reconstruction.'): tensor
        for key, tensor in converted.items()
    }
    return Conversion(renamed, unmatched, dropped)


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
            *_below(
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


def convert_vmamba(state: Mapping[str, Tensor]) -> Conversion:
    """Convert an official VMamba classifier to the backbone alone.

    Not needed for training, where ``init_cfg`` reads the official files; for
    programs that load our keys.
    """
    renamed = rename_vmamba(state)
    kept = {
        k: v
        for k, v in renamed.items()
        if k.startswith(('patch_embed.', 'layers.', 'outnorm'))
    }
    others = [k for k in renamed if k not in kept]
    dropped = [k for k in others if k.startswith('classifier.')]
    unmatched = [k for k in others if k not in dropped]
    return Conversion(kept, unmatched, dropped)


CONVERTERS: dict[str, Callable[[Mapping[str, Tensor]], Conversion]] = {
    'joitrinet': convert_joitrinet,
    'mcf-mamba': convert_mcf_mamba,
    'mcf-mamba-cmss': convert_cmss,
    'ref-net': convert_ref_net,
    'vmamba': convert_vmamba,
}


def _below(source: str, target: str, rules: Rules) -> list[tuple[str, str]]:
    return [(rf'{source}\.{pattern}', target + r) for pattern, r in rules]
