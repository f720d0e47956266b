"""Pretrained weights for a branch with any number of input bands.

The only place that loads them: branches are built for their own band count and
take ImageNet weights through :func:`load_pretrained`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmengine.logging import print_log
from mmseg.models.backbones import TIMMBackbone
from torch import Tensor, nn

from multimodal_rs.weights.band_order import BY_NAME, named_bands, slices
from multimodal_rs.weights.checkpoint_files import require_whole
from multimodal_rs.weights.stems import (
    STEM_RULES,
    adapt_stem,
    first_convolution,
    summed_with,
)
from multimodal_rs.weights.timm_layout import translate_timm
from multimodal_rs.weights.trust import load_weights


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


# What `init_cfg` may say besides its type.
OPTIONS = ('checkpoint', 'prefix', 'stem', 'bands')


def pretrained_options(config: Mapping, where: str) -> dict:
    """Take the arguments of :func:`load_pretrained` out of an ``init_cfg``.

    Args:
        config: With ``type='Pretrained'``. The bands of the image may stand
            in it as well, see :mod:`multimodal_rs.models.declaration`.
        where: Name of the branch, for the message.

    Raises:
        ValueError: If there is no checkpoint, or an option of another name.
    """
    options = {k: v for k, v in config.items() if k != 'type'}
    unknown = sorted(set(options) - {*OPTIONS, 'image_bands'})
    if unknown or 'checkpoint' not in options:
        found = f'unknown options {unknown}' if unknown else 'no checkpoint'
        raise ValueError(
            f'{where}: init_cfg with {found}, expected `checkpoint` and '
            f'optionally some of {list(OPTIONS[1:])}: correct init_cfg'
        )
    return options


def refuse_stem_options(
    config: Mapping | list | None, where: str, advice: str
) -> None:
    """Refuse ``stem`` and ``bands`` where no single image is read.

    Args:
        config: An ``init_cfg``; a list, of mmengine's, has none of them.
        where: What the message begins with.
        advice: What it ends with.

    Raises:
        ValueError: If it has the option ``stem`` or ``bands``.
    """
    named = set(config) if isinstance(config, Mapping) else set()
    found = sorted(named & {'stem', 'bands'})
    if found:
        raise ValueError(
            f'{where}: {found} would fit a first convolution to the bands of '
            f'an image, {advice}'
        )


def load_pretrained(
    module: nn.Module,
    checkpoint: str,
    prefix: str | None = None,
    stem: str = 'repeat',
    title: str = '',
    bands: str | Sequence[str] | None = None,
    image_bands: Sequence[str] | None = None,
) -> LoadReport:
    """Load pretrained weights into a branch and say what was done.

    A backbone whose published files have other names has a method
    ``translate_pretrained(state) -> state``; timm's names are known.

    Args:
        module: The branch's backbone.
        checkpoint: File, URL or ``torchvision://`` name of an RGB model.
        prefix: Load only keys below this prefix, without it.
        stem: Rule for other numbers of bands, see :func:`adapt_stem`; or
            ``'by_name'``, with ``bands``.
        title: What the printed report calls the branch.
        bands: Names of the bands that the file's first convolution reads, in
            its order, or a key of :data:`BAND_ORDERS`. None: it is a model
            for RGB, or for one band.
        image_bands: Names of the bands of the branch's image. A config does
            not state them: they come from the declaration.

    Raises:
        ValueError: If the bands of file and image are not the same in the
            same order, bands change places and more than one stem may read
            them, nothing fits, a shape other than the stem's differs, or a
            layer has no weights in the checkpoint. (Norms may be missing:
            those that networks add for segmentation are in no such file.)
    """
    title = title or type(module).__name__
    source = read_pretrained(checkpoint, prefix)
    target = module.state_dict()
    if hasattr(module, 'translate_pretrained'):
        source = module.translate_pretrained(source)
    elif isinstance(module, TIMMBackbone):
        source = translate_timm(source, target)
    first, beside = _image_weights(module)
    read = source[first].shape[1] if first in source else None
    fit = StemFit(stem, bands, image_bands, f'{checkpoint} ({title})')
    report = LoadReport([], [], [], sorted(set(source) - set(target)))
    state = {}
    for key, tensor in target.items():
        value = source.get(key)
        if value is None:
            report.missing.append(key)
            continue
        stem_too = _differs_in_bands(value, tensor, read) or (
            key in beside and value.shape[1:2] == (read,)
        )
        fitted = value
        if key == first or stem_too:
            fitted = fit(value, tensor.shape[1])
        if fitted is value:
            report.loaded.append(key)
        else:
            report.adapted.append(f'{key} ({fit.done})')
        value = fitted
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
    if fit.done and image_bands is not None and read == len(image_bands):
        _refuse_stems_apart(report, state, read, f'{checkpoint} ({title})')
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
    source = load_weights(checkpoint)
    source = source.get('state_dict', source.get('model', source))
    if not prefix:
        return source
    return {
        k.removeprefix(f'{prefix}.'): v
        for k, v in source.items()
        if k.startswith(f'{prefix}.')
    }


class StemFit:
    """How the first convolution is fitted to the bands of an image.

    Args:
        rule: See :func:`load_pretrained`, ``stem``.
        bands: See there.
        image_bands: See there.
        where: File and branch, for messages.

    Attributes:
        done: What was done, for the report.

    Raises:
        ValueError: If there is no such rule, or it lacks ``bands``.
    """

    def __init__(
        self,
        rule: str,
        bands: str | Sequence[str] | None,
        image_bands: Sequence[str] | None,
        where: str,
    ) -> None:
        rules = [*STEM_RULES, BY_NAME]
        if rule not in rules:
            raise ValueError(
                f'{where}: stem={rule!r} in init_cfg is an unknown rule, '
                f'expected one of {rules}: correct it'
            )
        self.rule, self.where, self.done = rule, where, ''
        self.bands = None if bands is None else named_bands(bands)
        self.image_bands = image_bands
        if rule == BY_NAME and bands is None:
            raise ValueError(
                f"{where}: stem='by_name' needs the names of the file's bands "
                'in its order: set `bands` in init_cfg'
            )

    def __call__(self, weight: Tensor, number: int) -> Tensor:
        """Fit (C_out, C_file, k, k) to a number of bands."""
        read = weight.shape[1]
        if self.bands is not None:
            return self._by_order(weight)
        if read not in (1, 3):
            raise ValueError(
                f'{self.where}: its first convolution reads {read} bands, and '
                'nobody says which: set `bands` in init_cfg to their names in '
                "the order of the file, or to 'sentinel-2' or 'sentinel-1'"
            )
        if read == number:
            return weight
        self.done = f'{read} to {number} input bands'
        return adapt_stem(weight, number, self.rule)

    def _by_order(self, weight: Tensor) -> Tensor:
        if weight.shape[1] != len(self.bands):
            raise ValueError(
                f'{self.where}: its first convolution reads '
                f'{weight.shape[1]} bands, but `bands` of init_cfg names '
                f'{len(self.bands)}, {list(self.bands)}: correct `bands`'
            )
        if self.image_bands is None:
            raise ValueError(
                f'{self.where}: `bands` of init_cfg are compared with the '
                'bands of the image, which this image does not name: name '
                'them in `bands` of the modality, with `file_bands`'
            )
        order = slices(self.bands, self.image_bands, self.rule, self.where)
        if order == list(range(len(self.bands))):
            return weight
        self.done = f'bands {[self.bands[i] for i in order]} by name'
        return weight[:, order]


def _image_weights(module: nn.Module) -> tuple[str, set[str]]:
    """Name the weight of the first convolution, and those beside it."""
    first, stem = first_convolution(module)
    beside = {f'{name}.weight' for name in summed_with(module, stem)}
    return f'{first}.weight', beside


def _differs_in_bands(value: Tensor, tensor: Tensor, read: int) -> bool:
    """Whether a convolution beside the first one reads the image as well.

    The blocks of RepVGG and MobileOne are such, branches that are added up.
    """
    ours, theirs = list(tensor.shape), list(value.shape)
    if len(ours) != 4 or len(theirs) != 4 or theirs[1] != read:
        return False
    return ours[1] != read and ours[::2] + ours[3:] == theirs[::2] + theirs[3:]


def _refuse_stems_apart(
    report: LoadReport, state: dict[str, Tensor], read: int, where: str
) -> None:
    """Refuse to give bands new places where other stems may read them too.

    BiSeNetV2 and ICNet have such, of other widths than the first.
    """
    apart = [
        key
        for key in report.loaded
        if state[key].dim() == 4
        and state[key].shape[1] == read
        and state[key].shape[2] > 1
    ]
    if apart:
        raise ValueError(
            f'{where}: the bands of the image are those of the file in '
            f'another order, and {apart} may read the image beside the first '
            'convolution: put `bands` of the modality in the order of the '
            'file'
        )


def _check_shape(key: str, value: Tensor, tensor: Tensor, where: str) -> None:
    if value.shape != tensor.shape:
        raise ValueError(
            f'{where}: {key} has shape {tuple(value.shape)}, the network '
            f'needs {tuple(tensor.shape)}: the checkpoint belongs to another '
            'architecture'
        )
