"""How the names of configs call a backbone.

The second part of a config's name, ``<method>_<backbone>_<schedule>_<data>``,
is what the function below the backbone's ``type`` returns for its config. A
backbone that has no entry itself, such as one that runs others side by side,
is called by the backbones in it: by all their words, in alphabetical order, if
they are of different kinds. A new one adds a line here.
"""

from collections.abc import Iterator, Mapping


def resnet(config: Mapping) -> str:
    """``r18``; ``r18-w16`` for one with 16 channels instead of 64."""
    width = config.get('base_channels', 64)
    return f'r{config["depth"]}' + (f'-w{width}' if width != 64 else '')


def vmamba(config: Mapping) -> str:
    """``vmamba-t`` for the first public version, ``vmamba-t-s2l5`` later."""
    arch = config['arch']
    if isinstance(arch, str):
        size, version = arch.split('-')
        return f'vmamba-{size[0]}' + f'-{version}'.removesuffix('-v0')
    if arch['base_channels'] < 96:  # narrower than any that was published
        return 'vmamba-xt'
    raise ValueError(f'no word in tests/backbone_words.py for {arch}')


def vision_transformer(config: Mapping) -> str:
    """``vit-b-p8`` for ViT-B with patches of 8 x 8 pixels."""
    sizes = {(768, 12): 'b'}
    size = sizes[config['embed_dims'], config['num_layers']]
    return f'vit-{size}-p{config["patch_size"]}'


def mix_transformer(config: Mapping) -> str:
    return f'mit-{config["arch"]}'


def mmseg_mix_transformer(config: Mapping) -> str:
    sizes = {(32, 8): 'b0', (64, 16): 'b2'}
    return f'mit-{sizes[config["embed_dims"], sum(config["num_layers"])]}'


def vgg(config: Mapping) -> str:
    """``vgg16``, and ``vgg16-xs`` for a quarter of its width."""
    widths = {64: 'vgg16', 16: 'vgg16-xs'}
    return widths[config.get('channels', (64,))[0]]


def cascade(config: Mapping) -> str:
    """``cascade``, and ``cascade-xs`` for a quarter of its width."""
    return {1: 'cascade', 4: 'cascade-xs'}[config.get('divisor', 1)]


def hrnet(config: Mapping) -> str:
    """``hr48``, and ``hr18s`` for half the residual blocks."""
    small = 's' if config.get('blocks') == 2 else ''
    return f'hr{config["width"]}{small}'


def window_encoder(config: Mapping) -> str:
    """``cnn5`` for five convolutions; ``cnn5-w16`` with a quarter of 64."""
    width = config.get('width', 64)
    return 'cnn5' + (f'-w{width}' if width != 64 else '')


WORDS = dict(
    AlexNet=lambda config: 'alexnet',
    AlignedHRNet=hrnet,
    CMX=mix_transformer,
    CMNeXt=mix_transformer,
    CascadeBranch=cascade,
    TwoTunnelBranch=cascade,
    PSCNNLeg=lambda config: 'cnn8',
    SpectralMamba=lambda config: 'mamba',
    VGGEncoder=vgg,
    MixVisionTransformer=mmseg_mix_transformer,
    ResNet=resnet,
    StemResNet=resnet,
    VMamba=vmamba,
    VisionTransformer=vision_transformer,
    WindowCascadeBranch=lambda config: 'cascade',
    WindowEncoder=window_encoder,
    WindowTwoTunnelBranch=lambda config: 'cascade',
)


def backbone_words(config: Mapping) -> Iterator[str]:
    """Yield the words of all backbones in the config of a backbone."""
    if config.get('type') in WORDS:
        yield WORDS[config['type']](config)
        return
    for value in config.values():
        if isinstance(value, Mapping):
            yield from backbone_words(value)
