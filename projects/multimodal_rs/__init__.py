"""Multimodal remote-sensing segmentation on top of mmsegmentation.

Importing the package registers every dataset, transform, model, loop, hook
and metric into mmseg's registries. Configs do that with
``custom_imports = dict(imports=['multimodal_rs'])``.
"""

from multimodal_rs._discovery import import_submodules
from multimodal_rs._quiet import quiet_imports
from multimodal_rs._stack import require_stack
from multimodal_rs.version import __version__

__all__ = ['__version__']

require_stack()
with quiet_imports():
    import_submodules(
        'multimodal_rs',
        (
            'datasets',
            'transforms',
            'models',
            'weights',
            'engine',
            'evaluation',
            'visualization',
        ),
    )
