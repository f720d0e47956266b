"""Steps of ``values`` whose numbers are measured on the training pixels.

A config names such a step without numbers, ``dict(type='PCA',
components=30)``. ``data_prep`` measures them on the pixels of the training
list, of sparse labels on the labelled ones alone, and keeps them in its
``stats.json``; whoever reads data takes them from there, and a checkpoint
holds them. In a declaration they stand in the step as ``fit``. No pixel of the
validation or the test has a part in them.
"""

import abc
from collections.abc import Mapping, Sequence

import numpy as np
from mmseg.registry import TRANSFORMS

DIGITS = 9  # of float32


class FittedStep(abc.ABC):
    """A step that is measured before it can be used.

    Attributes:
        fit: The numbers; None: not measured yet.
        channels: How many it makes; None: as many as it gets.
    """

    keeps_finite = True
    fit: Mapping[str, Sequence] | None
    channels: int | None = None

    @abc.abstractmethod
    def measure(self, values: np.ndarray) -> dict[str, list]:
        """Measure the numbers.

        Args:
            values: (C, N) float64, the valid training pixels as the steps
                before have left them.

        Raises:
            ValueError: If the pixels do not determine them.
        """


@TRANSFORMS.register_module()
class Standardize(FittedStep):
    """Subtract the mean of the training pixels, divide by their deviation.

    Args:
        clip (float, optional): Limit what comes out to so many deviations,
            for bands with a heavy tail such as terms of a SAR covariance.
        fit (dict, optional): ``mean`` and ``std``, one per band.
    """

    def __init__(
        self, clip: float | None = None, fit: Mapping | None = None
    ) -> None:
        self.clip = clip
        self.fit = fit
        if fit is not None:
            self._mean = _column(fit['mean'])
            self._std = _column(fit['std'])

    def measure(self, values: np.ndarray) -> dict[str, list]:
        """Measure mean and standard deviation, see :class:`FittedStep`."""
        std = values.std(axis=1)
        constant = np.flatnonzero(std == 0).tolist()
        if constant:
            raise ValueError(
                f'Standardize: bands {constant} (counted from 0 among those '
                'that are read) have one value in all training pixels, so '
                'nothing can be learnt from them: leave them out of `bands`'
            )
        return dict(mean=_short(values.mean(axis=1)), std=_short(std))

    def __call__(self, source: np.ndarray, out: np.ndarray) -> None:
        np.subtract(source, self._mean, out=out, casting='same_kind')
        out /= self._std
        if self.clip is not None:
            np.clip(out, -self.clip, self.clip, out=out)


@TRANSFORMS.register_module()
class PCA(FittedStep):
    """Replace the bands by principal components of the training pixels.

    Each component is divided by its standard deviation (whitened), so that
    no mean and std have to be declared afterwards. Its sign is chosen so that
    the largest coefficient is positive: the same on every machine.

    Args:
        components (int): How many, those with the largest variance.
        fit (dict, optional): ``mean`` (C,), ``vectors`` (components, C), of
            length one, and ``std`` (components,) of the training pixels.
    """

    def __init__(self, components: int, fit: Mapping | None = None) -> None:
        self.channels = components
        self.fit = fit
        if fit is not None:
            std = np.asarray(fit['std'], np.float64)[:, None]
            matrix = np.asarray(fit['vectors'], np.float64) / std
            self._matrix = matrix.astype(np.float32)
            self._mean = _column(fit['mean'])

    def measure(self, values: np.ndarray) -> dict[str, list]:
        """Measure the components, see :class:`FittedStep`."""
        bands, pixels = values.shape
        mean = values.mean(axis=1)
        centred = values - mean[:, None]
        variances, vectors = np.linalg.eigh(centred @ centred.T / pixels)
        order = np.argsort(variances)[::-1][: self.channels]
        # Smaller ones are rounding errors: the pixels lie in fewer dimensions.
        least = variances.max(initial=0.0) * bands * np.finfo('f8').eps
        found = int(np.count_nonzero(variances[order] > least))
        if found < self.channels:
            raise ValueError(
                f'PCA: {self.channels} components of {bands} bands and '
                f'{pixels} training pixels were asked for, {found} of them '
                'vary: ask for fewer `components`'
            )
        vectors = vectors[:, order].T
        largest = np.abs(vectors).argmax(axis=1)
        vectors *= np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
        return dict(
            mean=_short(mean),
            vectors=[_short(vector) for vector in vectors],
            std=_short(np.sqrt(variances[order])),
        )

    def __call__(self, source: np.ndarray, out: np.ndarray) -> None:
        centred = source.astype(np.float32) - self._mean
        flat = self._matrix @ centred.reshape(len(centred), -1)
        np.copyto(out, flat.reshape(out.shape))


def is_fitted_kind(step: Mapping) -> bool:
    """Whether a step of a declaration has to be measured."""
    kind = TRANSFORMS.get(step['type'])
    return isinstance(kind, type) and issubclass(kind, FittedStep)


def without_fits(values: Sequence[Mapping]) -> list[dict]:
    """Get the steps as a config names them."""
    return [
        {
            k: v
            for k, v in step.items()
            if k != 'fit' or not is_fitted_kind(step)
        }
        for step in values
    ]


def with_fits(
    values: Sequence[Mapping], fits: Sequence[Mapping | None]
) -> tuple[dict, ...]:
    """Complete steps by what was measured for each; None: nothing."""
    return tuple(
        dict(step) if fit is None else dict(step, fit=fit)
        for step, fit in zip(values, fits, strict=True)
    )


def _column(numbers: Sequence[float]) -> np.ndarray:
    return np.asarray(numbers, np.float32)[:, None, None]


def _short(numbers: np.ndarray) -> list[float]:
    """Write numbers with the digits that float32 can tell apart."""
    return [float(f'{x:.{DIGITS}g}') for x in numbers]
