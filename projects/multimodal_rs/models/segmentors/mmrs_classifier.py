"""MMRS: window classifier that learns to complete a missing modality."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from mmengine.model import ModuleDict
from mmengine.optim import OptimWrapperDict
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.modality_generator import VectorDiscriminator
from multimodal_rs.models.layers.presence import Presence
from multimodal_rs.models.multi_modal_model import Inputs, Pyramid
from multimodal_rs.models.segmentors.pixel_window_classifier import (
    PixelWindowClassifier,
)
from multimodal_rs.utils.labels import IGNORED

MASKED = 0.5  # share of the training samples that lose a modality
# Weights of the losses beside the classifier's cross entropy.
ADVERSARIAL = 0.1
RECONSTRUCTION = 1.0
CLASS_OF_COMPLETED = 0.1
CLASS_OF_REAL = 0.5


@dataclass
class Pair:
    """A batch as it is, and with modalities taken away.

    Attributes:
        joint: Joint vectors of the batch as it is, (B, M C), without gradient.
        whole: Completed vectors of the batch as it is, (B, M C).
        masked: Of the batch with what was taken away.
        features: What the classifier reads of the masked batch, (B, ., 1, 1).
        real: (B,) bool, samples that have all modalities.
        taken: (B,) bool, those of them from which something was taken.
        labels: (B,) classes.
    """

    joint: Tensor
    whole: Tensor
    masked: Tensor
    features: Pyramid
    real: Tensor
    taken: Tensor
    labels: Tensor


@MODELS.register_module()
class MMRSClassifier(PixelWindowClassifier):
    """Classify, complete what was taken away, and deceive a discriminator.

    "MMRS: Multimodal Remote Sensing Image Classification": our reconstruction
    of a network of which a README and three figures are public. The README
    names a GAN that generates and enhances modalities; losses, masks and
    discriminator are ours. In training half of the samples lose a modality
    (any non-empty proper subset of them stays, with equal chances). With u a
    completed vector (:class:`MMRSNeck`), R the samples that have everything
    and M those from which something was taken:

        L_D = mean_R max(0, 1 - D(u)) + mean_M max(0, 1 + D(u'))
              + 0.5 CE(D's class of u in R)
        L_G = CE(classifier) + r (1.0 mean_M |u' - h|
              - 0.1 mean_M D(u') + 0.1 CE(D's class of u' in M))

    where u belongs to the whole sample, h is its joint vector before the
    generator, and u' belongs to what is left of it; neither u nor h is
    trained by the terms in brackets. ``ramp``, r, is written by
    :class:`LossRampHook`; at 0 the discriminator is not trained either.

    :meth:`train_step` updates the discriminator, then everything else, with
    the optimisers ``discriminator`` and ``generator`` of an
    ``OptimWrapperDict``.

    Samples that lack a modality in the data are encoded without it: the batch
    norms of its encoder never see their black images. They are classified,
    but neither real nor masked. A batch without a complete sample leaves the
    discriminator as it is.

    Note:
        The generator makes u as well as u'. If u' has to come near u, it
        moves its own target: in the first epoch with this loss it began to
        grow, and thirty epochs later it was 10 000 times as large (simulated
        scene, half the channels). So the target is h.

        The network runs forward once per step. A second time, after the
        update of the discriminator, would give the same values, since that
        update changes nothing in it.

    Args:
        backbone (dict): One that runs on any subset of its modalities.
        decode_head (dict): On what the neck returns.
        neck (dict): :class:`MMRSNeck`.
        window (int): Rows and columns of a window, odd.
        adversarial (bool): Whether there is a discriminator.
        train_cfg (dict, optional): Passed to the head.
        test_cfg (dict, optional): See :class:`PixelWindowClassifier`.
        data_preprocessor (dict, optional): Config.
        init_cfg (dict, optional): mmengine initialisation config.

    Raises:
        ValueError: If there is a discriminator, but nothing is generated.
    """

    def __init__(
        self,
        backbone: Mapping,
        decode_head: Mapping,
        neck: Mapping,
        window: int = 11,
        adversarial: bool = True,
        train_cfg: Mapping | None = None,
        test_cfg: Mapping | None = None,
        data_preprocessor: Mapping | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            decode_head=decode_head,
            window=window,
            neck=neck,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg,
        )
        if adversarial and self.neck.generator is None:
            raise ValueError(
                'MMRSClassifier: adversarial=True, but the neck has generation'
                '=False: nothing is completed that could be judged, set both '
                'to the same'
            )
        self.discriminator = (
            VectorDiscriminator(
                self.neck.joint_channels, self.decode_head.num_classes
            )
            if adversarial
            else None
        )
        self.ramp = 1.0

    def optimized_parts(self) -> dict[str, nn.Module]:
        """Parts that have an optimiser each, by its name."""
        parts = dict(self.named_children())
        discriminator = parts.pop('discriminator', None)
        optimized = dict(generator=ModuleDict(parts))
        if discriminator is not None:
            optimized['discriminator'] = discriminator
        return optimized

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Update the discriminator, then everything else.

        Args:
            data: A batch of windows as the loader makes it.
            optim_wrapper: With an entry for each of :meth:`optimized_parts`.

        Returns:
            All losses, for the log; ``loss`` is that of the generator.
        """
        logged = {}
        with optim_wrapper['generator'].optim_context(self):
            data = self.data_preprocessor(data, True)
            pair = self._pair(data['inputs'], data['data_samples'])
            losses = self._losses(pair, data['data_samples'])
        total, of_generator = self.parse_losses(losses)
        # Where no sample is complete there is nothing to judge.
        judges = self.discriminator is not None and self.ramp > 0
        if judges and pair.real.any():
            discriminator = optim_wrapper['discriminator']
            with discriminator.optim_context(self.discriminator):
                losses = add_prefix(self._judge(pair), 'discriminator')
            update, logged = self.parse_losses(losses)
            discriminator.update_params(update)
            deception = self._deceive(pair)
            total = total + self.ramp * sum(deception.values())
            of_generator.update({k: v.detach() for k, v in deception.items()})
        optim_wrapper['generator'].update_params(total)
        return {**logged, **of_generator, 'loss': total.detach()}

    def loss(
        self, inputs: Inputs, data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses that need no discriminator.

        Args:
            inputs: (B, C_m, w, w) for every modality, black where absent.
            data_samples: With ``gt_sem_seg`` (1, 1, 1).

        Returns:
            ``decode.*`` and ``loss_reconstruction``; the latter only if
            something was taken away.
        """
        return self._losses(self._pair(inputs, data_samples), data_samples)

    def _pair(self, inputs: Inputs, samples: Sequence[SegDataSample]) -> Pair:
        """Encode a batch, and take modalities away."""
        self.check_windows(inputs)
        inputs = self.select(inputs)
        names = tuple(inputs)
        there = self.presence(
            [s.metainfo.get('present_modalities', names) for s in samples],
            inputs,
        )
        device = inputs[names[0]].device
        if there is None:
            all_of_them = torch.ones(len(samples), dtype=torch.bool)
            there = {m: all_of_them.to(device) for m in self.modalities}
        real = torch.stack(tuple(there.values())).all(dim=0)
        left = random_presence(there, real)
        pyramids = self._encode_present(inputs, there)
        whole = self.neck.complete(pyramids, there)
        masked = self.neck.complete(pyramids, left)
        labels = torch.cat([s.gt_sem_seg.data.flatten() for s in samples])
        return Pair(
            joint=whole.joint.detach(),
            whole=whole.vector,
            masked=masked.vector,
            features=self.neck.merge(masked),
            real=real,
            taken=real & ~torch.stack(tuple(left.values())).all(dim=0),
            labels=labels.long(),
        )

    def _encode_present(
        self, inputs: Inputs, presence: Presence
    ) -> dict[str, Pyramid]:
        """Encode of each modality the samples that have it, others as 0."""
        pyramids = {}
        for m, image in inputs.items():
            rows = presence[m].nonzero().flatten()
            if len(rows) == 0:
                continue
            pyramid = self.backbone({m: image[rows]})[m]
            pyramids[m] = tuple(
                x.new_zeros(len(image), *x.shape[1:]).index_copy(0, rows, x)
                for x in pyramid
            )
        return pyramids

    def _losses(
        self, pair: Pair, samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Of the classifier and of what was completed."""
        losses = self._decode_head_forward_train(pair.features, samples)
        if self.neck.generator is not None and pair.taken.any():
            difference = pair.masked - pair.joint
            losses['loss_reconstruction'] = (
                self.ramp
                * RECONSTRUCTION
                * difference[pair.taken].abs().mean()
            )
        return losses

    def _judge(self, pair: Pair) -> dict[str, Tensor]:
        """Losses of the discriminator, which train nothing else.

        Args:
            pair: Of a batch with a complete sample.
        """
        scores, classes = self.discriminator(pair.whole[pair.real].detach())
        wrong = _class_error(classes, pair.labels[pair.real])
        losses = dict(
            loss_real=functional.relu(1 - scores).mean(),
            loss_class=CLASS_OF_REAL * wrong,
        )
        if pair.taken.any():
            scores, _ = self.discriminator(pair.masked[pair.taken].detach())
            losses['loss_completed'] = functional.relu(1 + scores).mean()
        return losses

    def _deceive(self, pair: Pair) -> dict[str, Tensor]:
        """Terms of the generator that the discriminator decides.

        They train the generator alone: the discriminator is held fixed.
        """
        if not pair.taken.any():
            return {}
        self.discriminator.requires_grad_(False)
        scores, classes = self.discriminator(pair.masked[pair.taken])
        self.discriminator.requires_grad_(True)
        wrong = _class_error(classes, pair.labels[pair.taken])
        return dict(
            adversarial=-ADVERSARIAL * scores.mean(),
            class_of_completed=CLASS_OF_COMPLETED * wrong,
        )

    def _answer(self, inputs: Inputs, present: tuple[str, ...]) -> Tensor:
        """Answer from what is there; the rest is generated."""
        pyramids = self.backbone({m: inputs[m] for m in present})
        return self._logits(self.decode_head, self.fuse(pyramids), (1, 1))


def _class_error(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy of the samples that count; 0 if none does.

    Args:
        logits: (B, K).
        labels: (B,), 255: does not count.
    """
    total = functional.cross_entropy(
        logits, labels, ignore_index=IGNORED, reduction='sum'
    )
    return total / (labels != IGNORED).sum().clamp(min=1)


def random_presence(presence: Presence, complete: Tensor) -> Presence:
    """Take modalities away from half of the complete samples.

    Args:
        presence: (B,) bool per modality, at least two.
        complete: (B,) bool, samples that have all of them.

    Returns:
        (B,) bool per modality. What is left of a complete sample: everything
        in half of the cases, else any non-empty proper subset with equal
        chances. Other samples keep what they have.
    """
    everything = 2 ** len(presence) - 1
    # a binary digit for each modality
    left = torch.randint(1, everything, complete.shape, device=complete.device)
    kept = torch.rand(complete.shape, device=complete.device) >= MASKED
    left = torch.where(kept, everything, left)
    return {
        m: torch.where(complete, (left >> digit) % 2 == 1, has)
        for digit, (m, has) in enumerate(presence.items())
    }
