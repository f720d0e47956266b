#!/usr/bin/env python3
"""Benchmark of mapping a scene against mmseg's slide mode.

    python benchmarks/scene.py CONFIG [--size 4096 4096] [--crop 512]

Both classify the same simulated scene on disk with the same network, whose
weights are random, and write a GeoTIFF, each in a process of its own: once
`SceneMapper`, once mmseg's `EncoderDecoder.slide_inference` on the whole scene
as one tensor, as mmseg's inference does. Its time per window does not depend
on the window, so `--their-windows` takes the mean of so many of them, after
one to warm up, for all; 0 runs all of them and compares the maps.
`--terratorch` adds TerraTorch's `tiled_inference`, which takes one tensor as
well; it has to be installed.

Next to the seconds by the clock stand those that the processor spent: on a
busy machine they say more, and the last line compares them. Reading and
writing run beside the network, so that the whole is less than the sum.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

sys.path.append(str(Path(__file__).resolve().parents[1] / 'tools'))

from _bootstrap import add_source_path

add_source_path()

import numpy as np
import rasterio
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import multimodal_rs  # noqa: F401
from multimodal_rs.apis import SceneMapper
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.windowed import network_modalities
from multimodal_rs.utils.windows import Window, sliding_windows

STRIP = 256  # rows of the scene that are simulated at once
GRID = dict(
    crs='EPSG:32632', transform=rasterio.Affine(10, 0, 5e5, 0, -10, 6e6)
)
MEBI = 2**20


class EnoughError(Exception):
    """As many windows were timed as were asked for."""


def simulate(
    folder: Path, modalities: Mapping[str, Modality], size: Sequence[int]
) -> dict[str, str]:
    """Write noise in squares of 16 pixels, a compressed file per modality."""
    height, width = size
    paths = {}
    for name, modality in modalities.items():
        bands = len(modality.file_bands or modality.bands)
        rng = np.random.default_rng(len(name))
        paths[name] = str(folder / f'{name}.tif')
        with rasterio.open(
            paths[name],
            'w',
            driver='GTiff',
            count=bands,
            height=height,
            width=width,
            dtype='uint16',
            compress='deflate',
            zlevel=1,
            tiled=True,
            BIGTIFF='IF_SAFER',
            **GRID,
        ) as file:
            for top in range(0, height, STRIP):
                rows = min(STRIP, height - top)
                shape = (bands, -(-rows // 16), -(-width // 16))
                noise = rng.integers(500, 3000, shape).astype('uint16')
                noise = noise.repeat(16, 1).repeat(16, 2)[:, :rows, :width]
                noise = noise + rng.integers(0, 8, noise.shape, 'uint16')
                window = (top, top + rows), (0, width)
                file.write(noise, window=window)
    return paths


def network(args: argparse.Namespace) -> torch.nn.Module:
    """Build the network of the config, the same in every process."""
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    model = MODELS.build(cfg.model).eval()
    for name, weight in model.named_parameters():
        if name.endswith('conv_seg.weight'):  # else one class wins everywhere
            torch.nn.init.normal_(weight)
    count = model.num_classes
    palette = [[i, i, i] for i in range(count)]
    classes = [f'class {i}' for i in range(count)]
    model.dataset_meta = dict(classes=classes, palette=palette)
    return model


def ours(args: argparse.Namespace, paths: Mapping, out: str) -> dict:
    """Map the scene with ``SceneMapper``."""
    model = network(args)
    batch = args.batch_size
    mapper = SceneMapper(model, args.crop, args.stride, batch)
    begin = time.process_time()
    report = mapper.map(paths, out)
    seconds = {
        part: (report.seconds[part], report.cpu_seconds[part])
        for part in report.seconds
    }
    spent = time.process_time() - begin
    return dict(whole=(report.whole, spent), seconds=seconds)


class Marks:
    """Moments, by the clock and in time of the processor."""

    def __init__(self) -> None:
        self.times = []

    def set(self) -> None:
        """Remember this moment."""
        self.times.append((time.perf_counter(), time.process_time()))

    def between(self, first: int, last: int) -> np.ndarray:
        """Seconds from one to another: by the clock, of the processor."""
        return np.subtract(self.times[last], self.times[first])


class StackedNetwork:
    """A network to which all bands are one tensor; it notes its times.

    Args:
        model (nn.Module): The network.
        channels (list): Bands per modality.
        meta (dict): Of a sample.
        most (int): Windows after the first one before it stops; 0: all.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        channels: list[int],
        meta: Mapping,
        most: int = 0,
    ) -> None:
        self.model = model
        self.channels = channels
        self.meta = meta
        self.most = most
        self.starts, self.ends = Marks(), Marks()

    def __call__(self, crops: torch.Tensor, metas=None) -> torch.Tensor:
        """Answer (B, C, h, w); what is said of the samples is known."""
        self.starts.set()
        if self.most and len(self.starts.times) > self.most + 1:
            raise EnoughError
        parts = crops.split(self.channels, 1)
        inputs = dict(zip(self.model.modalities, parts, strict=True))
        answer = self.model.encode_decode(inputs, [self.meta] * len(crops))
        self.ends.set()
        return answer


