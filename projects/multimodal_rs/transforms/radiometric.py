"""Radiometric augmentation of one modality; the others stay untouched.

All work in the units after the value transforms and keep NaN.
"""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from multimodal_rs.transforms.stack import channel_slice


@TRANSFORMS.register_module()
class RandomBrightnessContrast(BaseTransform):
    """Scale and shift the values of an optical modality.

    ``x -> x * contrast + brightness``, one draw for all bands, so that band
    ratios change little. Illumination, haze and atmosphere act like this.

    Args:
        modality (str): Name of the modality.
        brightness (float): Shift drawn from [-brightness, brightness], in
            units of the modality.
        contrast (float): Factor drawn from [1 - contrast, 1 + contrast].
        prob (float): Probability of acting.
    """

    def __init__(
        self,
        modality: str = 'opt',
        brightness: float = 0.02,
        contrast: float = 0.1,
        prob: float = 0.5,
    ) -> None:
        self.modality = modality
        self.brightness = brightness
        self.contrast = contrast
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change one sample."""
        bands = channel_slice(results, self.modality, type(self).__name__)
        if np.random.rand() >= self.prob:
            return results
        factor = np.random.uniform(1 - self.contrast, 1 + self.contrast)
        shift = np.random.uniform(-self.brightness, self.brightness)
        block = results['img'][..., bands]
        block *= np.float32(factor)
        block += np.float32(shift)
        return results


@TRANSFORMS.register_module()
class RandomSpeckle(BaseTransform):
    """Multiply SAR power by gamma-distributed speckle of mean one.

    Fully developed L-look intensity speckle is Gamma(L, 1/L) distributed. In
    logarithmic units the factor becomes a sum, scaled like the modality:
    ``x + db_scale * 10 log10(g)``.

    Args:
        modality (str): Name of the modality, in dB or in rescaled dB.
        looks (float): Number of looks L; more looks, less speckle.
        db_scale (float): Units of the modality per dB: 1 for dB, 1 / 25 after
            ``RescaleRange(-25, 0)``.
        prob (float): Probability of acting.
    """

    def __init__(
        self,
        modality: str = 'sar',
        looks: float = 20.0,
        db_scale: float = 1 / 25,
        prob: float = 0.5,
    ) -> None:
        if looks <= 0:
            raise ValueError(
                f'RandomSpeckle: looks must be positive, got {looks}'
            )
        self.modality = modality
        self.looks = looks
        self.db_scale = db_scale
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change one sample."""
        bands = channel_slice(results, self.modality, type(self).__name__)
        if np.random.rand() >= self.prob:
            return results
        block = results['img'][..., bands]
        gamma = np.random.standard_gamma(self.looks, block.shape) / self.looks
        block += (10 * self.db_scale * np.log10(gamma)).astype(np.float32)
        return results


@TRANSFORMS.register_module()
class RandomCalibration(BaseTransform):
    """Change gain and offset of a modality, of all bands and of each.

    ``x -> x * gain * band_gain + offset + band_offset``: what another sun,
    air, product or incidence angle does to reflectance (mostly gains) and to
    backscatter in dB (offsets). Unlike :class:`RandomBrightnessContrast` it
    also changes the ratios of the bands.

    Args:
        modality (str): Name of the modality.
        gain (float): Factor of all bands, drawn from [1 - gain, 1 + gain].
        band_gain (float): Likewise of each band.
        offset (float): Sum for all bands, drawn from [-offset, offset], in
            units of the modality.
        band_offset (float): Likewise for each band.
        prob (float): Probability of acting.

    Raises:
        ValueError: If a gain is not within 0 and 1, or an offset is negative.
    """

    def __init__(
        self,
        modality: str,
        gain: float = 0.0,
        band_gain: float = 0.0,
        offset: float = 0.0,
        band_offset: float = 0.0,
        prob: float = 0.8,
    ) -> None:
        if not (0 <= gain < 1 and 0 <= band_gain < 1):
            raise ValueError(
                'RandomCalibration: gains must lie in [0, 1), got '
                f'gain={gain} and band_gain={band_gain}'
            )
        if offset < 0 or band_offset < 0:
            raise ValueError(
                'RandomCalibration: offsets must not be negative, got '
                f'offset={offset} and band_offset={band_offset}'
            )
        self.modality = modality
        self.gain = gain
        self.band_gain = band_gain
        self.offset = offset
        self.band_offset = band_offset
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change one sample."""
        bands = channel_slice(results, self.modality, type(self).__name__)
        if np.random.rand() >= self.prob:
            return results
        block = results['img'][..., bands]
        number = block.shape[-1]
        factor = 1 + np.random.uniform(-self.gain, self.gain)
        factors = 1 + np.random.uniform(
            -self.band_gain, self.band_gain, number
        )
        shift = np.random.uniform(-self.offset, self.offset)
        shifts = np.random.uniform(-self.band_offset, self.band_offset, number)
        block *= (factor * factors).astype(np.float32)
        block += (shift + shifts).astype(np.float32)
        return results
