"""Stack: what has to be there before the project can be imported."""

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
