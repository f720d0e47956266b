"""Command line: ``multimodal-rs-map CHECKPOINT --raster ... --out map.tif``.

Maps one scene, or all of a list, with a checkpoint that ``tools/train.py``
has written.
"""

import argparse
import logging
import os
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import nn

from multimodal_rs.apis.batch import Mapped, check_scenes
from multimodal_rs.apis.finished import is_finished
from multimodal_rs.apis.incomplete import IncompleteError
from multimodal_rs.apis.map_arguments import add_arguments
from multimodal_rs.apis.model import init_model
from multimodal_rs.apis.outputs import PLACE, SceneOutputs
from multimodal_rs.apis.scene_lists import (
    Scene,
    scenes_of_patterns,
    scenes_of_table,
    share_of_process,
)
from multimodal_rs.apis.scene_mapper import SceneMapper
from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.inference.rasters import Source, local_files
from multimodal_rs.inference.together import processes
from multimodal_rs.products.make import products_of
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.log_file import log_file
from multimodal_rs.utils.outputs import check_outputs
from multimodal_rs.utils.pairs import parse_pairs, parse_rasters

LOG = logging.getLogger(__name__)
SHOWN = 10  # scenes that a line names


def main(arguments: Sequence[str] | None = None) -> int:
    """Map scenes with a checkpoint alone.

    Args:
        arguments: Command line, for tests.

    Returns:
        1 if a scene of several could not be mapped, or not all be made of
        its map, else 0.
    """
    parser = CommandParser(
        prog='multimodal-rs-map',
        description='Land-cover maps of scenes with a trained network.',
    )
    parser.add_argument('checkpoint', help='what tools/train.py wrote')
    parser.add_argument(
        '--config', help='config of the training (that of the checkpoint)'
    )
    add_arguments(parser)
    return map_as_asked(parser.parse_args(arguments))


def map_as_asked(args: argparse.Namespace) -> int:
    """Do what the flags of :func:`add_arguments` ask for.

    Args:
        args: With ``config`` (or None) and ``checkpoint``.

    Returns:
        Exit code.

    Raises:
        ValueError: If the flags contradict each other, or the only scene
            cannot be mapped, or not all be made of its map.
    """
    outputs = SceneOutputs(
        args.out,
        args.probabilities,
        args.preview,
        args.confidence,
        args.answered,
        products_of(args),
    )
    if args.log_file is not None:
        check_outputs(
            {'--log-file': args.log_file} | outputs.writes(), _inputs(args)
        )
    with log_file(args.log_file):
        return _map(args, outputs)


def _inputs(args: argparse.Namespace) -> list[str]:
    """List the files that the flags name to be read."""
    rasters = parse_rasters(args.raster)
    named = (args.scenes, args.reference)
    return [*local_files(rasters), *_trained(args), *filter(None, named)]


def _trained(args: argparse.Namespace) -> list[str]:
    """List the files of the networks."""
    named = (args.config, args.checkpoint, *args.specialists)
    return [path for path in named if path is not None]


def _written(
    scenes: Sequence[Scene], outputs: SceneOutputs
) -> dict[str, str | os.PathLike]:
    """List the files that are made of scenes, by what messages call them."""
    return {
        f'{scene.name}: {name}': path
        for scene in scenes
        for name, path in outputs.of(scene.name).writes().items()
    }


def _map(args: argparse.Namespace, outputs: SceneOutputs) -> int:
    methods = parse_pairs('--resampling', args.resampling)
    grid = SceneGrid(
        args.like,
        args.resolution,
        {name: given[-1] for name, given in methods.items()},
        args.unreadable,
    )
    scenes = _scenes(args, outputs)
    if scenes is not None:
        outputs.check_names()
        check_outputs(_written(scenes, outputs), _inputs(args))
    else:
        outputs.check(parse_rasters(args.raster), _trained(args))
    model = _model(args)
    mapper = SceneMapper(
        model, args.crop, args.stride, args.batch_size, args.adapt
    )
    if scenes is None:
        rasters = parse_rasters(args.raster)
        _map_one(mapper, rasters, outputs, grid, args.resume)
        return 0
    return _map_many(mapper, scenes, outputs, grid, args.resume)


def _model(args: argparse.Namespace) -> nn.Module:
    """Load the networks that the flags name."""
    device = _device(args.device)
    specialists = [
        init_model(None, checkpoint, device) for checkpoint in args.specialists
    ]
    trained = args.config, args.checkpoint
    return init_model(*trained, device, args.missing, specialists)


def _map_many(
    mapper: SceneMapper,
    scenes: Sequence[Scene],
    outputs: SceneOutputs,
    grid: SceneGrid,
    resume: bool,
) -> int:
    """Map scenes; several processes share them. Returns the exit code.

    They end together, with one code: torchrun would end those that are still
    at work when the first one has failed.
    """
    # The same answer in all processes.
    check_scenes(mapper, scenes, outputs, grid)
    device = next(mapper.model.parameters()).device
    with processes() as together:
        own = share_of_process(scenes)
        _say(f'{len(own)} of {len(scenes)} scenes, {device}')
        if together.rank == 0:
            _say_what_is_missing(scenes)
        done = mapper.map_scenes(own, outputs, resume, True, grid)
        told = map(together.gather, _tell(done, len(own)))
        failed, partly, unreached = told
        if together.rank == 0:
            _say_what_is_unreached(scenes, unreached, outputs)
            _name('Not mapped', scenes, failed)
            _name('Mapped, but not all is made of it', scenes, partly)
        together.wait()  # until they are named
    in_vain = len(unreached) == len(scenes)
    return 1 if failed or partly or in_vain else 0


