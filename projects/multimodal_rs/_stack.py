"""What has to be there before anything of the project can be imported."""

import importlib.util

REMEDY = (
    'install one of the two supported stacks: '
    '`pip install -r requirements/onedl.txt` (maintained) or '
    '`pip install -r requirements/openmmlab.txt` (the originals), '
    'never both in one environment'
)


def require_stack() -> None:
    """Check that mmengine, mmcv and mmseg can be found.

    Raises:
        ImportError: If one of them is missing, with the remedy.
    """
    missing = [
        name
        for name in ('torch', 'mmengine', 'mmcv', 'mmseg')
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise ImportError(f'multimodal_rs needs {missing}: {REMEDY}')


def allow_checkpoint_types() -> None:
    """Let ``torch.load(weights_only=True)`` read numpy numbers.

    From torch 2.6 on, loading is restricted to allowed types by default, and
    the original mmengine 0.10.7 allows none for what it stores next to the
    weights. Arrays and scalars of numpy are plain numbers: allowing them
    executes no code of the file.
    """
    import numpy as np
    import torch

    allow = getattr(torch.serialization, 'add_safe_globals', None)
    if allow is None:  # torch < 2.4 has no list of allowed types
        return
    multiarray = getattr(np, '_core', None) or np.core
    allow(
        [
            np.ndarray,
            np.dtype,
            multiarray.multiarray._reconstruct,
            multiarray.multiarray.scalar,
            *{
                type(np.dtype(kind))
                for kind in ('f4', 'f8', 'i4', 'i8', 'u1', 'u8', 'bool')
            },
        ]
    )
