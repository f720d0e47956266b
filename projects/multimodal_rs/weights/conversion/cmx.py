"""CMX: keys of the authors' checkpoints."""

from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.mix_transformer import (
    mix_transformer_rules,
    with_mmseg_attention,
)
from multimodal_rs.weights.conversion.rules import (
    Conversion,
    Rules,
    below,
    rename_keys,
)

# Keys inside a rectification, a fusion and the head.
RECTIFICATION_RULES: Rules = (
    (r'channel_weights\.mlp\.', 'channel_weights.'),
    (r'spatial_weights\.mlp\.', 'pixel_weights.'),
)
FUSION_RULES: Rules = (
    *((rf'cross\.channel_proj{i + 1}\.', f'sides.{i}.split.') for i in (0, 1)),
    *(
        (rf'cross\.cross_attn\.kv{i + 1}\.', f'sides.{i}.key_value.')
        for i in (0, 1)
    ),
    *((rf'cross\.end_proj{i + 1}\.', f'sides.{i}.join.') for i in (0, 1)),
    *((rf'cross\.norm{i + 1}\.', f'sides.{i}.norm.') for i in (0, 1)),
    (r'channel_emb\.residual\.', 'residual.'),
    (r'channel_emb\.channel_embed\.', 'mix.'),
    (r'channel_emb\.norm\.', 'norm.'),
)
HEAD_RULES: Rules = (
    *((rf'linear_c{i + 1}\.proj\.', f'linear.{i}.') for i in range(4)),
    (r'linear_fuse\.(?:0|conv)\.', 'fuse.0.'),
    (r'linear_fuse\.(?:1|bn)\.', 'fuse.1.'),
    (r'linear_pred\.', 'conv_seg.'),
)


def common_rules() -> list[tuple[str, str]]:
    """Rules for what CMX and CMNeXt have in common."""
    rules = below('decode_head', 'decode_head.', HEAD_RULES)
    for stage in range(4):
        rules += [
            *below(
                rf'backbone\.FRMs\.{stage}',
                f'backbone.rectifications.{stage}.',
                RECTIFICATION_RULES,
            ),
            *below(
                rf'backbone\.FFMs\.{stage}',
                f'backbone.fusions.{stage}.',
                FUSION_RULES,
            ),
        ]
    return rules


def with_linear_weights_as_convolutions(
    state: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """Reshape the linear layers of the head, which here are 1x1."""
    return {
        key: tensor[..., None, None]
        if key.startswith('decode_head.linear.') and tensor.dim() == 2
        else tensor
        for key, tensor in state.items()
    }


def convert_with(state: Mapping[str, Tensor], rules: Rules) -> Conversion:
    """Apply rules; then join and reshape what is stored otherwise here."""
    converted = rename_keys(state, rules)
    renamed = with_mmseg_attention(converted.state)
    renamed = with_linear_weights_as_convolutions(renamed)
    return converted._replace(state=renamed)


def convert_cmx(state: Mapping[str, Tensor]) -> Conversion:
    """Convert a checkpoint of CMX's authors.

    Their RGB is the first modality of the config, their X the second.
    """
    rules = [
        *mix_transformer_rules(r'backbone\.', 'backbone.encoders.0.'),
        *mix_transformer_rules(r'backbone\.extra_', 'backbone.encoders.1.'),
        *common_rules(),
    ]
    return convert_with(state, rules)


CONVERTERS = {'cmx': convert_cmx}
