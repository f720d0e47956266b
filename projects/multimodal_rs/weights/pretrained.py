"""Pretrained weights for a branch with any number of input bands.

The only place that loads them: branches are built for their own band count and
take ImageNet weights through :func:`load_pretrained`.
"""

from dataclasses import dataclass

from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from multimodal_rs.weights.checkpoint_files import require_whole
from multimodal_rs.weights.stems import adapt_stem, first_convolution


@dataclass
class LoadReport:
    """What happened to a pretrained checkpoint.

    Attributes:
        loaded: Keys copied unchanged.
        adapted: Keys of stems that were fitted to another band count.
        missing: Keys of the module that the checkpoint lacks.
        unused: Keys of the checkpoint that the module lacks.
    """

    loaded: list[str]
    adapted: list[str]
    missing: list[str]
    unused: list[str]

    def __str__(self) -> str:
        lines = [f'{len(self.loaded)} tensors loaded']
        for name in ('adapted', 'missing', 'unused'):
            keys = getattr(self, name)
            if keys:
                shown = ', '.join(keys[:6]) + (' ...' if keys[6:] else '')
                lines.append(f'{len(keys)} {name}: {shown}')
        return '; '.join(lines)


def load_pretrained(
    module: nn.Module,
    checkpoint: str,
    prefix: str | None = None,
    stem: str = 'repeat',
    title: str = '',
) -> LoadReport:
    """Load pretrained weights into a branch and say what was done.

    A backbone whose published files have other names has a method
    ``translate_pretrained(state) -> state``.

    Args:
        module: The branch's backbone.
        checkpoint: File, URL or ``torchvision://`` name of an RGB model.
        prefix: Load only keys below this prefix, without it.
        stem: Rule for other numbers of bands, see :func:`adapt_stem`.
        title: What the printed report calls the branch.

    Raises:
        ValueError: If nothing fits, a shape other than the stem's differs, or
            a layer has no weights in the checkpoint. (Norms may be missing:
            those that networks add for segmentation are in no such file.)
    """
    title = title or type(module).__name__
    source = read_pretrained(checkpoint, prefix)
    if hasattr(module, 'translate_pretrained'):
        source = module.translate_pretrained(source)
    target = module.state_dict()
    first = f'{first_convolution(module)[0]}.weight'
    report = LoadReport([], [], [], sorted(set(source) - set(target)))
    state = {}
    for key, tensor in target.items():
        value = source.get(key)
        if value is None:
            report.missing.append(key)
            continue
        if key == first and value.shape != tensor.shape:
            bands = tensor.shape[1]
            value = adapt_stem(value, bands, stem)
            report.adapted.append(f'{key} (3 to {bands} input bands)')
        else:
            report.loaded.append(key)
        _check_shape(key, value, tensor, f'{checkpoint} ({title})')
        state[key] = value
    if not report.loaded:
        raise ValueError(
            f'{checkpoint}: no key fits {title}. '
            f'It has {report.unused[:3]} ..., expected {sorted(target)[:3]} '
            '...: set `prefix` in init_cfg or choose another checkpoint'
        )
    lacking = [
        key
        for key, parameter in module.named_parameters()
        if key in report.missing and parameter.dim() > 1
    ]
    if lacking:
        raise ValueError(
            f'{checkpoint} ({title}): {len(lacking)} layers of the network '
            f'are not in it, {lacking[:3]} ...: choose the checkpoint of '
            'this depth and architecture'
        )
    module.load_state_dict(state, strict=False)
    print_log(f'{title} from {checkpoint}: {report}', 'current')
    return report


def read_pretrained(
    checkpoint: str, prefix: str | None = None
) -> dict[str, Tensor]:
    """Read the tensors of a pretrained model.

    Args:
        checkpoint: File, URL or ``torchvision://`` name.
        prefix: Only keys below this prefix, without it.

    Raises:
        ValueError: If the file is damaged.
    """
    require_whole(checkpoint)
    source = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
    source = source.get('state_dict', source.get('model', source))
    if not prefix:
        return source
    return {
        k.removeprefix(f'{prefix}.'): v
        for k, v in source.items()
        if k.startswith(f'{prefix}.')
    }


def _check_shape(key: str, value: Tensor, tensor: Tensor, where: str) -> None:
    if value.shape != tensor.shape:
        raise ValueError(
            f'{where}: {key} has shape {tuple(value.shape)}, the network '
            f'needs {tuple(tensor.shape)}: the checkpoint belongs to another '
            'architecture'
        )