@torch.no_grad()
def theirs(args: argparse.Namespace, paths: Mapping, out: str) -> dict:
    """Map the scene with mmseg's slide mode."""
    model = network(args)
    begin = Marks()
    begin.set()
    size, stack, channels, meta = _whole_scene(model, paths)
    begin.set()
    crop, stride = (args.crop, args.crop), (args.stride, args.stride)
    asked = StackedNetwork(model, channels, meta, args.their_windows)
    slide = SimpleNamespace(
        test_cfg=SimpleNamespace(crop_size=crop, stride=stride),
        out_channels=model.num_classes,
        encode_decode=asked,
    )
    count = sum(1 for _ in sliding_windows(size, crop, stride))
    seconds = dict(reading=begin.between(0, 1))
    starts, ends = asked.starts, asked.ends
    try:
        logits = EncoderDecoder.slide_inference(slide, stack, [dict(meta)])
    except EnoughError:
        # From the start of the second window to that of the last.
        timed = len(ends.times) - 1
        each = starts.between(1, timed + 1) / timed
    else:
        timed = count
        starts.set()
        each = starts.between(0, count) / count
        ids = logits.argmax(1)[0].numpy().astype('uint8')
        _write(out, ids)
    first = len(ends.times) - timed
    inside = np.subtract(ends.times, starts.times[: len(ends.times)])
    seconds['network'] = inside[first:].mean(axis=0) * count
    seconds['adding up'] = each * count - seconds['network']
    whole = np.sum(list(seconds.values()), axis=0)
    return dict(whole=whole, seconds=seconds, timed=timed)


@torch.no_grad()
def terratorch(args: argparse.Namespace, paths: Mapping, out: str) -> dict:
    """Map the scene with TerraTorch's tiled inference."""
    from terratorch.tasks.tiled_inference import tiled_inference

    model = network(args)
    marks = Marks()
    marks.set()
    _, stack, channels, meta = _whole_scene(model, paths)
    marks.set()
    asked = StackedNetwork(model, channels, meta)
    logits = tiled_inference(
        asked,
        stack,
        crop=args.crop,
        stride=args.stride,
        delta=0,
        padding=False,
        batch_size=args.batch_size,
    )
    marks.set()
    inside = np.subtract(asked.ends.times, asked.starts.times).sum(axis=0)
    seconds = dict(reading=marks.between(0, 1), network=inside)
    seconds['adding up'] = marks.between(1, 2) - inside
    _write(out, logits.argmax(1)[0].numpy().astype('uint8'))
    return dict(whole=marks.between(0, 2), seconds=seconds)


def _whole_scene(
    model: torch.nn.Module, paths: Mapping
) -> tuple[tuple[int, int], torch.Tensor, list[int], dict]:
    """Read and normalise everything.

    Returns:
        Size, (1, sum C, H, W), bands per modality, and the meta of a sample.
    """
    with SceneRasters(paths, network_modalities(model)) as scene:
        size = scene.size
        image = scene.read(Window(0, 0, *size))
    channels = [len(x) for x in image.values()]
    inputs = {m: [torch.from_numpy(x)] for m, x in image.items()}
    meta = dict(present_modalities=tuple(image), img_shape=size)
    sample = SegDataSample(metainfo=meta)
    data = dict(inputs=inputs, data_samples=[sample])
    batch = model.data_preprocessor(data)['inputs']
    return size, torch.cat(list(batch.values()), dim=1), channels, meta


