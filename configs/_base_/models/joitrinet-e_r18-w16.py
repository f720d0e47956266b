# As joitrinet-e_r18.py with a quarter of its width: cheap enough for many
# seeds on one processor core.
_base_ = './joitrinet-e_r18.py'

width = 16
channels = (width, 8 * width)
encoder = dict(stem_channels=width, base_channels=width)
head = dict(in_channels=channels, decoder=dict(channels=32))
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(channels=channels),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
