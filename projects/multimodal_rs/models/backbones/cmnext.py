"""CMNeXt: one transformer, and a light branch for all other modalities."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import ModuleList, Sequential
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.backbones.joint_transformer import JointTransformer
from multimodal_rs.models.layers.extra_modalities import (
    ExtraEmbedding,
    Selection,
)
from multimodal_rs.models.layers.mix_transformer import (
    check_images,
    mix_transformer,
    run_stage,
)
from multimodal_rs.models.layers.ppx_block import ChannelFirstNorm, PPXBlock
from multimodal_rs.models.layers.presence import Presence, present_mask
from multimodal_rs.weights.pretrained import (
    StemFit,
    load_pretrained,
    read_pretrained,
)

MLP_RATIOS = (8, 8, 4, 4)  # of the light branch, per stage


@MODELS.register_module()
class CMNeXt(JointTransformer):
    """Encode a main modality with a transformer, all others together.

    Zhang et al., "Delivering Arbitrary-Modal Semantic Segmentation", CVPR
    2023. The first modality is the main one. All others share a light branch:
    per stage an embedding, the selection of one map by scores and a maximum,
    and convolutional blocks. Both branches rectify each other, and their
    fused maps are the pyramid.

    Missing modalities reach it as black images. With ``leave_out_missing``
    one of several extra modalities does not take part in score and maximum
    either: what its image holds has no influence. (If a sample has none of
    the extra modalities, their black images do take part, as there has to be
    something; the main modality cannot be left out.)

    Note:
        With several extra modalities, the release exchanges pixels and
        channels of the scored maps before the next stage embeds them: it
        takes maps (C, H, W) for (H, W, C). Its weights were trained so.
        ``as_released=False`` leaves the maps in order. The effect on accuracy
        was not measured.

    Args:
        modalities (Sequence[str]): Two or more names, the main one first.
        in_channels (dict): Number of bands of each.
        arch (str): Size of the Mix Transformer, ``'b0'`` to ``'b5'``; the
            release has b2, b4 and b5.
        drop_path_rate (float): Stochastic depth of the last block.
        leave_out_missing (bool): See above. False: only black images.
        as_released (bool): See the note.
        norm_cfg (dict, optional): Of the convolutions; None: batch norm.
        init_cfg (dict, optional): ``type='Pretrained'``: a Mix Transformer in
            mmseg's layout, loaded into the main branch; its embeddings are
            copied into those of the light one.

    Raises:
        ValueError: If there is one modality only, or the size is unknown.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Mapping[str, int],
        arch: str = 'b2',
        drop_path_rate: float = 0.1,
        leave_out_missing: bool = True,
        as_released: bool = True,
        norm_cfg: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        if len(modalities) < 2:
            raise ValueError(
                'CMNeXt needs a main modality and at least one other, got '
                f'{list(modalities)}'
            )
        super().__init__(modalities, arch, norm_cfg, init_cfg)
        self.uses_presence = leave_out_missing
        self.as_released = as_released
        self.main, *self.extra = self.modalities
        self.encoder = mix_transformer(
            self.size,
            in_channels[self.main],
            drop_path_rate,
            block_eps=1e-5,
            embedding_eps=1e-5,
        )
        self._build_light_branch(
            [in_channels[m] for m in self.extra], drop_path_rate, norm_cfg
        )

    def _build_light_branch(
        self,
        bands: Sequence[int],
        drop_path_rate: float,
        norm_cfg: Mapping | None,
    ) -> None:
        widths, number = self.size.channels, len(bands)
        self.embeddings = ModuleList()
        for stage, (patch, stride) in enumerate(
            zip(self.encoder.patch_sizes, self.encoder.strides, strict=True)
        ):
            before = bands if stage == 0 else [widths[stage - 1]] * number
            self.embeddings.append(
                ExtraEmbedding(before, widths[stage], patch, stride)
            )
        self.selections = (
            ModuleList(Selection(number, width) for width in widths)
            if number > 1
            else None
        )
        rates = torch.linspace(0, drop_path_rate, sum(self.size.depths))
        rates = iter(rates.tolist())
        self.blocks = ModuleList(
            Sequential(
                *(
                    PPXBlock(width, ratio, next(rates), norm_cfg)
                    for _ in range(depth)
                )
            )
            for width, ratio, depth in zip(
                widths, MLP_RATIOS, self.size.depths, strict=True
            )
        )
        self.norms = ModuleList(ChannelFirstNorm(w, eps=1e-6) for w in widths)

    def forward(
        self, inputs: Mapping[str, Tensor], presence: Presence | None = None
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode.

        Args:
            inputs: (B, C_m, H, W) for every modality, black where missing.
            presence: (B,) bool per modality; None: all samples have all.

        Returns:
            One pyramid, ``'fused'``, with the strides 4, 8, 16 and 32; sizes
            are rounded up.

        Raises:
            ValueError: If the images are too small.
        """
        check_images(inputs, 'CMNeXt')
        main, extra = inputs[self.main], [inputs[m] for m in self.extra]
        there = self._there(presence)
        fused = []
        for level in range(len(self.fusions)):
            main = run_stage(self.encoder.layers[level], main)
            maps = self.embeddings[level](extra)
            if self.selections is None:
                shared = maps[0]
            else:
                maps, shared = self.selections[level](maps, there)
            shared = self.norms[level](self.blocks[level](shared))
            main, shared = self.rectifications[level](main, shared)
            fused.append(self.fusions[level](main, shared))
            extra = self._next_extra(maps, shared)
        return dict(fused=tuple(fused))

    def _next_extra(
        self, maps: Sequence[Tensor], shared: Tensor
    ) -> list[Tensor]:
        """What the next stage embeds: (B, C, H, W) per extra modality."""
        if self.selections is None:
            return [shared]
        if self.as_released:
            maps = [_taken_for_channel_last(x) for x in maps]
        return [x + shared for x in maps]

    def _there(self, presence: Presence | None) -> Tensor | None:
        """Which extra modalities take part in the selection, (B, M) bool."""
        if presence is None or not self.uses_presence:
            return None
        mask = present_mask(self.extra, presence)
        return mask | ~mask.any(dim=1, keepdim=True)

    def load_encoders(
        self,
        checkpoint: str,
        prefix: str | None = None,
        stem: str = 'repeat',
        bands: str | Sequence[str] | None = None,
        image_bands: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Load a Mix Transformer in mmseg's layout.

        Into the main branch; its embeddings, with their norms, also into
        those of the light branch, fitted to their bands.
        """
        image_bands = image_bands or {}
        load_pretrained(
            *(self.encoder, checkpoint, prefix, stem),
            *(f'{self.main} encoder', bands, image_bands.get(self.main)),
        )
        fits = {
            m: StemFit(
                *(stem, bands, image_bands.get(m)),
                where=f'{checkpoint} ({m} embedding)',
            )
            for m in self.extra
        }
        state = read_pretrained(checkpoint, prefix)
        for stage, embedding in enumerate(self.embeddings):
            parts = {
                key: state[f'layers.{stage}.0.{key}']
                for key in ('projection.weight', 'projection.bias')
                + ('norm.weight', 'norm.bias')
            }
            weight = parts.pop('projection.weight')
            for index, convolution in enumerate(embedding.convolutions):
                fitted = weight if stage else self._stem(index, weight, fits)
                convolution.load_state_dict(
                    dict(weight=fitted, bias=parts['projection.bias'])
                )
            for norm in embedding.norms:
                norm.load_state_dict(
                    {k: parts[f'norm.{k}'] for k in ('weight', 'bias')}
                )

    def _stem(
        self, index: int, weight: Tensor, fits: Mapping[str, StemFit]
    ) -> Tensor:
        """Fit a convolution of the first embedding to who shares it."""
        embedding = self.embeddings[0]
        number = embedding.convolutions[index].in_channels
        first, *others = (
            m
            for m, which in zip(self.extra, embedding.which, strict=True)
            if which == index
        )
        fitted = fits[first](weight, number)
        for name in others if fits[first].bands is not None else ():
            if not torch.equal(fits[name](weight, number), fitted):
                raise ValueError(
                    f'{fits[name].where}: {name} and {first} have equally '
                    'many bands and therefore one embedding, but other bands, '
                    f'{list(fits[name].image_bands)} and '
                    f'{list(fits[first].image_bands)}: declare the same '
                    '`bands`, or start from a file without `bands`'
                )
        return fitted


def _taken_for_channel_last(x: Tensor) -> Tensor:
    """(B, C, H, W), its numbers read as if they were (B, H, W, C)."""
    batch, channels, height, width = x.shape
    return x.reshape(batch, height, width, channels).permute(0, 3, 1, 2)
