"""The map of a scene, and what the network says of the whole of it at once."""

import rasterio
import torch
from mmseg.structures import SegDataSample

from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows, network_modalities
from multimodal_rs.utils.windows import Window
from small_network import CLASSES, PALETTE


def run(model, rasters, output, **arguments):
    """Map a scene window by window and read the ids of the map."""
    windows = dict(crop=32, stride=16) | {
        key: arguments.pop(key)
        for key in ('crop', 'stride', 'batch_size')
        if key in arguments
    }
    predict_scene(
        model,
        rasters,
        SceneFiles(output, **arguments),
        CLASSES,
        PALETTE,
        Windows(**windows),
        progress=False,
    )
    with rasterio.open(output) as file:
        return file.read(1)


@torch.no_grad()
def whole(model, rasters):
    """Probabilities of one forward pass over everything, (K, H, W)."""
    with SceneRasters(rasters, network_modalities(model)) as scene:
        images = scene.read(Window(0, 0, *scene.size))
    batch = model.data_preprocessor(
        dict(
            inputs={m: [torch.from_numpy(x)] for m, x in images.items()},
            data_samples=[
                SegDataSample(metainfo=dict(present_modalities=tuple(rasters)))
            ],
        )
    )
    metas = [s.metainfo for s in batch['data_samples']]
    logits = model.encode_decode(batch['inputs'], metas)
    return logits.softmax(1)[0].numpy()