def _write(out: str, ids: np.ndarray) -> None:
    profile = dict(driver='GTiff', dtype='uint8', count=1, compress='deflate')
    height, width = ids.shape
    with rasterio.open(
        out, 'w', height=height, width=width, tiled=True, **profile, **GRID
    ) as file:
        file.write(ids, 1)


def alone(side, args: argparse.Namespace, paths: Mapping, out: str) -> dict:
    """Run a side in a process of its own, for its memory."""
    context = multiprocessing.get_context('spawn')
    answers = context.Queue()
    arguments = (side.__name__, args, paths, out, answers)
    process = context.Process(target=_in_child, args=arguments)
    process.start()
    answer = answers.get()
    process.join()
    return answer


def _in_child(side: str, args: argparse.Namespace, *rest: object) -> None:
    paths, out, answers = rest
    warnings.filterwarnings('ignore')
    network(args)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = globals()[side](args, paths, out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers.put(answer | dict(peak=peak / 1024, before=before / 1024))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both sides.

    Args:
        arguments: Command line, for tests.
    """
    args = _parse(arguments)
    warnings.filterwarnings('ignore')
    modalities = network_modalities(network(args))
    pixels = args.size[0] * args.size[1] / 1e6
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        paths = simulate(Path(folder), modalities, args.size)
        outs = [str(Path(folder) / f'{side}.tif') for side in ('our', 'mmseg')]
        mine = alone(ours, args, paths, outs[0])
        print(
            f'{Path(args.config).stem}: {args.size[0]}x{args.size[1]}, crop '
            f'{args.crop}, stride {args.stride}, {args.threads} thread(s)'
        )
        _print('SceneMapper', mine, pixels)
        clock, spent = np.divide(mine['whole'], mine['seconds']['network'])
        print(f'  whole / network: {clock:.3f} ({spent:.3f})')
        if args.ours_only:
            return
        if args.terratorch:
            place = str(Path(folder) / 'terratorch.tif')
            _print_other('TerraTorch', terratorch, args, paths, place, mine)
            print(f'  equal pixels: {_equal(outs[0], place):.2%}')
        other = _print_other('mmseg', theirs, args, paths, outs[1], mine)
        print(f'  timed windows: {other["timed"]}')
        if Path(outs[1]).exists():
            print(f'  equal pixels: {_equal(*outs):.2%}')


def _print_other(
    name: str,
    side: Callable,
    args: argparse.Namespace,
    paths: Mapping,
    out: str,
    mine: Mapping,
) -> dict:
    """Run another side and print it beside ours."""
    other = alone(side, args, paths, out)
    _print(name, other, args.size[0] * args.size[1] / 1e6)
    ratio = other['whole'][1] / mine['whole'][1]
    adding = other['seconds']['adding up'][1]
    adding /= mine['seconds']['blending'][1]
    print(f'  {name} / SceneMapper: {ratio:.1f}, adding up: {adding:.1f}')
    return other


def _print(name: str, side: Mapping, pixels: float) -> None:
    clock, spent = side['whole']
    print(
        f'{name}: {clock:.1f} s ({spent:.1f} s of the processor), '
        f'{pixels / clock:.3f} megapixels/s, peak memory {side["peak"]:.0f} '
        f'MiB ({side["before"]:.0f} MiB with the network alone)'
    )
    for part, (wall, cpu) in side['seconds'].items():
        print(f'  {part:<9} {wall:9.1f} s  ({cpu:.1f} s, {cpu / spent:.1%})')


def _equal(*paths: str) -> float:
    maps = []
    for path in paths:
        with rasterio.open(path) as file:
            maps.append(file.read(1))
    return float(np.mean(maps[0] == maps[1]))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config')
    parser.add_argument('--size', type=int, nargs=2, default=[4096, 4096])
    parser.add_argument('--crop', type=int, default=512)
    parser.add_argument('--stride', type=int, default=256)
    parser.add_argument('--batch-size', type=int, default=1)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--their-windows', type=int, default=0)
    parser.add_argument(
        '--ours-only', action='store_true', help='leave mmseg out'
    )
    parser.add_argument(
        '--terratorch', action='store_true', help='TerraTorch as well'
    )
    parser.add_argument('--folder', help='for the scene (a temporary one)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='change values of the config',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
