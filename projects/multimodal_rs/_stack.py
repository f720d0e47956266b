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
    """Let ``torch.load(weights_only=True)`` read mmengine's checkpoints.

    mmengine stores its log buffers and numpy scalars next to the weights.
    From torch 2.6 on, loading is restricted to allowed types by default; the
    original mmengine 0.10.7 allows none of them and could not resume. These
    types hold plain numbers: allowing them executes no code of the file.
    """
    import numpy as np
    import torch
    from mmengine.logging import HistoryBuffer

    allow = getattr(torch.serialization, 'add_safe_globals', None)
    if allow is None:  # torch < 2.4 has no restricted loading
        return
    multiarray = getattr(np, '_core', None) or np.core
    allow(
        [
            HistoryBuffer,
            np.ndarray,
            np.dtype,
            multiarray.multiarray._reconstruct,
            multiarray.multiarray.scalar,
            *{
                type(np.dtype(kind))
                for kind in ('f4', 'f8', 'i4', 'i8', 'u1', 'bool', 'uint64')
            },
        ]
    )
