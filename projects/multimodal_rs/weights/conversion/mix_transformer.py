"""Mix Transformers: keys of SegFormer's authors, and mmseg's."""

from collections.abc import Mapping

import torch
from torch import Tensor

from multimodal_rs.weights.conversion.rules import Rules, below

# Keys inside a block, without those of `with_mmseg_attention`.
BLOCK_RULES: Rules = (
    (r'norm([12])\.', r'norm\1.'),
    (r'attn\.(q|kv)\.', r'attn.\1.'),
    (r'attn\.proj\.', 'attn.attn.out_proj.'),
    (r'attn\.(sr|norm)\.', r'attn.\1.'),
    (r'mlp\.fc1\.', 'ffn.layers.0.'),
    (r'mlp\.dwconv\.dwconv\.', 'ffn.layers.1.'),
    (r'mlp\.fc2\.', 'ffn.layers.4.'),
)
POINTWISE = ('ffn.layers.0.weight', 'ffn.layers.4.weight')


def mix_transformer_rules(prefix: str, target: str) -> list[tuple[str, str]]:
    """Rules for an encoder of four stages.

    Args:
        prefix: Regular expression of what stands before ``patch_embed1``,
            ``block1`` and ``norm1`` there.
        target: What stands before mmseg's names here, with the dot.
    """
    rules = []
    for stage in range(4):
        layer = f'{target}layers.{stage}'
        theirs = f'{prefix}patch_embed{stage + 1}'
        rules += [
            (rf'{theirs}\.proj\.', f'{layer}.0.projection.'),
            (rf'{theirs}\.norm\.', f'{layer}.0.norm.'),
            *below(
                rf'{prefix}block{stage + 1}\.(\d+)',
                rf'{layer}.1.\1.',
                [(p, _shifted(r)) for p, r in BLOCK_RULES],
            ),
            (rf'{prefix}norm{stage + 1}\.', f'{layer}.2.'),
        ]
    return rules


def _shifted(replacement: str) -> str:
    """Count the groups of a replacement behind the number of the block."""
    return replacement.replace(r'\1', r'\2')


def with_mmseg_attention(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Join query, key and value, and make 1x1 convolutions of linear layers.

    Args:
        state: With the keys of :data:`BLOCK_RULES`.
    """
    joined = {}
    for key, tensor in state.items():
        part, _, kind = key.rpartition('.')
        if part.endswith('attn.kv'):
            continue
        if part.endswith('attn.q'):
            kv = state[f'{part.removesuffix("q")}kv.{kind}']
            key = f'{part.removesuffix("q")}attn.in_proj_{kind}'
            tensor = torch.cat([tensor, kv])
        elif key.endswith(POINTWISE) and tensor.dim() == 2:
            tensor = tensor[..., None, None]
        joined[key] = tensor
    return joined
