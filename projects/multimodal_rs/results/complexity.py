"""Costs of a network: parameters, and multiply-adds of one image.

    python -m multimodal_rs.results.complexity CONFIG OUT.json --size 128 128

writes both as JSON. It is a process of its own, because a network that cannot
be traced may fail in any way.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn

from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.ops.flops import flop_analyzer
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.outputs import check_outputs


def count_flops(
    model: nn.Module, bands: dict[str, int], shape: tuple[int, int]
) -> tuple[Counter, Counter]:
    """Count one image.

    Args:
        model: A segmentor.
        bands: Number of bands of each modality.
        shape: (H, W).

    Returns:
        Flops by operator, and by direct child of the model.
    """
    device = next(model.parameters()).device
    inputs = {m: torch.rand(1, c, *shape).to(device) for m, c in bands.items()}
    with torch.no_grad():
        analyzer = flop_analyzer(model, inputs)
        operators = Counter(analyzer.by_operator())
        by_module = analyzer.by_module()
    parts = Counter(
        {
            name: by_module[f'network.{name}']
            for name, _ in model.named_children()
            if by_module[f'network.{name}']
        }
    )
    return operators, parts


def complexity(cfg: Config, shape: tuple[int, int]) -> dict:
    """Build the network of a config and count.

    Args:
        cfg: Config of a network that reads declared modalities.
        shape: (H, W) of the image.

    Returns:
        ``parameters``, ``flops`` of the fused head in test mode, and
        ``input_size``, modality -> (C, H, W), of what the network reads.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    model = MODELS.build(cfg.model).eval()
    declared = build_modalities(cfg.test_dataloader.dataset.modalities)
    read = getattr(model, 'modalities', tuple(declared))
    bands = {m: declared[m].channels for m in read}
    operators, _ = count_flops(model, bands, shape)
    return dict(
        parameters=sum(p.numel() for p in model.parameters()),
        flops=round(sum(operators.values())),
        input_size={m: [c, *shape] for m, c in bands.items()},
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Count the network of a config file and write the result.

    Args:
        arguments: Command line, for tests.
    """
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config')
    parser.add_argument('out', type=Path)
    parser.add_argument('--size', nargs=2, type=int, required=True)
    args = parser.parse_args(arguments)
    check_outputs({'out': args.out}, [args.config])
    content = complexity(read_config(args.config), tuple(args.size))
    write_text(args.out, json.dumps(content) + '\n')


if __name__ == '__main__':
    main()
