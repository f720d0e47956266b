"""Record of what a run has cut, for the next run to go on from."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from multimodal_rs.data_prep.scenes import Scene
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text

FILE = 'cut.json'
RENEWED = 'delete it and the tiles, and cut the scenes again'
DECLARED = 'declared'  # among the settings; older records lack it
# Attributes that decide what is in a tile, and whether it is written.
OF_MODALITIES = ('file_bands', 'key', 'nodata', 'nodata_when')
OF_LABELS = ('ids', 'colors', 'band', 'key')
Files = dict[str, list]  # layer -> name, bytes and time of each file


def declared(dataset: MultiModalSegDataset) -> dict[str, str]:
    """Say how each layer is declared, as far as its tiles depend on it."""
    found = {
        name: {a: getattr(modality, a) for a in OF_MODALITIES}
        for name, modality in dataset.modalities.items()
    }
    if dataset.label:
        found['label'] = {a: getattr(dataset.label, a) for a in OF_LABELS}
    # As text: NaN is not equal to itself.
    return {k: json.dumps(v, sort_keys=True) for k, v in found.items()}


def stamp(path: Path) -> list[int]:
    """Tell a file from one that replaces it: bytes, and time of writing."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


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
        self._files: dict[str, Files] = {}
        known = dict(usual)
        if self.path.is_file():
            content = read_json(self.path, RENEWED)
            with reading(self.path, f'what was cut: {RENEWED}'):
                known = dict(content['settings'])
                self._scenes = {
                    scene: [str(tile) for tile in tiles]
                    for scene, tiles in content['left_out'].items()
                }
                known[DECLARED] = dict(known.get(DECLARED, {}))
                files = content.get('files', {})
                self._files = {n: dict(found) for n, found in files.items()}
        asked = {k: v for k, v in asked.items() if v is not None}
        # Layers may come and go.
        before, now = (x.get(DECLARED, {}) for x in (known, asked))
        known[DECLARED] = {**now, **before}
        asked[DECLARED] = {**before, **now}
        self.settings = {**known, **asked}
        if self.path.is_file() and known != self.settings:
            now = self.settings.items()
            now = {k: v for k, v in now if k not in known or known[k] != v}
            before = {k: known.get(k) for k in now}
            raise ValueError(
                f'{folder} has tiles that were cut with {before}, now asked '
                f'for are {now}: leave these options out, declare what was '
                f'declared in the config, or remove the tiles and {self.path}'
            )

    @property
    def left_out(self) -> set[str]:
        """Ids of the tiles that were empty."""
        return set().union(*self._scenes.values())

    def has(self, scene: str) -> bool:
        """Whether a scene was cut to its end."""
        return scene in self._scenes

    def check(self, scene: Scene) -> None:
        """See that the rasters of a scene are those that were cut.

        What was not there yet, and what an older record does not say, is not
        compared.

        Raises:
            ValueError: If they are others.
        """
        known, now = self._files.get(scene.name, {}), _files_of(scene)
        wrong = [k for k in now if known.get(k, now[k]) != now[k]]
        if wrong:
            raise ValueError(
                f'scene {scene.name}: expected the rasters that its tiles '
                f'were cut from, got others of {wrong} (name, bytes or time '
                f'of writing): remove the tiles and {self.path}, and cut '
                'again; if only the times are others, as those of a copy, '
                f'take "files" out of {self.path}'
            )

    def begin(self, scene: Scene) -> None:
        """Say what is cut here, and how, before a tile of it is written."""
        known = self._files.get(scene.name, {})
        self._files[scene.name] = {**known, **_files_of(scene)}
        self._write()

    def add(self, scene: str, left_out: Sequence[str]) -> None:
        """Say that a scene is cut, and which tiles were empty."""
        known = {*self._scenes.get(scene, ()), *left_out}
        self._scenes[scene] = sorted(known)
        self._write()

    def _write(self) -> None:
        content = dict(
            settings=self.settings, left_out=self._scenes, files=self._files
        )
        text = json.dumps(content, indent=2, sort_keys=True)
        write_text(self.path, text + '\n')


def _files_of(scene: Scene) -> Files:
    found = {}
    for name, layer in scene.layers.items():
        # Wherever they lie: a folder may be moved with its tiles.
        found[name] = [[path.name] for path in layer.source.paths]
        for known, path in zip(found[name], layer.source.paths, strict=True):
            if path.is_file():  # and not in an archive
                known += stamp(path)
    return found
