"""Python face of the package: load a trained network, map scenes with it.

from multimodal_rs.apis import SceneMapper, init_model

mapper = SceneMapper(init_model('config.py', 'best.pth', device='auto'))
ids = mapper.predict({'opt': optical, 'sar': radar})
mapper.map({'opt': 's2.tif', 'sar': 's1.tif'}, out='map.tif')
"""

from multimodal_rs.apis.incomplete import IncompleteError
from multimodal_rs.apis.model import init_model
from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.apis.scene_lists import (
    Scene,
    scenes_of_patterns,
    scenes_of_table,
)
from multimodal_rs.apis.scene_mapper import SceneMapper
from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.products.make import Products, make_products
from multimodal_rs.products.total import make_total_products
from multimodal_rs.utils.log_file import log_file

__all__ = [
    'IncompleteError',
    'Products',
    'Scene',
    'SceneGrid',
    'SceneMapper',
    'SceneOutputs',
    'init_model',
    'log_file',
    'make_products',
    'make_total_products',
    'scenes_of_patterns',
    'scenes_of_table',
]
