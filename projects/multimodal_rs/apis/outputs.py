"""All that is made of a scene, by name; one pattern names it for many."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TypeVar

from multimodal_rs.inference.rasters import Source, local_files
from multimodal_rs.inference.scene import SceneFiles
from multimodal_rs.products.make import Products
from multimodal_rs.utils.outputs import check_outputs

PLACE = '{scene}'
Target = str | os.PathLike
Named = TypeVar('Named')


@dataclass(frozen=True)
class SceneOutputs:
    """Files that are made of a scene; None: not that one.

    Attributes:
        out: GeoTIFF, the map.
        probabilities: GeoTIFF, percent for each class.
        preview: PNG, the rasters beside the map.
        confidence: GeoTIFF, percent: the largest probability, and its margin
            over the second.
        answered: GeoTIFF, which modalities have data.
        products: What is made of the map when it is complete.
    """

    out: Target
    probabilities: Target | None = None
    preview: Target | None = None
    confidence: Target | None = None
    answered: Target | None = None
    products: Products = field(default_factory=Products)

    def of(self, scene: str) -> 'SceneOutputs':
        """Put the name of a scene in the place of ``{scene}``."""
        return _renamed(self, scene)

    @property
    def rasters(self) -> SceneFiles:
        """Those that are written while the scene is predicted."""
        return SceneFiles(
            self.out, self.probabilities, self.confidence, self.answered
        )

    @property
    def derived(self) -> list[Path]:
        """Those that are made afterwards, of the map."""
        found = [self.preview, *self.products.paths().values()]
        return [Path(path) for path in found if path is not None]

    def writes(self) -> dict[str, Target | None]:
        """Files that are written, by what messages call them."""
        names = ('out', 'probabilities', 'preview', 'confidence', 'answered')
        own = {name: getattr(self, name) for name in names}
        return own | self.products.writes()

    def check(
        self, rasters: Mapping[str, Source], also: Iterable[Target] = ()
    ) -> None:
        """Refuse to write over what is read, or where nothing can be.

        Args:
            rasters: The scene.
            also: Other files that are read, such as the checkpoint.

        Raises:
            ValueError: With the output and the input, or if the reference
                cannot be compared with any map.
            FileNotFoundError: If there is no reference to compare with.
        """
        reference = self.products.reference
        reads = [*local_files(rasters), *also]
        check_outputs(self.writes(), [*reads, reference or ''])
        self.products.check_reference()

    def check_names(self) -> None:
        """See that every scene gets files of its own.

        Raises:
            ValueError: If a name has no place for that of the scene.
        """
        names = [*self.rasters.paths(), *self.derived]
        wrong = [str(name) for name in names if PLACE not in str(name)]
        if wrong:
            raise ValueError(
                'many scenes need names of their own for what is made of '
                f'them: put {PLACE} into {wrong}, for instance '
                f'maps/{PLACE}.tif'
            )


def _renamed(value: Named, scene: str) -> Named:
    if is_dataclass(value):
        changed = {
            f.name: _renamed(getattr(value, f.name), scene)
            for f in fields(value)
        }
        return replace(value, **changed)
    if isinstance(value, str | os.PathLike):
        return os.fspath(value).replace(PLACE, scene)
    return value
