"""One branch per modality."""

from collections.abc import Mapping, Sequence

from mmengine.model import ModuleDict
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)
from multimodal_rs.models.declaration import branch_with_bands, takes
from multimodal_rs.utils.masks import MASK_STRIDE, mask_size
from multimodal_rs.weights.pretrained import (
    load_pretrained,
    pretrained_options,
)
from multimodal_rs.weights.stems import find_convolution, replace_stem


@MODELS.register_module()
class ParallelBackbones(MultiModalBackbone):
    """Run every modality through a branch of its own.

    A branch is any backbone of mmseg, mmpretrain or timm (mmseg's
    ``TIMMBackbone``), optionally followed by any mmseg neck (or a decoder
    such as :class:`DeepLabV3PlusDecoder`). One that is made for three bands
    gets a first convolution for those of its modality. The branches never see
    each other, so a missing modality only means that its branch is not run.

    An ``init_cfg=dict(type='Pretrained', checkpoint=...)`` of a branch's
    backbone, or of ``backbone_cfg`` inside of it, is loaded through
    :func:`multimodal_rs.weights.pretrained.load_pretrained`, which
    fits the stem to the branch's number of bands and prints a report; its
    options ``prefix``, ``stem`` and ``bands`` may stand there too.

    Args:
        branches (dict): Backbone config per modality. The segmentor writes
            ``in_channels`` into it.
        necks (dict, optional): Neck config per modality, applied after the
            backbone.
        share_weights (bool): One set of weights for all modalities; the
            branch configs must then be equal.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    accepts_subsets = True

    def __init__(
        self,
        branches: Mapping[str, Mapping],
        necks: Mapping[str, Mapping] | None = None,
        share_weights: bool = False,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(tuple(branches), init_cfg)
        self.share_weights = share_weights
        if necks is not None and set(necks) != set(branches):
            raise ValueError(
                'ParallelBackbones: necks must name the same modalities as '
                f'branches, expected {sorted(branches)}, got {sorted(necks)}'
            )
        self.branches = self._build(branches, 'branches')
        self.necks = self._build(necks, 'necks') if necks else None

    @classmethod
    def with_bands(
        cls, config: Mapping, modalities: Mapping[str, Modality]
    ) -> dict:
        """Set ``in_channels`` of every branch."""
        branches = {
            m: branch_with_bands(
                *(branch, (m,), modalities), where=f'branches.{m}'
            )
            for m, branch in config['branches'].items()
        }
        return {**config, 'branches': branches}

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode what is there.

        Args:
            inputs: (B, C_m, H, W) for each modality present.
            masks: (B, 1, H / 4, W / 4), rounded up, for some of them, 1
                where the image is hidden, for masked pre-training. A
                backbone with ``masks_tokens = True`` gets it as its second
                argument, any other one an image that is 0 (after
                normalisation, so the mean) where it is hidden.

        Returns:
            For each of them its pyramid, in the order of ``branches``.

        Raises:
            KeyError: If an input has no branch, or a mask no input.
        """
        masks = masks or {}
        unknown = sorted(set(inputs) - set(self.modalities))
        if unknown:
            raise KeyError(
                f'ParallelBackbones: no branch for {unknown}, it has '
                f'{list(self.modalities)}'
            )
        if set(masks) - set(inputs):
            raise KeyError(
                f'ParallelBackbones: masks for {sorted(masks)}, but the '
                f'inputs are {sorted(inputs)}'
            )
        features = {}
        for name in self.modalities:
            if name not in inputs:
                continue
            key = self._key(name)
            try:
                pyramid = self._encode(
                    self.branches[key], inputs[name], masks.get(name)
                )
            except RuntimeError as error:
                self._explain(name, inputs[name], error)
                raise
            pyramid = maps_of(self.branches[key], pyramid, name)
            if self.necks is not None:
                pyramid = self.necks[key](pyramid)
            features[name] = tuple(pyramid)
        return features

    def _explain(self, name: str, image: Tensor, error: RuntimeError) -> None:
        """Name the usual reason why a branch cannot read an image."""
        found = find_convolution(self.branches[self._key(name)])
        if found is not None and found[1].in_channels != image.shape[1]:
            raise ValueError(
                f'{name} has {image.shape[1]} bands, its branch reads '
                f'{found[1].in_channels}: leave in_channels of the branch out '
                'of the config, so that it is the number of its `bands`'
            ) from error

    @staticmethod
    def _encode(
        branch: nn.Module, image: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, ...]:
        if mask is None:
            return branch(image)
        if getattr(branch, 'masks_tokens', False):
            return branch(image, mask)
        return branch(hide_pixels(image, mask))

    def init_weights(self) -> None:
        """Initialise; pretrained branches are fitted to their bands."""
        pretrained = []
        for key, branch in self.branches.items():
            for module in _encoders(branch):
                config = getattr(module, 'init_cfg', None)
                if isinstance(config, dict) and config['type'] == 'Pretrained':
                    pretrained.append((f'{key} branch', module, config))
                    module.init_cfg = None
        super().init_weights()
        for title, module, config in pretrained:
            options = pretrained_options(config, title)
            load_pretrained(module, **options, title=title)
            module.init_cfg = config

    def _key(self, name: str) -> str:
        return 'shared' if self.share_weights else name

    def _build(self, configs: Mapping[str, Mapping], what: str) -> ModuleDict:
        if not self.share_weights:
            return ModuleDict({n: _build(c) for n, c in configs.items()})
        first, *others = configs.values()
        if any(c != first for c in others):
            raise ValueError(
                f'ParallelBackbones: share_weights needs equal {what}, got '
                f'{dict(configs)}: give all modalities the same number of '
                'bands or set share_weights=False'
            )
        return ModuleDict({'shared': _build(first)})

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Refuse a checkpoint of another band count by name.

        mmengine would skip the stem with a log line and go on with a random
        one.
        """
        for name, branch in self.branches.items():
            found = find_convolution(branch)
            if found is None:
                continue
            layer, stem = found
            weight = state_dict.get(f'{prefix}branches.{name}.{layer}.weight')
            if weight is None or weight.shape[1] == stem.in_channels:
                continue
            raise ValueError(
                f'checkpoint: the {name} branch was trained with '
                f'{weight.shape[1]} bands, this config reads '
                f'{stem.in_channels}: use the config that the checkpoint was '
                'trained with, or change `bands` of the modality'
            )
        super()._load_from_state_dict(state_dict, prefix, *args)


def _build(config: Mapping) -> nn.Module:
    """Build a branch, also one whose class has no ``in_channels``."""
    if 'in_channels' not in config or takes(config, 'in_channels'):
        return MODELS.build(config)
    fixed = {k: v for k, v in config.items() if k != 'in_channels'}
    module = MODELS.build(fixed)
    replace_stem(module, config['in_channels'])
    return module


def _encoders(branch: nn.Module) -> list[nn.Module]:
    """A branch and, if it is built around another backbone, that one.

    mmseg's BiSeNetV1 and ICNet are; such a backbone is called so, and reads
    the image.
    """
    inner = [
        module
        for name, module in branch.named_modules()
        if name.rpartition('.')[2] == 'backbone'
    ]
    return [branch, *inner]


def maps_of(
    branch: nn.Module, outputs: Tensor | Sequence[Tensor], name: str
) -> tuple[Tensor, ...]:
    """Bring what an encoder returns into the form of this project.

    Args:
        branch: The encoder; some of timm's have channels last, and say so.
        outputs: One map or several.
        name: Modality, for the message.

    Returns:
        (B, C_l, H_l, W_l) of each level.

    Raises:
        ValueError: If something else than maps is returned.
    """
    maps = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    shapes = [tuple(getattr(x, 'shape', ())) for x in maps]
    if any(len(shape) != 4 for shape in shapes):
        raise ValueError(
            f'{name}: the branch {type(branch).__name__} returns {shapes}, '
            'expected maps (B, C, H, W): set its option that leaves out '
            'pooling or tokens (of mmpretrain gap_before_final_norm=False or '
            "out_type='featmap')"
        )
    timm_model = getattr(branch, 'timm_model', None)
    if getattr(timm_model, 'output_fmt', 'NCHW') == 'NHWC':
        return tuple(x.permute(0, 3, 1, 2) for x in maps)
    return maps


def hide_pixels(image: Tensor, mask: Tensor) -> Tensor:
    """Set the pixels under a coarse mask to 0.

    Args:
        image: (B, C, H, W).
        mask: (B, 1, H / 4, W / 4), rounded up, 1 where it is hidden.

    Returns:
        (B, C, H, W).

    Raises:
        ValueError: If the mask has another size.
    """
    batch, _, height, width = image.shape
    grid = mask_size((height, width))
    if tuple(mask.shape) != (batch, 1, *grid):
        raise ValueError(
            f'hide_pixels: a mask {tuple(mask.shape)} does not fit an image '
            f'{tuple(image.shape)}, expected {(batch, 1, *grid)}'
        )
    fine = mask.repeat_interleave(MASK_STRIDE, dim=2)
    fine = fine.repeat_interleave(MASK_STRIDE, dim=3)[..., :height, :width]
    return image * (1 - fine.to(image.dtype))
