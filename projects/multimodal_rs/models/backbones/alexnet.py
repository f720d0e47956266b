"""The convolutional part of AlexNet."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class AlexNet(BaseModule):
    """Five convolutions and two poolings, stride 16.

    Krizhevsky, "One weird trick for parallelizing convolutional neural
    networks", 2014, https://arxiv.org/abs/1404.5997, without the last pooling
    and what follows it. Layers have the names of torchvision's ``alexnet``,
    so that its weights fit.

    Args:
        in_channels (int): Number of bands.
        channels (Sequence[int]): Of the five convolutions.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (64, 192, 384, 256, 256),
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        first, second, third, fourth, fifth = channels
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, first, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(first, second, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(third, fourth, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(fourth, fifth, 3, padding=1),
            nn.ReLU(),
        )

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Encode an image.

        Args:
            image: (B, C, H, W), at least 31 pixels in both directions.

        Returns:
            One map (B, C_5, h, w); 256 pixels become 15 cells.

        Raises:
            ValueError: If the image is smaller than the field of one cell.
        """
        size = tuple(map(int, image.shape[2:]))  # tensors in a trace
        if min(size) < 31:
            raise ValueError(
                'AlexNet needs images of at least 31 x 31 pixels, got '
                f'(H, W) {size}: use larger crops'
            )
        return (self.features(image),)
