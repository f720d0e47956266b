"""Checkpoints of which a whole one is there at any moment."""

from collections.abc import Mapping
from pathlib import Path

from mmengine.dist import broadcast_object_list
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.utils.files import atomic_path
from multimodal_rs.weights.resume import checkpoint_folder

BACKEND = 'multimodal_rs.whole_files'
# Key in a checkpoint: files that are removed as soon as it is written.
OUTDATED = 'outdated_checkpoints'


@register_backend(BACKEND)
class WholeFileBackend(LocalBackend):
    """mmengine's local files, each complete or not there, removed later.

    Args:
        outdated (list[str]): Gets the files that are to be removed.
    """

    def __init__(self, outdated: list[str]) -> None:
        self.outdated = outdated

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file beside its place, and move it when the disk has it."""
        with atomic_path(filepath, durable=True) as temporary:
            temporary.write_bytes(obj)
        if str(filepath) in self.outdated:
            self.outdated.remove(str(filepath))

    def remove(self, filepath: str | Path) -> None:
        """Note that a file is to be removed."""
        self.outdated.append(str(filepath))


@HOOKS.register_module()
class WholeCheckpointHook(CheckpointHook):
    """mmengine's checkpoints, which a kill at any moment leaves usable.

    A file is written beside its place and renamed. An older one, of the last
    as of the best checkpoints, is removed when the newer one is whole and
    ``last_checkpoint`` names it. The original removes first and writes then:
    with ``max_keep_ckpts=1``, a kill in between leaves nothing.

    A run that goes on in a folder that was copied or moved keeps its best
    checkpoint there, and leaves the folder that it came from alone. If the
    best one did not come along, the best of what follows is kept.

    Arguments as in mmengine. Files of another storage (``backend_args``, or
    an ``out_dir`` that is a URL) are written as that storage does.
    """

    def before_train(self, runner: Runner) -> None:
        """Choose how files are written; finish what a kill has left."""
        self._outdated: list[str] = []
        other = self.backend_args or self.file_client_args
        if other or '://' in str(self.out_dir or runner.work_dir):
            super().before_train(runner)
            return
        folder = checkpoint_folder(runner.work_dir, self.out_dir)
        hub = runner.message_hub
        for key, path in list(hub.runtime_info.items()):
            if key.startswith('best_ckpt') and path:
                hub.update_info(key, str(folder / Path(path).name))
        self._forget_missing(runner)
        left = hub.runtime_info.get(OUTDATED, ())
        self._outdated += [str(folder / Path(path).name) for path in left]
        # The list itself: a checkpoint holds what it has when it is written.
        hub.update_info(OUTDATED, self._outdated)
        self.backend_args = dict(backend=BACKEND, outdated=self._outdated)
        super().before_train(runner)
        self._remove_outdated()

    def _forget_missing(self, runner: Runner) -> None:
        """Let best checkpoints that are not there be no measure of others."""
        hub = runner.message_hub
        missing = {
            key: path
            for key, path in hub.runtime_info.items()
            if key.startswith('best_ckpt') and path and not Path(path).exists()
        }
        shared = [missing]  # other machines do not see the files of the first
        broadcast_object_list(shared)
        for key, path in shared[0].items():
            runner.logger.warning(
                f'The best checkpoint until now, {path}, is not there: the '
                'best one is chosen among those from here on. Copy it there '
                'and resume again if it is to count'
            )
            hub.pop_info(key)
            hub.pop_info(key.replace('best_ckpt', 'best_score', 1))

    def _save_checkpoint_with_step(
        self, runner: Runner, step: int, meta: dict
    ) -> None:
        """Save, then remove what the new checkpoint replaces."""
        super()._save_checkpoint_with_step(runner, step, meta)
        self._remove_outdated()

    def _save_best_checkpoint(
        self, runner: Runner, metrics: Mapping[str, float]
    ) -> None:
        """Save the best one if it is, then remove the best one until now.

        Raises:
            ValueError: If a measure of ``save_best`` was not measured.
        """
        known = ('auto', *metrics)
        missing = [n for n in self.save_best or () if n not in known]
        if missing:
            raise ValueError(
                'default_hooks.checkpoint.save_best: expected measures of '
                f'val_evaluator, which are {sorted(metrics)}, got {missing}: '
                'name some of these, with their `rule`, or add the metric to '
                'val_evaluator'
            )
        super()._save_best_checkpoint(runner, metrics)
        self._remove_outdated()

    def _remove_outdated(self) -> None:
        """Remove files for which a newer one is there.

        The list is empty in all processes but the first.
        """
        for path in self._outdated:
            Path(path).unlink(missing_ok=True)
        self._outdated.clear()
