"""Record of what a run has cut, for the next run to go on from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text

FILE = 'cut.json'
RENEWED = 'delete it and the tiles, and cut the scenes again'


class CutRecord:
    """Which scenes of a folder are cut, how, and which tiles were empty.

    Args:
        folder (Path): Folder of the dataset; the record is a file in it.
        asked (dict): How this run shall cut; None where that is not said: as
            the run before.
        usual (dict): The same for a folder in which nothing is cut yet.

    Attributes:
        settings: How scenes are cut here.

    Raises:
        ValueError: If scenes are cut in another way already.
    """

    def __init__(self, folder: Path, asked: Mapping, usual: Mapping) -> None:
        self.path = folder / FILE
        self._scenes: dict[str, list[str]] = {}
        known = dict(usual)
        if self.path.is_file():
            content = read_json(self.path, RENEWED)
            with reading(self.path, f'what was cut: {RENEWED}'):
                known = dict(content['settings'])
                self._scenes = {
                    scene: [str(tile) for tile in tiles]
                    for scene, tiles in content['left_out'].items()
                }
        asked = {k: v for k, v in asked.items() if v is not None}
        self.settings = {**known, **asked}
        if self.path.is_file() and known != self.settings:
            raise ValueError(
                f'{folder} has tiles that were cut with {known}, now asked '
                f'for are {self.settings}: leave these options out, or remove '
                f'the tiles and {self.path}'
            )

    @property
    def left_out(self) -> set[str]:
        """Ids of the tiles that were empty."""
        return set().union(*self._scenes.values())

    def has(self, scene: str) -> bool:
        """Whether a scene was cut to its end."""
        return scene in self._scenes

    def begin(self) -> None:
        """Say how scenes are cut here, before the first tile is written."""
        if not self.path.is_file():
            self._write()

    def add(self, scene: str, left_out: Sequence[str]) -> None:
        """Say that a scene is cut, and which tiles were empty."""
        known = {*self._scenes.get(scene, ()), *left_out}
        self._scenes[scene] = sorted(known)
        self._write()

    def _write(self) -> None:
        content = dict(settings=self.settings, left_out=self._scenes)
        text = json.dumps(content, indent=2, sort_keys=True)
        write_text(self.path, text + '\n')
