"""One branch per modality."""

from collections.abc import Mapping

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.input_adapter import (
    first_convolution,
    load_pretrained,
)


@MODELS.register_module()
class ParallelBackbones(BaseModule):
    """Run every modality through a branch of its own.

    A branch is any mmseg backbone, optionally followed by any mmseg neck (or
    a decoder such as :class:`DeepLabV3PlusDecoder`). The branches never see
    each other, so a missing modality only means that its branch is not run.

    An ``init_cfg=dict(type='Pretrained', checkpoint=...)`` of a branch's
    backbone is loaded through
    :func:`multimodal_rs.models.layers.input_adapter.load_pretrained`, which
    fits the stem to the branch's number of bands and prints a report.

    Args:
        branches (dict): Backbone config per modality.
        necks (dict, optional): Neck config per modality, applied after the
            backbone.
        share_weights (bool): One set of weights for all modalities; the
            branch configs must then be equal.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        branches: Mapping[str, Mapping],
        necks: Mapping[str, Mapping] | None = None,
        share_weights: bool = False,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.modalities = tuple(branches)
        self.share_weights = share_weights
        if necks is not None and set(necks) != set(branches):
            raise ValueError(
                'ParallelBackbones: necks must name the same modalities as '
                f'branches, expected {sorted(branches)}, got {sorted(necks)}'
            )
        self.branches = self._build(branches, 'branches')
        self.necks = self._build(necks, 'necks') if necks else None

    def forward(
        self, inputs: Mapping[str, Tensor]
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode what is there.

        Args:
            inputs: (B, C_m, H, W) for each modality present.

        Returns:
            For each of them its pyramid, in the order of ``branches``.

        Raises:
            KeyError: If an input has no branch.
        """
        unknown = sorted(set(inputs) - set(self.modalities))
        if unknown:
            raise KeyError(
                f'ParallelBackbones: no branch for {unknown}, it has '
                f'{list(self.modalities)}'
            )
        features = {}
        for name in self.modalities:
            if name not in inputs:
                continue
            key = self._key(name)
            pyramid = self.branches[key](inputs[name])
            if self.necks is not None:
                pyramid = self.necks[key](pyramid)
            features[name] = tuple(pyramid)
        return features

    def init_weights(self) -> None:
        """Initialise; pretrained branches are fitted to their bands."""
        pretrained = {}
        for key, branch in self.branches.items():
            config = getattr(branch, 'init_cfg', None)
            if isinstance(config, dict) and config['type'] == 'Pretrained':
                pretrained[key] = branch.init_cfg
                branch.init_cfg = None
        super().init_weights()
        for key, config in pretrained.items():
            load_pretrained(
                self.branches[key],
                config['checkpoint'],
                config.get('prefix') or '',
                title=f'{key} branch',
            )
            self.branches[key].init_cfg = config

    def _key(self, name: str) -> str:
        return 'shared' if self.share_weights else name

    def _build(
        self, configs: Mapping[str, Mapping], what: str
    ) -> nn.ModuleDict:
        if not self.share_weights:
            return nn.ModuleDict(
                {n: MODELS.build(c) for n, c in configs.items()}
            )
        first, *others = configs.values()
        if any(c != first for c in others):
            raise ValueError(
                f'ParallelBackbones: share_weights needs equal {what}, got '
                f'{dict(configs)}: give all modalities the same number of '
                'bands or set share_weights=False'
            )
        return nn.ModuleDict({'shared': MODELS.build(first)})

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        """Refuse a checkpoint of another band count by name.

        mmengine would skip the stem with a log line and go on with a random
        one.
        """
        for name, branch in self.branches.items():
            layer, stem = first_convolution(branch)
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
