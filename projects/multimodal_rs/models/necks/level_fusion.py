"""Necks that fuse level by level: what they have in common."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from torch import Tensor


class LevelFusionNeck(BaseModule):
    """Take some levels of every modality's pyramid and fuse each of them.

    Subclasses implement :meth:`fuse`.

    Args:
        modalities (Sequence[str]): Names to fuse, in this order.
        in_index (Sequence[int]): Levels to fuse; one output map each.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_index: Sequence[int],
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.modalities = tuple(modalities)
        self.in_index = tuple(in_index)

    def check_levels(self, **lists: Sequence[int]) -> None:
        """Refuse arguments that have not one entry per level.

        Raises:
            ValueError: With the name of the neck and of the argument.
        """
        for name, entries in lists.items():
            if len(entries) != len(self.in_index):
                raise ValueError(
                    f'{type(self).__name__}: {name} needs one entry per '
                    f'level, expected {len(self.in_index)} for in_index='
                    f'{self.in_index}, got {tuple(entries)}'
                )

    @abstractmethod
    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level.

        Args:
            maps: (B, C_i, H_i, W_i) for every modality.
            position: Position of the level in ``in_index``.

        Returns:
            The fused map.
        """

    def forward(
        self, features: Mapping[str, Sequence[Tensor]]
    ) -> tuple[Tensor, ...]:
        """Fuse one batch.

        Args:
            features: For each modality its pyramid.

        Returns:
            One fused map per level of ``in_index``.

        Raises:
            KeyError: If a modality named at construction is missing.
        """
        return tuple(
            self.fuse(maps, i) for i, maps in enumerate(self.select(features))
        )

    def select(
        self, features: Mapping[str, Sequence[Tensor]]
    ) -> list[dict[str, Tensor]]:
        """Take the levels of ``in_index``, all modalities of each.

        Raises:
            KeyError: If a modality named at construction is missing.
        """
        missing = [m for m in self.modalities if m not in features]
        if missing:
            raise KeyError(
                f'{type(self).__name__} fuses {list(self.modalities)}, but '
                f'the backbone returned {sorted(features)}: missing {missing}'
            )
        return [
            {m: features[m][level] for m in self.modalities}
            for level in self.in_index
        ]
