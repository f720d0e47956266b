"""MMRS's fusion: completed vectors and fused tokens."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.modality_generator import ModalityGenerator
from multimodal_rs.models.layers.presence import Presence
from multimodal_rs.models.layers.token_fusion import TokenFusion


class Completed(NamedTuple):
    """What a sample has, and what stands in for what it lacks.

    Attributes:
        joint: h, (B, M C), the parts of all modalities one after the other.
        vector: u, likewise.
        tokens: (B, M, cells, C).
    """

    joint: Tensor
    vector: Tensor
    tokens: Tensor


@MODELS.register_module()
class MMRSNeck(BaseModule):
    """Complete what is missing, fuse the tokens, and return both.

    "MMRS: Multimodal Remote Sensing Image Classification", of which a README
    and three figures are public: our reconstruction, see
    :class:`ModalityGenerator` (its "MDG module") and :class:`TokenFusion` (its
    "MFF module"). From a map f_m (C, 3, 3) of every modality:

        h = [mean of f_1 ; mean of f_2], a learned vector for a missing one
        g, u = generator(h)
        v = fusion(cells of all f_m, of a missing one its part of g)
        result = [u ; v]

    Args:
        modalities (Sequence[str]): Names, at least two, in this order.
        channels (int): C of every modality's map.
        cells (int): Of every modality's map, 9 for windows of 11x11.
        generation (bool): Whether there is a generator. Without, u = h, and
            the learned vectors stand in for the cells of what is missing.
        noise (int): Length of the generator's random input. 0: it has none,
            and makes in training what it makes in tests.
        fusion (bool): Whether there is a fusion of tokens. Without, the
            result is u.
        attention (bool): Of the fusion.
        graph (bool): Of the fusion.
        init_cfg (dict, optional): mmengine initialisation config.

    Raises:
        ValueError: If there is a single modality.
    """

    uses_presence = True

    def __init__(
        self,
        modalities: Sequence[str],
        channels: int = 128,
        cells: int = 9,
        generation: bool = True,
        noise: int = 32,
        fusion: bool = True,
        attention: bool = True,
        graph: bool = True,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.modalities = tuple(modalities)
        number = len(self.modalities)
        if number < 2:
            raise ValueError(
                'MMRSNeck: expected at least two modalities, got '
                f'{list(self.modalities)}: without a second one there is '
                'nothing to fuse or to complete, use WindowHead alone'
            )
        self.cells = cells
        self.joint_channels = number * channels
        self.missing = nn.Parameter(torch.empty(number, channels))
        nn.init.trunc_normal_(self.missing, std=0.02)
        self.generator = (
            ModalityGenerator(self.joint_channels, noise)
            if generation
            else None
        )
        self.fusion = (
            TokenFusion(number, cells, channels, attention, graph)
            if fusion
            else None
        )

    def forward(
        self,
        pyramids: Mapping[str, Sequence[Tensor]],
        presence: Presence | None = None,
    ) -> tuple[Tensor]:
        """Fuse the last map of every pyramid.

        Args:
            pyramids: Of the modalities that any sample has.
            presence: (B,) bool per modality; None: what has a pyramid is
                there for all samples.

        Returns:
            One map, (B, M C + C, 1, 1), or (B, M C, 1, 1) without fusion.
        """
        return self.merge(self.complete(pyramids, presence))

    def complete(
        self,
        pyramids: Mapping[str, Sequence[Tensor]],
        presence: Presence | None = None,
    ) -> Completed:
        """Stand in for what is missing; arguments as of :meth:`forward`."""
        there = next(iter(pyramids.values()))[-1]
        cells = {
            m: self._cells(m, pyramids[m][-1])
            for m in self.modalities
            if m in pyramids
        }
        joint, present = [], []
        for learned, m in zip(self.missing, self.modalities, strict=True):
            part = learned.expand(len(there), -1)
            has = there.new_zeros(len(there), 1, dtype=torch.bool)
            if m in cells:
                has = ~has if presence is None else presence[m][:, None]
                part = torch.where(has, cells[m].mean(dim=1), part)
            joint.append(part)
            present.append(has)
        joint = torch.cat(joint, dim=1)
        stand_in = vector = joint
        if self.generator is not None:
            stand_in, vector = self.generator(joint)
        parts = stand_in.chunk(len(self.modalities), dim=1)
        tokens = [
            torch.where(has[..., None], cells[m], part[:, None])
            if m in cells
            else part[:, None].expand(-1, self.cells, -1)
            for m, has, part in zip(
                self.modalities, present, parts, strict=True
            )
        ]
        return Completed(joint, vector, torch.stack(tokens, dim=1))

    def merge(self, completed: Completed) -> tuple[Tensor]:
        """Fuse the tokens and put the vector beside: (B, ., 1, 1)."""
        result = completed.vector
        if self.fusion is not None:
            fused = self.fusion(completed.tokens)
            result = torch.cat((result, fused), dim=1)
        return (result[..., None, None],)

    def _cells(self, name: str, image: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, cells, C)."""
        cells = image.flatten(2).transpose(1, 2)
        expected = self.cells, self.missing.shape[1]
        if cells.shape[1:] != expected:
            raise ValueError(
                f'MMRSNeck: expected {expected[0]} cells of {expected[1]} '
                f'channels, got {tuple(image.shape)} of {name}: set `cells` '
                'and `channels` to what the encoders make of a window'
            )
        return cells
