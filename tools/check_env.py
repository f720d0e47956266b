#!/usr/bin/env python3
"""Report on the environment: what is there, what is missing, how to get it.

    python tools/check_env.py [--json]

The exit code is 0 if everything required is there and fits together, else 1.
Paste the output into a bug report.
"""

import argparse
import contextlib
import importlib
import importlib.util
import json
import os
import platform
import sys
import warnings
from importlib import metadata

from _bootstrap import add_source_path

STACKS = {
    'onedl': ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation'),
    'openmmlab': ('mmengine', 'mmcv', 'mmsegmentation'),
}
STACK_REMEDY = 'pip install -r requirements/onedl.txt'
# Import name -> the command that installs it. The deepest import that has to
# work is tried: `import mmseg` alone loads almost nothing.
REQUIRED = {
    'torch': 'pip install torch',
    'numpy': 'pip install numpy',
    'cv2': 'pip install opencv-python',
    'rasterio': 'pip install rasterio',
    'pyproj': 'pip install pyproj',
    'pyogrio': 'pip install pyogrio',
    'scipy': 'pip install scipy',
    'PIL': 'pip install pillow',
    'rich': 'pip install rich',
    'mmengine.runner': STACK_REMEDY,
    'mmcv.transforms': STACK_REMEDY,
    'mmseg.models': STACK_REMEDY,
}
PRETRAIN_REMEDY = 'pip install -r requirements/pretrain.txt'
OPTIONAL = {
    'h5py': ('MATLAB 7.3 and HDF5 files', 'pip install h5py'),
    'shapefile': ('polygons in shapefiles', 'pip install pyshp'),
    'sklearn': ('classical classifiers', 'pip install scikit-learn'),
    'torchvision': ('mmpretrain', PRETRAIN_REMEDY),
    'mmpretrain.models': ('its backbones', PRETRAIN_REMEDY),
    'timm': ('its models as backbones', PRETRAIN_REMEDY),
}


def collect() -> dict:
    """Return the facts about the running environment.

    Returns:
        ``python``, ``platform``; ``required`` and ``optional``: package ->
        version or None; ``stack``: 'onedl', 'openmmlab', 'both' or None;
        ``devices``; ``cpu_threads``; ``scan_backends``: name -> 'ready' or
        what is in the way, in the order in which they are tried;
        ``problems`` and ``hints``: sentences with a remedy each. There is
        nothing in ``problems`` if the required things are there.
    """
    problems, hints = [], []
    stack = find_stack(problems)
    optional = find_optional(problems, hints)
    required = find_required(problems)
    check_numpy_bridge(problems)
    devices = find_devices(hints)
    return {
        'python': platform.python_version(),
        'platform': platform.platform(),
        'stack': stack,
        'required': required,
        'optional': optional,
        'devices': devices,
        'cpu_threads': count_threads(),
        'scan_backends': find_scan_backends(devices, hints),
        'problems': problems,
        'hints': hints,
    }


