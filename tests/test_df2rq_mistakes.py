"""What is wrong in the code of DF2RQ's authors, and right here, one by one.

Their framework was read and run for this. Each test names a mistake of theirs
and looks at what happens here instead. What they do right is in
``test_models/test_parity/test_df2rq.py``.
"""

import importlib
import pkgutil

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmseg.registry import DATA_SAMPLERS, DATASETS, MODELS

import multimodal_rs
from fake_data import c2seg_bw, globe230k, numbered
from fake_data.files import write_image, write_tif
from helpers import ROOT, random_pyramid
from multimodal_rs.data_prep import globe230k as prepare_globe230k
from multimodal_rs.ops.flops import flop_analyzer

BASES = ROOT / 'configs/_base_/datasets'
RECIPE = (
    ROOT / 'configs/df2rq/df2rq-concat_vit-b-p8_4xb4-160k_globe230k-512x512.py'
)
SIDE = 32
NAMES = ('opt', 'ndvi', 'sar')


def recipe():
    """The recipe with a network of a few channels."""
    cfg = Config.fromfile(RECIPE)
    width, model = 16, cfg.model
    model.backbone.encoder.update(
        img_size=(SIDE, SIDE), embed_dims=width, num_heads=2
    )
    model.backbone.encoder.update(num_layers=4, out_indices=(0, 1, 2, 3))
    model.neck[0].in_channels = (width,) * 4
    model.neck[1].embed_dim = width
    model.decode_head.update(in_channels=[width] * 4, channels=width)
    model.auxiliary_head.update(in_channels=width, channels=width)
    return cfg


@pytest.fixture(scope='module')
def network():
    return MODELS.build(recipe().model).eval()


@pytest.fixture
def images(network):
    declared = network.data_preprocessor.modalities
    return {
        m: torch.randn(1, modality.channels, SIDE, SIDE)
        for m, modality in declared.items()
    }


@pytest.fixture
def globe(tmp_path):
    globe230k.make_tile(tmp_path, size=(SIDE, SIDE))
    return tmp_path


def part(config, root, name='val', **changes):
    """Build a part of a data set from its base config."""
    settings = Config.fromfile(config)[f'{name}_dataloader'].dataset
    return DATASETS.build(settings | dict(data_root=str(root), **changes))


