"""Batches of several modalities, normalised and filled on the device."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.datasets.modality import Modality, build_modalities
from multimodal_rs.models.missing_image import (
    BLACK,
    Missing,
    missing_values,
)
from multimodal_rs.models.radiometric_jitter import jittered
from multimodal_rs.utils.labels import IGNORED


@MODELS.register_module()
class MultiModalSegDataPreProcessor(BaseDataPreprocessor):
    """Turn lists of raw tensors into normalised batches.

    For every modality and band ``(x - mean) / std`` with the statistics of
    its declaration. In training, ``jitter`` changes gains and offsets
    (:mod:`multimodal_rs.models.radiometric_jitter`). Then

    - an invalid pixel (NaN) becomes 0, the mean;
    - a modality that a sample lacks (``present_modalities``) becomes the
      image that ``missing`` names, by default the black one: raw 0 *before*
      normalisation, as JoiTriNet's missing modality test feeds it (Table IV).

    Samples of different sizes are padded at the bottom and right with 0 (an
    absent modality has its image there, too) and, in training, their
    labels with 255, by as much as their image (the label of a pixel-centred
    window is 1x1 and stays so). In testing the label keeps its size: the
    segmentor cuts the padding off the prediction.

    Args:
        modalities (dict): The dataset's declarations.
        num_classes (int, optional): Of the dataset. The segmentor gives its
            heads as many outputs. None: the heads state it.
        size_divisor (int): Height and width become multiples of it.
        seg_pad_val (int): Label of padded pixels.
        jitter (float): How much gains and offsets of the bands vary in
            training, in standard deviations of a batch, 0 to 1. 0: not at
            all.
        missing (str | dict): ``'black'``, ``'mean'``, or values per band, see
            :mod:`multimodal_rs.models.missing_image`.

    Raises:
        KeyError: If ``missing`` names a modality that is not declared.
        ValueError: If ``jitter`` lies outside of 0 to 1, or ``missing`` does
            not fit the declarations.
    """

    def __init__(
        self,
        modalities: Mapping[str, Mapping],
        num_classes: int | None = None,
        size_divisor: int = 1,
        seg_pad_val: int = IGNORED,
        jitter: float = 0.0,
        missing: Missing = BLACK,
    ) -> None:
        super().__init__()
        if not 0 <= jitter <= 1:
            raise ValueError(
                f'{type(self).__name__}: jitter must lie within 0 and 1, got '
                f'{jitter}'
            )
        self.jitter = jitter
        self.num_classes = num_classes
        self.size_divisor = size_divisor
        self.seg_pad_val = seg_pad_val
        self.modalities = build_modalities(modalities)
        # Buffers follow .to(); not persistent, so that they stay out of
        # checkpoints and the config stays the only source.
        self.statistics = nn.ModuleDict(
            {n: _Statistics(m) for n, m in self.modalities.items()}
        )
        self.set_missing(missing)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Batch one list of samples.

        Args:
            data: ``inputs``: dict name -> list of (C, H, W) tensors or a
                (B, C, H, W) tensor; ``data_samples``: list, may be missing.
            training: Whether labels are padded, and radiometry varies.

        Returns:
            ``inputs``: dict name -> (B, C, H, W) float32; ``data_samples``,
            when training with labels of that size.

        Raises:
            KeyError: If an input is not a declared modality.
            ValueError: If an input has another number of bands.
        """
        data = self.cast_data(data)
        samples = data.get('data_samples')
        inputs = {n: list(x) for n, x in data['inputs'].items()}
        self._check(inputs)
        size = self._common_size(inputs)
        batch = {}
        for name in self.modalities:
            if name in inputs:
                batch[name] = self._batch(
                    name, inputs[name], samples, size, training
                )
        if samples is not None:
            self._record_padding(inputs, samples, size)
        if samples is not None and training:
            self._pad_labels(samples)
        return dict(inputs=batch, data_samples=samples)

    def set_missing(self, missing: Missing) -> None:
        """Choose what stands for a modality that is missing.

        Args:
            missing: As in the constructor.
        """
        self.missing = missing
        for name, values in missing_values(missing, self.modalities).items():
            self.statistics[name].set_missing(values)

    def missing_image(self, name: str, like: Tensor) -> Tensor:
        """Make what stands for a modality that is missing.

        Args:
            name: Modality.
            like: Any (B, ., H, W) tensor of the wanted batch size and grid.

        Returns:
            (B, C, H, W), normalised.
        """
        batch, _, height, width = like.shape
        image = self.statistics[name].missing
        return image.expand(batch, -1, height, width).to(like)

    def _batch(
        self,
        name: str,
        images: Sequence[Tensor],
        samples: Sequence[SegDataSample] | None,
        size: tuple[int, int],
        training: bool,
    ) -> Tensor:
        images = [
            functional.pad(
                image.float(),
                (0, size[1] - image.shape[2], 0, size[0] - image.shape[1]),
                value=torch.nan,
            )
            if image.shape[1:] != size
            else image.float()
            for image in images
        ]
        batch = torch.stack(images)
        statistics = self.statistics[name]
        batch = (batch - statistics.mean) / statistics.std
        present = [s.metainfo.get('present_modalities') for s in samples or ()]
        absent = [
            i
            for i, names in enumerate(present)
            if names is not None and name not in names
        ]
        if training and self.jitter:
            batch[absent] = torch.nan
            batch = jittered(batch, self.jitter)
        batch = torch.nan_to_num(batch, nan=0.0)
        batch[absent] = self.missing_image(name, batch[absent])
        return batch

    def _common_size(self, inputs: dict) -> tuple[int, int]:
        shapes = [x.shape[1:] for images in inputs.values() for x in images]
        divisor = self.size_divisor
        return tuple(
            -(-max(s[axis] for s in shapes) // divisor) * divisor
            for axis in (0, 1)
        )

    def _record_padding(
        self,
        inputs: dict,
        samples: Sequence[SegDataSample],
        size: tuple[int, int],
    ) -> None:
        images = next(iter(inputs.values()))
        for image, sample in zip(images, samples, strict=True):
            bottom = size[0] - image.shape[1]
            right = size[1] - image.shape[2]
            sample.set_metainfo(
                dict(pad_shape=size, img_padding_size=(0, right, 0, bottom))
            )

    def _pad_labels(self, samples: Sequence[SegDataSample]) -> None:
        for sample in samples:
            padding = sample.img_padding_size
            if 'gt_sem_seg' in sample and any(padding):
                label = sample.gt_sem_seg.data
                padded = functional.pad(label, padding, value=self.seg_pad_val)
                sample.gt_sem_seg = PixelData(data=padded)

    def _check(self, inputs: dict) -> None:
        who = type(self).__name__
        unknown = sorted(set(inputs) - set(self.modalities))
        if unknown:
            raise KeyError(
                f'{who}: unknown modality {unknown}; declared are '
                f'{list(self.modalities)}'
            )
        for name, images in inputs.items():
            expected = self.modalities[name].channels
            got = {x.shape[0] for x in images} - {expected}
            if got:
                raise ValueError(
                    f'{who}: {name} must have {expected} bands '
                    f'{list(self.modalities[name].bands)}, got {sorted(got)}'
                )


class _Statistics(nn.Module):
    """Mean and std of a modality as (1, C, 1, 1) buffers.

    And ``missing``: what stands for it if it is missing, normalised.
    """

    def __init__(self, modality: Modality) -> None:
        super().__init__()
        ones = (1.0,) * modality.channels
        zeros = (0.0,) * modality.channels
        mean = torch.tensor(modality.mean or zeros).view(1, -1, 1, 1)
        std = torch.tensor(modality.std or ones).view(1, -1, 1, 1)
        self.register_buffer('mean', mean, persistent=False)
        self.register_buffer('std', std, persistent=False)
        self.register_buffer('missing', -mean / std, persistent=False)

    def set_missing(self, values: tuple[float, ...]) -> None:
        raw = self.mean.new_tensor(values).view(1, -1, 1, 1)
        self.missing = (raw - self.mean) / self.std
