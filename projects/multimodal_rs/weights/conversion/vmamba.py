"""VMamba: keys of the official files, old and new."""

import re
from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.rules import (
    Conversion,
    Rules,
    rename_keys,
)

# Names of the first public files (v0), now
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


def rename_vmamba(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors of any official VMamba file their current names.

    Names that are current already stay. Linear weights become (out, in).
    """
    renamed = rename_keys(state, VMAMBA_RULES).state
    return {
        key: tensor.flatten(1) if VMAMBA_LINEAR.match(key) else tensor
        for key, tensor in renamed.items()
    }


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


CONVERTERS = {'vmamba': convert_vmamba}
