#!/usr/bin/env python3
"""Speed and memory of a config, in prediction and in a step of its training.

    python tools/analysis_tools/benchmark.py CONFIG [--shape H W] [--batch 2]

Random images go through the model's ``test_step``, and with labels through its
``train_step``, with the optimiser, or optimisers, of the config. Both are
first run ``--warmup`` times without being measured, then ``--steps`` times;
the percentiles are of these, so that the 99th means something with a hundred
steps only. What is trained on windows wants their size as the shape, 11 11 for
instance. On a GPU, times are of synchronised steps and memory is the peak that
torch allocated. The seconds of the processor are nearly the same on a machine
that others use, too.

The share of the selective scans is read from torch's profiler in a run of its
own. The floor is the time that the convolutions and matrix products alone
would take at the highest rate that a large convolution or product reaches on
this machine.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

import numpy as np
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from _launch import check_file
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.utils.configs import read_config
from multimodal_rs.utils.host_memory import keep_freed_memory

SCANS = 'multimodal_rs::'


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of one config.

    Args:
        arguments: Command line, for tests.
    """
    args = _parse(arguments)
    check_file('config', args.config)
    if torch.device(args.device).index is not None:
        # torch measures memory, and waits, on the current device.
        torch.cuda.set_device(args.device)
    _, train, predict = network_steps(args, args.device)
    threads = f'{torch.get_num_threads()} threads'
    where = threads if args.device == 'cpu' else torch.cuda.get_device_name()
    height, width = args.shape
    print(
        f'{Path(args.config).stem}: batch {args.batch} of {height}x{width}, '
        f'{where}'
    )
    # Prediction comes first: gradients and moments are not there yet.
    if args.mode != 'train':
        print(f'prediction\n{_speed(predict, args)[0]}')
    if args.mode == 'predict':
        return
    text, median = _speed(train, args)
    share = share_of_scans(train)
    work = count_products(train)
    floor = work / peak_rate(args.device)
    print(
        f'training step\n{text}\n'
        f'  selective scans: {share:.0%} of the time\n'
        f'  floor of {work / 1e12:.3g} TFLOP in convolutions and products: '
        f'{floor:.2f} s at {work / floor / 1e9:.0f} GFLOP/s, the step takes '
        f'{median / floor:.2f} times that'
    )


def _speed(
    step: Callable[[], None], args: argparse.Namespace
) -> tuple[str, float]:
    """Measure a step: what is printed of it, and the median in seconds."""
    for _ in range(args.warmup):  # compiles kernels, allocates gradients
        step()
    start = time.process_time()
    times, peak = time_steps(step, args.steps, args.device)
    busy = (time.process_time() - start) / args.steps
    median, most, nearly_all = np.percentile(times, (50, 90, 99))
    return (
        f'  {args.batch / median:.2f} images/s\n'
        f'  a batch: {median:.3f} s, 90 % within {most:.3f} s, 99 % within '
        f'{nearly_all:.3f} s ({len(times)} steps after {args.warmup})\n'
        f'  processor, all threads: {busy:.3f} s a batch\n'
        f'  memory: {peak / 2**30:.2f} GiB',
        float(median),
    )


def network_steps(
    args: argparse.Namespace, device: str
) -> tuple[torch.nn.Module, Callable[[], None], Callable[[], None]]:
    """Build a network, and what it does with random images.

    Args:
        args: From :func:`add_arguments`.
        device: Where it runs.

    Returns:
        The network, a step of its training, and a prediction.
    """
    if args.threads:
        torch.set_num_threads(args.threads)
    if device == 'cpu':
        keep_freed_memory()  # as KeepMemoryHook does in training
    cfg = read_config(args.config)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    model = MODELS.build(cfg.model).to(device)
    if not hasattr(model, 'num_classes'):
        raise ValueError(
            f'{args.config}: expected a network that is trained with labels, '
            f'got a {type(model).__name__}: name a config for its fine-tuning'
        )
    batch = make_batch(model, args.batch, tuple(args.shape), device)
    optimisers = build_optim_wrapper(model, cfg.optim_wrapper)

    def train() -> None:
        model.train()
        model.train_step(batch, optimisers)

    @torch.no_grad()
    def predict() -> None:
        model.eval()
        model.test_step(batch)

    return model, train, predict


