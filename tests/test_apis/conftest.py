"""A tiny network and scenes."""

from small_network import make_config, make_scene, model

__all__ = ['make_config', 'make_scene', 'model']