def _say_what_is_unreached(
    scenes: Sequence[Scene], unreached: Sequence[str], outputs: SceneOutputs
) -> None:
    """Name the scenes that the reference does not reach, if there are any."""
    reference = outputs.products.reference
    if len(unreached) == len(scenes):
        _complain(
            f'No accuracy of any scene: none of the {len(scenes)} maps has a '
            f'class where {reference} has one; is it a reference of these '
            'places?'
        )
    elif unreached:
        names = ', '.join(_ordered(scenes, unreached))
        _say(
            f'Out of reach of {reference}, without accuracy: '
            f'{len(unreached)} of {len(scenes)} scenes, {names}'
        )


def _say_what_is_missing(scenes: Sequence[Scene]) -> None:
    """Say how many scenes lack a modality that others have."""
    for name in dict.fromkeys(n for scene in scenes for n in scene.rasters):
        lacking = [s.name for s in scenes if name not in s.rasters]
        if lacking:
            more = ['...'] if len(lacking) > SHOWN else []
            _say(
                f'without {name}: {len(lacking)} of {len(scenes)} scenes, '
                f'{", ".join(lacking[:SHOWN] + more)}'
            )


def _name(what: str, scenes: Sequence[Scene], names: Sequence[str]) -> None:
    """Complain of scenes, in their order, if there are any."""
    if names:
        _complain(f'{what}: {", ".join(_ordered(scenes, names))}')


def _ordered(scenes: Sequence[Scene], names: Sequence[str]) -> list[str]:
    return [scene.name for scene in scenes if scene.name in set(names)]


def _map_one(
    mapper: SceneMapper,
    rasters: Mapping[str, Source],
    outputs: SceneOutputs,
    grid: SceneGrid,
    resume: bool,
) -> None:
    """Map a scene; several processes share its rows."""
    if resume and is_finished(mapper, rasters, outputs, grid):
        _say(f'{outputs.out} is finished')
        return
    device = next(mapper.model.parameters()).device
    incomplete = None
    with processes() as together:
        first = together.rank == 0
        asked = rasters, outputs, first, grid, together, resume
        try:
            report = mapper.make(*asked)
        except IncompleteError as error:
            report, incomplete = error.report, error
    if not first:
        return
    what = f'{", ".join(rasters)}; {device}; {report.shares}'
    if together.count > 1:
        what += f'; {together.count} processes, of which this is the first'
    if report.kept:
        _say(f'{outputs.out} stays as it is')
    else:
        _say(f'Wrote {outputs.out} in {report.whole:.1f} s ({what})')
    for line in report.said:
        _say(line)
    if incomplete is not None:
        raise incomplete


def _say(line: str) -> None:
    """Print a line, and log it."""
    print(line, flush=True)
    LOG.info(line)


def _complain(line: str) -> None:
    """Likewise on stderr."""
    print(line, file=sys.stderr, flush=True)
    LOG.info(line)


def _tell(
    done: Iterable[Mapped], count: int
) -> tuple[list[str], list[str], list[str]]:
    """Print a line per scene.

    Returns:
        Names of those that could not be mapped, of those that are, but
        of whose maps not all could be made, and of those that the reference
        does not reach.
    """
    failed, partly, unreached, spent = [], [], [], []
    for number, scene in enumerate(done, 1):
        what = f'{number}/{count} {scene.name}: '
        if scene.report is not None:
            whole, shares = scene.report.whole, scene.report.shares
            spent.append(whole)
            left = statistics.mean(spent) * (count - number)
            how = f'in {whole:.1f} s ({shares})'
            if scene.report.kept:
                how = 'stays as it is'
            _say(f'{what}{scene.outputs.out} {how}; {left:.0f} s left')
            for line in scene.report.said:
                _say(line)
        elif scene.error is None:
            how = '' if scene.reached else ', out of reach of the reference'
            _say(f'{what}is finished{how}')
        if not scene.reached:
            unreached.append(scene.name)
        if scene.error is not None:
            (failed if scene.report is None else partly).append(scene.name)
            _complain(f'{what}{_message(scene.error)}')
    return failed, partly, unreached


def _message(error: Exception) -> str:
    """What an exception says; a KeyError shows its message in quotes."""
    single = isinstance(error, KeyError) and len(error.args) == 1
    return str(error.args[0] if single else error)


def _scenes(
    args: argparse.Namespace, outputs: SceneOutputs
) -> list[Scene] | None:
    """Find the scenes that are asked for; None: one, by its rasters."""
    if bool(args.raster) == bool(args.scenes):
        raise ValueError(
            'name the rasters of a scene with --raster, or many scenes with '
            f'--scenes, got {args.raster} and {args.scenes}'
        )
    if args.scenes:
        return scenes_of_table(args.scenes)
    if not any(PLACE in word for word in args.raster):
        return None
    return scenes_of_patterns(parse_rasters(args.raster), outputs)


def _device(name: str) -> str:
    """Give each process of torchrun a GPU of its own."""
    local = os.environ.get('LOCAL_RANK')
    if name == 'auto' and local is not None and torch.cuda.is_available():
        return f'cuda:{int(local) % torch.cuda.device_count()}'
    return name


def run_command() -> None:
    """Run as a program: what the console entry calls."""
    run(main)


if __name__ == '__main__':
    run_command()
