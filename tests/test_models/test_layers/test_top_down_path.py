import torch
from torch.nn import functional

from multimodal_rs.models.layers.top_down_path import TopDownPath


def test_without_residuals_maps_are_added_up_from_the_deepest():
    path = TopDownPath(4, 3, dict(type='BN')).eval()
    for block in path.smooth:
        torch.nn.init.zeros_(block.norm2.weight)  # leaves relu(x)
    maps = [torch.rand(2, 4, *size) for size in ((9, 13), (5, 7), (3, 4))]
    shallow, middle, deep = path(maps)
    assert torch.equal(deep, maps[2])
    enlarged = functional.interpolate(deep, (5, 7), mode='bilinear')
    torch.testing.assert_close(middle, maps[1] + enlarged)
    enlarged = functional.interpolate(middle, (9, 13), mode='bilinear')
    torch.testing.assert_close(shallow, maps[0] + enlarged)