class TestModalities:
    """Which there are, and in which order."""

    def test_any_name_will_do(self, tmp_path):
        """Theirs cuts at the first underscore, and looks for 'img'."""
        names = dict(sar_vv='sar', img_path='opt')
        numbered.make_tile(tmp_path, names=tuple(names.values()))
        declared = {
            m: dict(dir=folder, bands=[0]) for m, folder in names.items()
        }
        pipeline = [*numbered.LOAD, numbered.PACK]
        dataset = numbered.build(tmp_path, pipeline, modalities=declared)
        assert list(dataset[0]['inputs']) == list(names)

    def test_they_are_stated_once(self):
        """Theirs are in five places, and nothing compares them."""
        cfg = recipe()
        del cfg.model.data_preprocessor.modalities['ndvi']
        model = MODELS.build(cfg.model)
        assert model.modalities == ('opt', 'sar')
        assert set(model.backbone.stems) == {'opt', 'sar'}
        first = next(model.neck[0].parameters())
        assert first.shape[1] == 2 * first.shape[0]  # two maps, joined

    def test_order_of_a_dict_does_not_matter(self):
        """Theirs fuses in the order in which the loader returned them."""
        neck = MODELS.build(
            dict(type='ConcatMLPNeck', modalities=NAMES, in_channels=(8, 8))
        )
        maps = {m: random_pyramid((8, 8)) for m in NAMES}
        turned = dict(reversed(maps.items()))
        for one, two in zip(neck(maps), neck(turned), strict=True):
            assert torch.equal(one, two)

    def test_what_is_not_declared_is_not_read(self, globe):
        """Theirs reads, scales and normalises elevation for nothing."""
        for path in (globe / 'dem_patch').iterdir():
            path.write_bytes(b'')
        sample = part(BASES / 'globe230k.py', globe)[0]
        assert tuple(sample['inputs']) == NAMES

    def test_one_can_be_missing(self, network, images):
        """Theirs ends in a KeyError."""
        alone = network.backbone(dict(sar=images['sar']))
        full = network.backbone(images)
        assert set(alone) == {'sar'}
        for one, two in zip(alone['sar'], full['sar'], strict=True):
            torch.testing.assert_close(one, two)

    def test_another_grid_is_named(self, tmp_path):
        """Theirs has an assertion, and no way from one grid to another."""
        numbered.make_tile(tmp_path, names=('opt', 'sar'))
        rows, columns = numbered.SIZE
        small = np.zeros((2, rows // 3, columns // 3), 'float32')
        write_tif(tmp_path / 'sar/t1.tif', small)
        dataset = numbered.build(
            tmp_path, [*numbered.LOAD, numbered.PACK], names=('opt', 'sar')
        )
        with pytest.raises(ValueError, match=r'one grid.*resamples all'):
            dataset[0]


class TestValues:
    """What is in the tensors."""

    def test_colours_keep_their_order(self, globe):
        """Theirs are blue, green, red with statistics called rgb."""
        colour = np.full((SIDE, SIDE, 3), (200, 100, 20), np.uint8)
        write_image(globe / 'image_patch/data_1.png', colour)
        declared = dict(opt=dict(suffix='.png'))
        dataset = part(BASES / 'globe230k.py', globe, modalities=declared)
        first = dataset[0]['inputs']['opt'][:, 0, 0]
        assert first.tolist() == [200, 100, 20]
        assert dataset.modalities['opt'].bands == ('R', 'G', 'B')

    def test_what_has_no_value_has_none(self, globe, network):
        """Theirs fills a tile without values with -1 in every unit."""
        empty = np.full((1, SIDE, SIDE), np.nan, 'float32')
        write_tif(globe / 'ndvi_patch/data_1.tif', empty)
        dataset = part(BASES / 'globe230k.py', globe)
        sample = dataset[0]
        assert sample['data_samples'].present_modalities == ('opt', 'sar')
        write_tif(globe / 'vvvh_patch/data_1.tif', np.repeat(empty, 2, 0))
        with pytest.raises(ValueError, match='no valid sar pixel'):
            dataset[0]

    def test_single_invalid_pixels_are_the_mean_after_normalising(
        self, globe, network
    ):
        """Theirs are the mean of the tile; NDVI has none in three rows."""
        sample = part(BASES / 'globe230k.py', globe)[0]
        data = network.data_preprocessor(pseudo_collate([sample]), False)
        ndvi = data['inputs']['ndvi'][0, 0]
        assert (ndvi[:3] == 0).all() and (ndvi[3:] != 0).all()

    def test_statistics_are_buffers_and_inputs_stay(self, network, images):
        """Theirs normalises in place, with lists that follow no device."""
        raw = {m: list(x) for m, x in images.items()}
        before = {m: x.clone() for m, x in images.items()}
        network.data_preprocessor(dict(inputs=raw), False)
        assert all(torch.equal(images[m], before[m]) for m in images)
        buffers = dict(network.data_preprocessor.named_buffers())
        assert {'statistics.sar.mean', 'statistics.ndvi.std'} <= set(buffers)

    def test_a_label_is_tested_at_its_own_size(self, globe):
        """Theirs is resized with the images."""
        pipeline = Config.fromfile(RECIPE).test_dataloader.dataset.pipeline
        kinds = [step['type'] for step in pipeline]
        assert not any('Resize' in kind for kind in kinds)
        label = part(RECIPE, globe, 'test')[0]['data_samples'].gt_sem_seg
        assert label.shape == (SIDE, SIDE)


class TestNetwork:
    """How it is built, trained and asked."""

    def test_eval_returns_the_module(self, network):
        """Theirs returns None, so that ``backbone.eval()`` is lost."""
        assert network.backbone.eval() is network.backbone
        assert network.backbone.train(False) is network.backbone

    def test_encoders_of_single_modalities_are_initialised(self, tmp_path):
        """Theirs stay without positions, and ignore a checkpoint."""
        backbone = recipe().model.backbone
        encoder = dict(backbone.encoder, in_channels=32)
        settings = dict(backbone, modalities=NAMES, share_weights=False)
        settings['in_channels'] = dict.fromkeys(NAMES, 2)
        own = MODELS.build(settings)
        own.init_weights()
        for name in NAMES:
            assert own.encoders[name].pos_embed.std() > 0.01
        weights = MODELS.build(encoder).state_dict()
        weights['cls_token'].fill_(7.0)
        torch.save(weights, tmp_path / 'vit.pth')
        loaded = dict(type='Pretrained', checkpoint=str(tmp_path / 'vit.pth'))
        settings['encoder'] = dict(encoder, init_cfg=loaded)
        own = MODELS.build(settings)
        own.init_weights()
        assert all((own.encoders[m].cls_token == 7).all() for m in NAMES)

    def test_stems_keep_the_size(self):
        """Theirs shrinks the map with kernels larger than 1."""
        backbone = dict(recipe().model.backbone, stem_kernel_size=3)
        stems = MODELS.build(
            backbone | dict(modalities=('sar',), in_channels=dict(sar=2))
        ).stems
        assert stems['sar'](torch.zeros(1, 2, 9, 7)).shape[2:] == (9, 7)

    def test_as_many_outputs_as_classes(self, network, globe):
        """Theirs has 13 for the ten classes of Globe230k."""
        classes = part(RECIPE, globe).metainfo['classes']
        assert len(classes) == 10
        assert network.decode_head.conv_seg.out_channels == len(classes)

    def test_a_loss_is_the_mean_of_labelled_pixels(self):
        """Theirs divides by all; only their own recipe keeps that."""
        path = ROOT / 'configs/df2rq/df2rq_r18_1xb8-15e_simulated-128x128.py'
        head = Config.fromfile(path).model.decode_head
        loss = MODELS.build(head.loss_decode)
        logits, label = torch.randn(1, 4, 6, 6), torch.zeros(1, 6, 6).long()
        label[:, :3] = 255
        torch.testing.assert_close(
            loss(logits, label, ignore_index=255),
            loss(logits[:, :, 3:], label[:, 3:], ignore_index=255),
        )

    @torch.no_grad()
    def test_predicts_without_samples_and_in_windows(self, network, images):
        """Theirs asks a dict for its shape, in both cases."""
        (whole,) = network.predict(images)
        assert whole.pred_sem_seg.shape == (SIDE, SIDE)
        cfg = recipe().model
        cfg.test_cfg = dict(mode='slide', crop_size=(16, 16), stride=(16, 16))
        windows = MODELS.build(cfg).eval()
        windows.load_state_dict(network.state_dict())
        (joined,) = windows.predict(images)
        corner = {m: x[:, :, :16, :16] for m, x in images.items()}
        (one,) = network.predict(corner)
        assert joined.seg_logits.shape == (SIDE, SIDE)
        torch.testing.assert_close(
            joined.seg_logits.data[:, :16, :16], one.seg_logits.data
        )

    def test_cost_is_counted_of_what_is_declared(self, network, images):
        """Theirs was edited by hand for each set of modalities."""
        cost = flop_analyzer(network, images).by_module()
        for m, x in images.items():
            first = cost[f'network.backbone.stems.{m}.0.conv']
            assert first == x.shape[1] * 32 * SIDE * SIDE

    def test_pictures_are_drawn(self, globe):
        """Their samples have no path, and the hook of mmseg ends in it."""
        cfg = recipe()
        cfg.merge_from_dict(
            {
                'work_dir': str(globe / 'work'),
                'test_dataloader.dataset.data_root': str(globe),
                'test_dataloader.num_workers': 0,
                'test_dataloader.persistent_workers': False,
                'default_hooks.visualization.draw': True,
                'default_hooks.visualization.interval': 1,
            }
        )
        Runner.from_cfg(cfg).test()
        assert len([*globe.rglob('test_data_1_0.png')]) == 1


class TestData:
    """Data sets, lists, commands and runs."""

    def test_lists_are_read(self, globe, tmp_path):
        """Theirs can do with a list in one class, without in the other."""
        assert len(part(BASES / 'globe230k.py', globe)) == 1
        c2seg_bw.make_tile(tmp_path)
        dataset = part(BASES / 'c2seg_bw.py', tmp_path, ann_file='list.txt')
        assert dataset[0]['data_samples'].sample_id == c2seg_bw.TILE
        with pytest.raises(FileNotFoundError, match='does not exist'):
            part(BASES / 'globe230k.py', globe, ann_file='none.txt')

    @pytest.mark.parametrize('base', sorted(BASES.glob('c2seg*.py')))
    def test_validation_ends_and_is_of_another_list(self, base):
        """Theirs never ends, and one validates on the city it learns."""
        cfg = Config.fromfile(base)
        loader = cfg.val_dataloader
        assert loader.dataset.ann_file != cfg.train_dataloader.dataset.ann_file
        sampler = DATA_SAMPLERS.build(
            loader.sampler, default_args=dict(dataset=range(5), seed=0)
        )
        assert sorted(sampler) == [0, 1, 2, 3, 4]

    def test_files_of_many_bands_are_read(self, tmp_path):
        """Theirs uses a reader of photographs for 116 bands."""
        c2seg_bw.make_challenge(tmp_path, 1)
        (tmp_path / 'list.txt').write_text('1')
        base = BASES / 'c2seg_bw_challenge_hsi.py'
        dataset = part(base, tmp_path, ann_file='list.txt')
        assert dataset[0]['inputs']['hsi'].shape == (116, SIDE, SIDE)

    def test_the_command_writes_what_the_data_set_reads(self, tmp_path):
        """Theirs copies files into folders that its class does not know."""
        for number in range(5):
            globe230k.make_tile(tmp_path, f'data_{number}', (SIDE, SIDE))
        assert prepare_globe230k.main([str(tmp_path)]) == 0
        found = [
            record['sample_id']
            for name in ('train', 'val', 'test')
            for record in part(
                BASES / 'globe230k.py', tmp_path, name
            ).load_data_list()
        ]
        assert sorted(found) == [f'data_{number}' for number in range(5)]

    def test_every_name_of_a_package_exists(self):
        """In theirs a comma is missing, and ``import *`` fails."""
        found = pkgutil.iter_modules(multimodal_rs.__path__, 'multimodal_rs.')
        for name in (module.name for module in found if module.ispkg):
            package = importlib.import_module(name)
            for public in getattr(package, '__all__', ()):
                assert hasattr(package, public), f'{name}.{public}'

    def test_a_run_needs_no_account_elsewhere(self):
        """Theirs writes to TensorBoard and to a web service."""
        cfg = Config.fromfile(RECIPE)
        kinds = [backend['type'] for backend in cfg.visualizer.vis_backends]
        assert kinds == ['LocalVisBackend']
