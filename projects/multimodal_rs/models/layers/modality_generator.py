"""Generator and discriminator of the vectors of several modalities."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

SLOPE = 0.2


class ModalityGenerator(nn.Module):
    """Complete the joint vector of a sample: the "MDG module" of MMRS.

    Our reconstruction from figure 1 of its README, which draws a network of
    5, 6 and 4 circles between the joint vector and the generated one, a tap
    in the middle, and a sum of all three:

        t = middle layer of G([h ; z]);   u = h + W t + G([h ; z])

    with z ~ N(0, 1) in training and z = 0 afterwards. The layers of G have
    5/4, 3/2 and 1 times the channels of h, the ratio of the circles, so that
    what G returns adds to h without a projection. Widths, z and losses are
    ours; no adversary is drawn.

    Args:
        channels: C of the joint vector, divisible by 4.
        noise: Length of z; 0: no z.
    """

    def __init__(self, channels: int, noise: int = 32) -> None:
        super().__init__()
        self.noise = noise
        first, middle = channels * 5 // 4, channels * 3 // 2
        self.body = nn.Sequential(
            nn.Linear(channels + noise, first),
            nn.LeakyReLU(SLOPE),
            nn.Linear(first, middle),
            nn.LeakyReLU(SLOPE),
        )
        self.last = nn.Linear(middle, channels)
        self.tap = nn.Linear(middle, channels)

    def forward(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """Generate and complete.

        Args:
            joint: h, (B, C).

        Returns:
            What was generated, G([h ; z]), and the completed vector u, both
            (B, C).
        """
        z = joint.new_zeros(len(joint), self.noise)
        if self.training:
            z = torch.randn_like(z)
        middle = self.body(torch.cat((joint, z), dim=1))
        generated = self.last(middle)
        return generated, joint + self.tap(middle) + generated


class VectorDiscriminator(nn.Module):
    """Tell completed vectors from real ones, and which class they are of.

    Two layers with spectral norm and two heads. Ours: MMRS names an
    adversary, and shows none.

    Args:
        channels: C of the vectors, divisible by 4.
        num_classes: K.
    """

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            spectral_norm(nn.Linear(channels, channels // 2)),
            nn.LeakyReLU(SLOPE),
            spectral_norm(nn.Linear(channels // 2, channels // 4)),
            nn.LeakyReLU(SLOPE),
        )
        self.real = nn.Linear(channels // 4, 1)
        self.classes = nn.Linear(channels // 4, num_classes)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Judge (B, C): scores (B,), high for real ones; logits (B, K)."""
        features = self.body(vectors)
        return self.real(features)[:, 0], self.classes(features)
