import torch

from multimodal_rs.models.layers.patch_expand import PatchExpand


def test_the_channels_of_a_pixel_become_its_neighbourhood():
    layer = PatchExpand(1, 2, scale=2)
    # (row, column, channel): all eight outputs of one pixel
    layer.expand.weight.data = torch.arange(8.0)[:, None]
    layer.norm = torch.nn.Identity()
    x = torch.tensor([1.0, 10.0]).view(1, 1, 2, 1)
    expected = torch.tensor(
        [
            [[0, 1], [2, 3], [0, 10], [20, 30]],
            [[4, 5], [6, 7], [40, 50], [60, 70]],
        ]
    ).float()
    torch.testing.assert_close(layer(x)[0], expected)
