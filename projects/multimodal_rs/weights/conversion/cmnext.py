"""CMNeXt: keys of the authors' checkpoints."""

from collections.abc import Mapping

from torch import Tensor

from multimodal_rs.weights.conversion.cmx import common_rules, convert_with
from multimodal_rs.weights.conversion.mix_transformer import (
    mix_transformer_rules,
)
from multimodal_rs.weights.conversion.rules import Conversion, Rules, below

# Keys inside a block of the light branch.
LIGHT_BLOCK_RULES: Rules = (
    (r'norm([12])\.', r'norm\2.'),
    (r'attn\.conv0\.', 'attention.depthwise.'),
    (r'attn\.conv4\.', 'attention.point.'),
    (r'mlp\.fc1\.', 'mlp.0.'),
    (r'mlp\.dwconv\.dwconv\.', 'mlp.1.'),
    (r'mlp\.fc2\.', 'mlp.3.'),
    (r'layer_scale_([12])', r'scale\2'),
    (r'c_nets\.0\.', 'mix_channels.'),
)


def convert_cmnext(state: Mapping[str, Tensor]) -> Conversion:
    """Convert a checkpoint of CMNeXt's authors.

    Their RGB is the first modality of the config; the others follow in the
    order of the authors, and all of them have equally many bands.
    """
    rules = [
        *mix_transformer_rules(r'backbone\.', 'backbone.encoder.'),
        *common_rules(),
    ]
    for stage in range(4):
        rules += [
            *below(
                rf'backbone\.extra_downsample_layers\.{stage}',
                f'backbone.embeddings.{stage}.',
                [
                    (r'proj\.module\.', 'convolutions.0.'),
                    (r'norm\.ln_(\d+)\.', r'norms.\1.'),
                ],
            ),
            (
                rf'backbone\.extra_score_predictor\.{stage}\.score_nets\.',
                f'backbone.selections.{stage}.scores.',
            ),
            *below(
                rf'backbone\.extra_block{stage + 1}\.(\d+)',
                rf'backbone.blocks.{stage}.\1.',
                LIGHT_BLOCK_RULES,
            ),
            (
                rf'backbone\.extra_norm{stage + 1}\.',
                f'backbone.norms.{stage}.',
            ),
        ]
    return convert_with(state, rules)


CONVERTERS = {'cmnext': convert_cmnext}
