"""Networks whose answer at a pixel depends on a known neighbourhood.

A segmentor with ``margin = n`` says: what I answer at a pixel depends on the
pixels that are at most n rows and n columns away from it, and at the border
of an image on my own padding. Scenes are then divided so that nobody can see
where (``inference/plan.py``). ``margin = None``: the network does not know.

A segmentor may also leave out what nobody asks for: ``wanted_pixels`` in the
metainfo of a sample says at which pixels its answer counts.
"""

from torch import nn

# Key of a meta: (H, W) bool, at which pixels the answer counts.
WANTED = 'wanted_pixels'


def margin_of(model: nn.Module) -> int | None:
    """Ask a network how many pixels it sees in every direction.

    Returns:
        Pixels; None if it does not say.
    """
    return getattr(model, 'margin', None)