def make_batch(
    model: torch.nn.Module, size: int, shape: tuple[int, int], device: str
) -> dict:
    """Draw images and labels, as the network declares them.

    A network that classifies the middle of a window gets windows, with one
    label each, if they have this shape, and scenes else.

    Returns:
        ``inputs`` and ``data_samples``, as a loader makes them.
    """
    inputs = {
        name: [_draw(m, shape).to(device) for _ in range(size)]
        for name, m in model.data_preprocessor.modalities.items()
    }
    samples = []
    window = getattr(model, 'window', None)
    labelled = (1, 1) if shape == (window, window) else shape
    for _ in range(size):
        label = torch.randint(model.num_classes, (1, *labelled), device=device)
        sample = SegDataSample(gt_sem_seg=PixelData(data=label))
        sample.set_metainfo(dict(img_shape=shape, ori_shape=labelled))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def _draw(modality: Modality, shape: tuple[int, int]) -> torch.Tensor:
    """Draw a (C, H, W) image with the statistics of a modality."""
    image = torch.randn(modality.channels, *shape)
    if modality.mean is None:
        return image
    mean, std = (
        torch.tensor(x)[:, None, None] for x in (modality.mean, modality.std)
    )
    return mean + std * image


def time_steps(
    step: Callable[[], None], number: int, device: str
) -> tuple[list[float], int]:
    """Return seconds of each step, and the peak memory in bytes.

    On the CPU the peak is the whole process's, on Linux from here on.
    """
    on_gpu = device != 'cpu'
    reset = Path('/proc/self/clear_refs')
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    elif reset.exists():
        reset.write_text('5')
    times = []
    for _ in range(number):
        start = time.perf_counter()
        step()
        if on_gpu:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    if on_gpu:
        return times, torch.cuda.max_memory_allocated()
    return times, _resident_peak()


def share_of_scans(step: Callable[[], None]) -> float:
    """Return the part of the time that the scans' operators take."""
    with torch.profiler.profile() as profiler:
        step()
    events = profiler.key_averages()

    def spent(event) -> float:
        on_device = getattr(event, 'self_device_time_total', 0)
        return event.self_cpu_time_total + on_device

    total = sum(spent(event) for event in events)
    scans = sum(
        event.cpu_time_total + getattr(event, 'device_time_total', 0)
        for event in events
        if event.key.startswith(SCANS)
    )
    return scans / total


def count_products(step: Callable[[], None]) -> int:
    """Count the convolutions and matrix products of a step, 2 per MAC."""
    formulas = {torch.ops.aten.convolution_backward: _convolution_backward}
    with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
        step()
    return counter.get_total_flops()


def _convolution_backward(grad, x, weight, *others, out_shape) -> int:
    """Count like the forward pass, for each gradient of image and weight.

    torch's own formula takes depthwise convolutions for dense ones.
    """
    *_, transposed, _output_padding, _groups, wanted = others
    macs = math.prod(x if transposed else grad) * math.prod(weight[1:])
    return 2 * macs * sum(wanted[:2])


@torch.no_grad()
def peak_rate(device: str, times: int = 5) -> float:
    """Measure the FLOP per second of large products and convolutions.

    Returns:
        The best rate of all.
    """
    a = torch.randn(2048, 2048, device=device)
    x = torch.randn(2, 128, 128, 128, device=device)
    kernel = torch.randn(128, 128, 3, 3, device=device)
    runs = (
        lambda: a @ a,
        lambda: functional.conv2d(x, kernel, padding=1),
    )
    rates = []
    for run in runs:
        work = count_products(run)
        seconds, _ = time_steps(run, times, device)
        rates.append(work / min(seconds))
    return max(rates)


def _resident_peak() -> int:
    import resource

    status = Path('/proc/self/status')
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith('VmHWM'):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`network_steps` reads."""
    parser.add_argument('config', help='config file of the network')
    parser.add_argument(
        '--shape',
        nargs=2,
        type=command_line.count(1),
        default=(256, 256),
        metavar=('H', 'W'),
    )
    parser.add_argument('--batch', type=command_line.count(1), default=2)
    parser.add_argument(
        '--threads', type=command_line.count(1), help='of the CPU'
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--mode',
        choices=('both', 'predict', 'train'),
        default='both',
        help='what is measured (%(default)s)',
    )
    parser.add_argument(
        '--steps',
        type=command_line.count(1),
        default=5,
        help='batches that are measured (%(default)s)',
    )
    parser.add_argument(
        '--warmup',
        type=command_line.count(0),
        default=1,
        help='batches before, which are not (%(default)s)',
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
