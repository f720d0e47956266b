"""Squared error of what was hidden."""

from collections.abc import Mapping

from mmseg.registry import MODELS
from torch import Tensor, nn

AVERAGES = ('all', 'hidden')


@MODELS.register_module()
class MaskedReconstructionLoss(nn.Module):
    """Squared error of hidden pixels, one term per modality.

    The loss of CMSS (MCF-Mamba, JAG 2025): only places where a modality was
    hidden count for it. Invalid pixels count neither in the sum nor in the
    number that it is divided by, so they teach nothing, and a modality that a
    sample lacks adds nothing.

    Args:
        average (str): ``'all'`` divides by the number of all valid pixels,
            hidden or not, as the authors' code does: about the ratio of the
            mask times ``'hidden'``, which divides by those that were hidden.
        weights (dict, optional): Factor per modality; 1 where none is named.
    """

    def __init__(
        self,
        average: str = 'all',
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        if average not in AVERAGES:
            raise ValueError(
                'MaskedReconstructionLoss: average must be one of '
                f'{AVERAGES}, got {average!r}'
            )
        self.average = average
        self.weights = dict(weights or {})

    def forward(
        self,
        predictions: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        hidden: Mapping[str, Tensor],
        valid: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Compare all modalities.

        Args:
            predictions: (B, C_m, H, W) per modality.
            targets: Likewise: the network's input.
            hidden: (B, 1, H, W) per modality, 1 where it was hidden.
            valid: (B, 1, H, W) per modality, 1 where it was measured.

        Returns:
            ``loss_<modality>``, weighted.

        Raises:
            KeyError: If a weight is for a modality that is not there.
        """
        unknown = sorted(set(self.weights) - set(predictions))
        if unknown:
            raise KeyError(
                f'MaskedReconstructionLoss: weights for {unknown}, but the '
                f'network reconstructs {sorted(predictions)}'
            )
        return {
            f'loss_{name}': self.weights.get(name, 1.0)
            * masked_squared_error(
                prediction,
                targets[name],
                hidden[name],
                valid[name],
                self.average,
            )
            for name, prediction in predictions.items()
        }


def masked_squared_error(
    prediction: Tensor,
    target: Tensor,
    hidden: Tensor,
    valid: Tensor,
    average: str = 'all',
) -> Tensor:
    """Average the squared error of hidden, valid pixels.

    Args:
        prediction: (B, C, H, W).
        target: (B, C, H, W).
        hidden: (B, 1, H, W), 1 where it was hidden.
        valid: (B, 1, H, W), 1 where it was measured.
        average: Over which valid pixels: 'all' or 'hidden'.

    Returns:
        A number in float32; 0 if no pixel counts.
    """
    valid = valid.float()
    counted = hidden.float() * valid
    error = (prediction.float() - target.float()).square() * counted
    pixels = (valid if average == 'all' else counted).sum()
    return error.sum() / (pixels * prediction.shape[1]).clamp(min=1)
