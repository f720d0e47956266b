"""ResNet that also returns the map of its stem."""

from mmseg.models.backbones import ResNet
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class StemResNet(ResNet):
    """mmseg's ResNet with one more, shallower level.

    The first map of the pyramid is the stem's, after normalisation and ReLU
    and before the max-pooling, at stride 2. ``out_indices`` counts the stages
    behind it, as in mmseg.
    """

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Encode an image.

        Args:
            x: (B, C, H, W).

        Returns:
            (B, C_0, H / 2, W / 2), then one map per stage of ``out_indices``;
            sizes are rounded up.
        """
        if self.deep_stem:
            stem = self.stem(x)
        else:
            stem = self.relu(self.norm1(self.conv1(x)))
        x = self.maxpool(stem)
        maps = [stem]
        for i, name in enumerate(self.res_layers):
            x = getattr(self, name)(x)
            if i in self.out_indices:
                maps.append(x)
        return tuple(maps)
