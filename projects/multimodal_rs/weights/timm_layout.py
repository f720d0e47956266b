"""Keys of timm's files, for its models that return features only."""

from collections.abc import Iterable, Mapping

from torch import Tensor

PREFIX = 'timm_model.'  # mmseg's TIMMBackbone


def translate_timm(
    state: Mapping[str, Tensor], target: Iterable[str]
) -> dict[str, Tensor]:
    """Name the tensors of a whole model as mmseg's ``TIMMBackbone`` does.

    timm wraps a model that returns features: it leaves names as they are,
    writes underscores for some of their dots (``stages_0.`` for
    ``stages.0.``), or puts ``model.`` before them.

    Args:
        state: As saved from a model of timm.
        target: Keys of the backbone.

    Returns:
        What the backbone has a place for under its names, the rest as it was.
    """
    theirs = {_plain(key): key for key in state}
    renamed, used = {}, set()
    for key in target:
        inner = key.removeprefix(PREFIX)
        names = _plain(inner), _plain(inner.removeprefix('model.'))
        found = next((theirs[n] for n in names if n in theirs), None)
        if found is not None:
            renamed[key] = state[found]
            used.add(found)
    return renamed | {k: v for k, v in state.items() if k not in used}


def _plain(key: str) -> str:
    return key.replace('.', '_')
