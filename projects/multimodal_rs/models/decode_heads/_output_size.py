"""To which size logits are brought for a prediction."""

import torch


def output_size(meta: dict) -> tuple[int, int]:
    """Return (H, W) of what the network was given.

    The padded image; in mmseg's sliding inference the window, which mmseg
    marks by an ``img_shape`` that is a ``torch.Size``.
    """
    if isinstance(meta['img_shape'], torch.Size):
        return tuple(meta['img_shape'])
    return tuple(meta.get('pad_shape', meta['img_shape'])[:2])
