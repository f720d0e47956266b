# The width that the authors' library has by default.
_base_ = './ddhrnet_hr64_1xb8-200e_dfc2020-256x256.py'

width = 40
model = dict(
    backbone=dict(stream=dict(width=width)),
    decode_head=dict(
        in_channels=(width, 2 * width, 4 * width, 8 * width),
    ),
)