def try_import(module: str) -> tuple[str | None, str | None]:
    """Import a module, whatever happens.

    Returns:
        (version of its top-level package, None) or (version if it is
        installed, what is wrong).
    """
    name = module.split('.')[0]
    if not is_there(name):
        return None, 'not installed'
    try:
        # Some packages print on import; standard output is kept for us.
        with (
            contextlib.redirect_stdout(sys.stderr),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter('ignore')
            importlib.import_module(module)
    # Anything can go wrong when binary packages do not fit together, and
    # reporting that is what this tool is for.
    except Exception as error:
        text = str(error).strip().split('\n')[0]
        return version(name), f'broken, {type(error).__name__}: {text}'
    return version(name), None


def is_there(name: str) -> bool:
    if name in sys.modules:
        return True
    return importlib.util.find_spec(name) is not None


def version(name: str) -> str:
    """Return the version of an import name, '?' if it does not tell."""
    found = attribute(name, '__version__')
    if found is not None:
        return str(found)
    for distribution in (
        name,
        *metadata.packages_distributions().get(name, ()),
    ):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(distribution)
    return '?'


def attribute(name: str, key: str) -> object:
    return getattr(sys.modules.get(name), key, None)


def find_stack(problems: list[str]) -> str | None:
    """Name the installed OpenMMLab stack by its distributions."""
    installed = {
        str(found.metadata['Name']).lower().replace('_', '-')
        for found in metadata.distributions()
    }
    counts = {
        stack: sorted(installed.intersection(names))
        for stack, names in STACKS.items()
    }
    present = [stack for stack, names in counts.items() if names]
    if not present:
        problems.append(f'no OpenMMLab stack is installed. {STACK_REMEDY}')
        return None
    if len(present) == 2:
        originals = ' '.join(counts['openmmlab'])
        problems.append(
            'both OpenMMLab stacks are installed; they overwrite each '
            f'other. pip uninstall -y {originals}, then '
            f'{STACK_REMEDY} --force-reinstall --no-deps'
        )
        return 'both'
    return present[0]


def find_optional(problems: list[str], hints: list[str]) -> dict:
    """Return package -> version or None of what can be done without."""
    versions = {}
    for module, (use, remedy) in OPTIONAL.items():
        name = module.split('.')[0]
        versions[name], error = try_import(module)
        if error is None:
            continue
        if name == 'torchvision' and versions[name] is not None:
            # mmcv and others import it whenever they find it.
            problems.append(
                f'torchvision: {error}. It does not fit to torch '
                f'{version("torch")} and makes other imports fail. '
                'pip uninstall -y torchvision'
            )
        else:
            hints.append(f'{name}: {error}, for {use} only. {remedy}')
    return versions


def find_required(problems: list[str]) -> dict:
    """Return package -> version or None of what has to be there."""
    versions = {}
    for module, remedy in REQUIRED.items():
        name = module.split('.')[0]
        versions[name], error = try_import(module)
        if error is not None:
            again = '' if versions[name] is None else ' --force-reinstall'
            problems.append(f'{name}: {error}. {remedy}{again}')
    versions['GDAL (in rasterio)'] = attribute('rasterio', '__gdal_version__')
    add_source_path()
    if problems:  # its import would only repeat them
        return versions
    versions['multimodal_rs'], error = try_import('multimodal_rs')
    if error is not None:
        problems.append(f'multimodal_rs: {error}. pip install -e .')
    return versions


def check_numpy_bridge(problems: list[str]) -> None:
    """Check that torch and numpy share memory: old torch, new numpy do not."""
    torch = sys.modules.get('torch')
    if torch is None or 'numpy' not in sys.modules:
        return
    try:
        torch.zeros(1).numpy()
    except RuntimeError as error:
        problems.append(
            f'torch {torch.__version__} and numpy {version("numpy")}: '
            f'{error}. pip install "numpy<2", or a torch from 2.3 on'
        )


def find_devices(hints: list[str]) -> list[str]:
    torch = sys.modules.get('torch')
    if torch is None:
        return []
    devices = ['cpu']
    for index in range(torch.cuda.device_count()):
        facts = torch.cuda.get_device_properties(index)
        memory = facts.total_memory / 2**30
        devices.append(f'cuda:{index} {facts.name}, {memory:.0f} GiB')
    built_for = torch.version.cuda or torch.version.hip
    if built_for is None:
        hints.append(f'torch {torch.__version__} is a CPU build')
    elif len(devices) == 1:
        hints.append(
            f'torch {torch.__version__} is built for GPUs (CUDA or ROCm '
            f'{built_for}) but finds none: see what nvidia-smi says'
        )
    return devices


def count_threads() -> dict:
    torch = sys.modules.get('torch')
    return {
        'cores': os.cpu_count(),
        'torch': torch.get_num_threads() if torch else None,
        **{
            name: os.environ.get(name)
            for name in ('OMP_NUM_THREADS', 'OMP_WAIT_POLICY')
        },
    }


def find_scan_backends(devices: list[str], hints: list[str]) -> dict:
    """Return which kernels of the selective scan can really run.

    Nothing is known if the package itself cannot be imported.
    """
    if 'multimodal_rs' not in sys.modules:
        return {}
    dispatch = importlib.import_module('multimodal_rs.ops.dispatch')
    convolution = importlib.import_module('multimodal_rs.ops.causal_conv1d')
    reasons = {
        **dispatch.available_backends(),
        'causal_conv1d': convolution.unavailable(),
    }
    on_cpu = {n for n in dispatch.NAMES if 'cpu' in dispatch.load(n).devices}
    for name, reason in reasons.items():
        if reason is not None and (name in on_cpu or len(devices) > 1):
            hints.append(f'{name}, for speed only: {reason}')
    return {name: reason or 'ready' for name, reason in reasons.items()}


def report(facts: dict) -> str:
    """Lay the facts out for reading."""
    lines = [f'Python {facts["python"]} on {facts["platform"]}']
    lines.append(f'stack: {facts["stack"] or "none"}')
    lines.append('devices: ' + ('; '.join(facts['devices']) or 'unknown'))
    lines.append(
        'threads: '
        + ', '.join(f'{k} {v}' for k, v in facts['cpu_threads'].items())
    )
    for title in ('required', 'optional', 'scan_backends'):
        lines += ['', title.replace('_', ' ')]
        lines += [
            f'  {name:20} {state or "not installed"}'
            for name, state in facts[title].items()
        ]
    for title in ('hints', 'problems'):
        if facts[title]:
            lines += ['', title]
            lines += [f'  - {sentence}' for sentence in facts[title]]
    verdict = 'Problems were found.' if facts['problems'] else 'All is well.'
    return '\n'.join([*lines, '', verdict])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument(
        '--json', action='store_true', help='print the facts as JSON'
    )
    args = parser.parse_args()
    facts = collect()
    print(json.dumps(facts, indent=2) if args.json else report(facts))
    return 1 if facts['problems'] else 0


if __name__ == '__main__':
    sys.exit(main())
