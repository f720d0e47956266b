"""MCF-Mamba and its CMSS pretraining: keys of the authors' checkpoints."""

from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import (
    Conversion,
    Rules,
    below,
    rename_keys,
)

# Their modalities, and keys inside their fusion module and decoder.
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


def convert_mcf_mamba(state: Mapping[str, Tensor]) -> Conversion:
    """Convert an MCF-Mamba checkpoint of the authors.

    Their modalities m1 and m2 become ``opt`` and ``sar``.
    """
    rules = [
        *(
            (rf'backbone\.branch_{m}\.', f'backbone.branches.{name}.')
            for m, name in MCF_MAMBA_MODALITIES
        ),
        *below(r'backbone\.fusion_module', 'neck.', MCMF_RULES),
        *below('sem_seg_head', 'decode_head.', U_MAMBA_RULES),
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


CONVERTERS = {
    'mcf-mamba': convert_mcf_mamba,
    'mcf-mamba-cmss': convert_cmss,
}
