"""mmpretrain on machines whose torchvision has no compiled operators."""

import importlib.util
import sys

import pytest
import torch

OPERATORS = ('nms', 'qnms')
SIGNATURE = '(Tensor dets, Tensor scores, float iou_threshold) -> Tensor'
_libraries = []  # torch forgets operators whose library is collected


def lacking() -> list[str]:
    """Say which packages of requirements/pretrain.txt are not installed."""
    names = ('mmpretrain', 'torchvision')
    return [n for n in names if importlib.util.find_spec(n) is None]


def declare_missing_operators() -> None:
    """Let torchvision import beside a torch for CPUs.

    Of the registry's torchvision, which is made for CUDA, such a torch cannot
    load the operators; two of them are asked for when it is imported. Then,
    with mmpretrain installed, even mmseg's datasets do not import. Must be
    called before anything of OpenMMLab is imported.
    """
    if lacking():
        return
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if 'torchvision::nms does not exist' not in str(error):
            raise
        for name in [n for n in sys.modules if n.startswith('torchvision')]:
            del sys.modules[name]
        library = torch.library.Library('torchvision', 'DEF')
        for name in OPERATORS:
            library.define(name + SIGNATURE)
        _libraries.append(library)


def import_mmpretrain() -> None:
    """Import mmpretrain's models, or skip the test by name."""
    if lacking():
        pytest.skip(f'{lacking()} not installed (requirements/pretrain.txt)')
    import mmpretrain.models  # noqa: F401
