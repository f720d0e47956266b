"""Loading, geometry, radiometry and packing on files of four modalities."""

import zipfile

import numpy as np
import pytest
import rasterio
import torch
from mmseg.registry import DATASETS, TRANSFORMS

SIZE = (24, 32)
BANDS = dict(opt=3, sar=2, dem=1, hsi=6)
LOAD = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]
PACK = dict(type='PackMultiModalInputs')


def write(path, data):
    path.parent.mkdir(exist_ok=True)
    data = np.asarray(data)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=len(data),
        height=data.shape[1],
        width=data.shape[2],
        dtype=data.dtype,
    ) as file:
        file.write(data)


def make_tile(root, name='t1', names=tuple(BANDS), size=SIZE):
    """Every band holds row * 100 + column + 10000 * band."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    base = (rows * 100 + columns).astype('float32')
    for m in names:
        write(
            root / m / f'{name}.tif',
            np.stack([base + 10000 * b for b in range(BANDS[m])]),
        )
    write(root / 'label' / f'{name}.tif', ((rows + columns) % 3)[None])
    with (root / 'all.txt').open('a') as file:
        file.write(f'{name}\n')


def build(root, pipeline, names=tuple(BANDS), **changes):
    modalities = {m: dict(dir=m, bands=list(range(BANDS[m]))) for m in names}
    for m, change in changes.pop('declare', {}).items():
        modalities[m] |= change
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(root),
            ann_file='all.txt',
            modalities=modalities,
            label=dict(dir='label'),
            metainfo=dict(classes=('a', 'b', 'c')),
            pipeline=pipeline,
        )
        | changes
    )


@pytest.mark.parametrize('count', [1, 2, 3, 4])
def test_any_number_of_modalities(tmp_path, count):
    names = tuple(BANDS)[:count]
    make_tile(tmp_path, names=names)
    data = build(tmp_path, [*LOAD, PACK], names)[0]
    assert list(data['inputs']) == list(names)
    for m in names:
        assert data['inputs'][m].shape == (BANDS[m], *SIZE)
        assert data['inputs'][m].dtype == torch.float32
        band = data['inputs'][m][-1] - 10000 * (BANDS[m] - 1)
        assert band[3, 7] == 307
    sample = data['data_samples']
    assert sample.gt_sem_seg.data.shape == (1, *SIZE)
    assert sample.present_modalities == names
    assert sample.sample_id == 't1'


GEOMETRY = [
    [dict(type='RandomFlip', prob=1.0)],
    [dict(type='RandomFlip', prob=1.0, direction='vertical')],
    [dict(type='RandomRotate90')],
    [dict(type='RandomCrop', crop_size=(8, 12))],
    [dict(type='RandomCrop', crop_size=(8, 8)), dict(type='RandomRotate90')],
]


@pytest.mark.parametrize('geometry', GEOMETRY)
def test_one_draw_moves_all_modalities_and_the_label(tmp_path, geometry):
    make_tile(tmp_path)
    dataset = build(tmp_path, [*LOAD, *geometry, PACK])
    moved = False
    for _ in range(4):
        data = dataset[0]
        position = data['inputs']['dem'][0]
        for m, bands in BANDS.items():
            for b in range(bands):
                assert torch.equal(data['inputs'][m][b] - 10000 * b, position)
        rows, columns = position // 100, position % 100
        label = data['data_samples'].gt_sem_seg.data[0]
        assert torch.equal(label, ((rows + columns) % 3).long())
        moved |= position.shape != SIZE or position[0, 0] != 0
    assert moved


def test_rotation_border_is_invalid_everywhere(tmp_path):
    make_tile(tmp_path)
    rotate = dict(type='RandomRotate', prob=1.0, degree=(40, 40))
    data = build(tmp_path, [*LOAD, rotate, PACK])[0]
    label = data['data_samples'].gt_sem_seg.data[0]
    border = label == 255
    assert 0.1 < border.float().mean() < 0.9
    # what was interpolated between a pixel and the fill value is invalid, too
    wide = torch.nn.functional.max_pool2d(border[None].float(), 3, 1, 1)[0] > 0
    position = data['inputs']['dem'][0][~wide]
    for m, bands in BANDS.items():
        assert data['inputs'][m][:, border].isnan().all()
        for b in range(bands):
            values = data['inputs'][m][b][~wide] - 10000 * b
            torch.testing.assert_close(values, position, rtol=0, atol=0.1)


@pytest.mark.parametrize(
    'geometry',
    [
        dict(type='RandomFlip', prob=1.0),
        dict(type='RandomRotate90'),
        dict(type='RandomCrop', crop_size=(20, 20)),
    ],
)
def test_invalid_pixels_follow_the_geometry(tmp_path, geometry):
    make_tile(tmp_path)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    sar = np.stack([rows * 100.0 + columns] * 2).astype('float32')
    sar[1, :6, :10] = np.nan
    write(tmp_path / 'sar' / 't1.tif', sar)
    data = build(tmp_path, [*LOAD, geometry, PACK])[0]
    position = data['inputs']['dem'][0]
    inside = (position // 100 < 6) & (position % 100 < 10)
    assert torch.equal(data['inputs']['sar'][0].isnan(), inside)
    assert torch.equal(data['inputs']['sar'][1].isnan(), inside)
    assert not data['inputs']['opt'].isnan().any()


def test_resizing_widens_the_invalid_area_by_a_pixel_at_most(tmp_path):
    make_tile(tmp_path)
    sar = np.ones((2, *SIZE), 'float32')
    sar[1, :6, :10] = np.nan
    write(tmp_path / 'sar' / 't1.tif', sar)
    double = dict(type='RandomResize', scale=(64, 48), ratio_range=(1.0, 1.0))
    data = build(tmp_path, [*LOAD, double, PACK])[0]['inputs']['sar']
    assert data.shape == (2, 48, 64)
    assert data[:, :12, :20].isnan().all()
    assert (data[:, 13:] == 1).all() and (data[:, :, 21:] == 1).all()


@pytest.mark.parametrize('rule, ignored', [('any', 60), ('all', 0)])
def test_label_can_be_ignored_where_invalid(tmp_path, rule, ignored):
    make_tile(tmp_path)
    sar = np.zeros((2, *SIZE), 'float32')
    sar[:, :6, :10] = np.nan
    write(tmp_path / 'sar' / 't1.tif', sar)
    load = [LOAD[0], dict(type='LoadLandCover', ignore_invalid=rule)]
    label = build(tmp_path, [*load, PACK])[0]['data_samples'].gt_sem_seg
    assert (label.data == 255).sum() == ignored


def test_radiometry_touches_one_modality_and_keeps_nan(tmp_path):
    make_tile(tmp_path)
    sar = np.full((2, *SIZE), 0.5, 'float32')
    sar[:, 0, 0] = np.nan
    write(tmp_path / 'sar' / 't1.tif', sar)
    plain = build(tmp_path, [*LOAD, PACK])[0]['inputs']
    for step, changed in (
        (dict(type='RandomSpeckle', modality='sar', prob=1.0), 'sar'),
        (
            dict(type='RandomBrightnessContrast', modality='opt', prob=1.0),
            'opt',
        ),
    ):
        data = build(tmp_path, [*LOAD, step, PACK])[0]['inputs']
        for m in BANDS:
            same = torch.equal(data[m].nan_to_num(-1), plain[m].nan_to_num(-1))
            assert same == (m != changed)
        assert data['sar'][:, 0, 0].isnan().all()
        assert data['sar'].isnan().sum() == 2


def test_speckle_has_the_asked_number_of_looks():
    step = TRANSFORMS.build(
        dict(type='RandomSpeckle', looks=9.0, db_scale=1.0, prob=1.0)
    )
    results = dict(
        img=np.zeros((200, 200, 1), np.float32), modality_channels=dict(sar=1)
    )
    power = 10 ** (step(results)['img'] / 10)
    assert power.mean() == pytest.approx(1, abs=0.01)
    looks = power.mean() ** 2 / power.var()
    assert looks == pytest.approx(9, rel=0.05)


def test_modality_dropout_keeps_at_least_one(tmp_path):
    make_tile(tmp_path)
    drop = dict(type='ModalityDropout', probs=dict.fromkeys(BANDS, 0.9))
    dataset = build(tmp_path, [*LOAD, drop, PACK])
    seen = set()
    for _ in range(30):
        data = dataset[0]
        present = data['data_samples'].present_modalities
        assert present
        seen.add(present)
        for m in BANDS:
            assert data['inputs'][m].isnan().all() == (m not in present)
    assert len(seen) > 3


def test_optional_modality_may_lack(tmp_path):
    make_tile(tmp_path)
    (tmp_path / 'dem' / 't1.tif').unlink()
    write(tmp_path / 'sar' / 't1.tif', np.full((2, *SIZE), np.nan, 'float32'))
    optional = dict(dem=dict(optional=True), sar=dict(optional=True))
    data = build(tmp_path, [*LOAD, PACK], declare=optional)[0]
    assert data['data_samples'].present_modalities == ('opt', 'hsi')
    assert data['inputs']['dem'].shape == (1, *SIZE)
    assert data['inputs']['dem'].isnan().all()


class TestBadInput:
    def test_missing_tile(self, tmp_path):
        make_tile(tmp_path)
        (tmp_path / 'dem' / 't1.tif').unlink()
        with pytest.raises(FileNotFoundError, match='dem.t1.tif'):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_all_nan_tile(self, tmp_path):
        make_tile(tmp_path)
        nothing = np.full((2, *SIZE), np.nan, 'float32')
        write(tmp_path / 'sar' / 't1.tif', nothing)
        with pytest.raises(ValueError, match="'t1' has no valid sar pixel"):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_sizes_differ_between_modalities(self, tmp_path):
        make_tile(tmp_path)
        write(tmp_path / 'dem' / 't1.tif', np.zeros((1, 12, 16), 'float32'))
        with pytest.raises(
            ValueError, match=r"one grid.*'dem': \(12, 16\).*tile 't1'"
        ):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_size_of_the_label(self, tmp_path):
        make_tile(tmp_path)
        write(tmp_path / 'label' / 't1.tif', np.zeros((1, 12, 16), 'uint8'))
        with pytest.raises(ValueError, match=r'label of tile .t1.*\(12, 16\)'):
            build(tmp_path, [*LOAD, PACK])[0]

    def test_label_outside_the_class_list(self, tmp_path):
        make_tile(tmp_path)
        label = np.zeros((1, *SIZE), 'int16')
        label[0, 0, :3] = 7
        label[0, 1, 0] = -1
        write(tmp_path / 'label' / 't1.tif', label)
        with pytest.raises(ValueError, match=r'ids \{-1: 1, 7: 3\}'):
            build(tmp_path, [*LOAD, PACK])[0]
        known = {0: 0, 7: 2, -1: 255}
        dataset = build(
            tmp_path, [*LOAD, PACK], label=dict(dir='label', ids=known)
        )
        data = dataset[0]['data_samples'].gt_sem_seg.data[0]
        assert data[0, :4].tolist() == [2, 2, 2, 0]
        assert data[1, 0] == 255

    def test_labels_of_any_type(self, tmp_path):
        make_tile(tmp_path)
        ids = {0: 0, 1: 1, -(2**31): 255, 70000: 2}
        dataset = build(
            tmp_path, [*LOAD, PACK], label=dict(dir='label', ids=ids)
        )
        label = np.zeros((1, *SIZE), 'int32')
        label[0, 0, :3] = (1, 70000, -(2**31))
        write(tmp_path / 'label' / 't1.tif', label)
        read = dataset[0]['data_samples'].gt_sem_seg.data[0, 0, :4]
        assert read.tolist() == [1, 2, 255, 0]
        fraction = np.zeros((1, *SIZE), 'float32')
        fraction[0, 0, :2] = (1.0, 1.5)
        write(tmp_path / 'label' / 't1.tif', fraction)
        with pytest.raises(ValueError, match=r'ids \{1.5: 1\}'):
            dataset[0]

    def test_band_that_the_file_lacks(self, tmp_path):
        make_tile(tmp_path)
        with pytest.raises(ValueError, match='has 1 bands'):
            build(tmp_path, [*LOAD, PACK], declare=dict(dem=dict(bands=[1])))[
                0
            ]

    def test_unknown_modality_in_a_transform(self, tmp_path):
        make_tile(tmp_path)
        step = dict(type='RandomSpeckle', modality='radar')
        with pytest.raises(KeyError, match="unknown modality 'radar'"):
            build(tmp_path, [*LOAD, step, PACK])[0]
        with pytest.raises(ValueError, match='probabilities'):
            TRANSFORMS.build(dict(type='ModalityDropout', probs=dict(opt=1.5)))


@pytest.mark.parametrize(
    'geometry',
    [
        dict(type='Resize', scale=(40, 30), keep_ratio=False),
        dict(type='RandomRotate', prob=1.0, degree=(40, 40)),
    ],
)
def test_a_single_band_keeps_its_axis(tmp_path, geometry):
    """OpenCV drops it."""
    make_tile(tmp_path, names=('dem',))
    light = dict(type='RandomBrightnessContrast', modality='dem', prob=1.0)
    pipeline = [*LOAD, geometry, light, PACK]
    data = build(tmp_path, pipeline, names=('dem',))[0]
    label = data['data_samples'].gt_sem_seg.data
    assert data['inputs']['dem'].shape == label.shape


def test_a_label_may_be_loaded_after_resizing_in_a_test(tmp_path):
    make_tile(tmp_path)
    resize = dict(type='Resize', scale=(16, 12), keep_ratio=False)
    images, label = LOAD
    pipeline = [images, resize, label, PACK]
    with pytest.raises(ValueError, match=r"'t1' have .*\(12, 16\), the label"):
        build(tmp_path, pipeline)[0]
    data = build(tmp_path, pipeline, test_mode=True)[0]
    assert data['inputs']['opt'].shape == (3, 12, 16)
    assert data['data_samples'].gt_sem_seg.data.shape == (1, *SIZE)
    label = dict(label, ignore_invalid='any')
    with pytest.raises(ValueError, match='load the label before resizing'):
        build(tmp_path, [images, resize, label, PACK])[0]


def test_a_label_of_colours_is_refused(tmp_path):
    make_tile(tmp_path)
    write(tmp_path / 'label' / 't1.tif', np.ones((3, *SIZE), 'uint8'))
    with pytest.raises(ValueError, match='one band .* got 3: .*colors='):
        build(tmp_path, LOAD)[0]


def test_a_file_with_other_bands_than_declared_is_refused(tmp_path):
    """Read by position, its bands would be mistaken for others."""
    make_tile(tmp_path)
    names = dict(file_bands=['B4', 'B3', 'B2', 'B8'], bands=['B4', 'B3', 'B2'])
    dataset = build(tmp_path, LOAD, declare=dict(opt=names))
    with pytest.raises(ValueError, match='has 3 bands, expected 4'):
        dataset[0]


def test_an_optional_modality_may_be_missing_in_an_archive(tmp_path):
    make_tile(tmp_path)
    archive = tmp_path / 'sar.zip'
    with zipfile.ZipFile(archive, 'w') as file:
        file.write(tmp_path / 'sar' / 't1.tif', 'other.tif')
    folder = f'/vsizip/{archive}'
    declare = dict(sar=dict(dir=folder, optional=True))
    dataset = build(tmp_path, LOAD, declare=declare)
    assert dataset[0]['present_modalities'] == ('opt', 'dem', 'hsi')
    declare['sar']['suffix'] = '.tif'
    with zipfile.ZipFile(archive, 'a') as file:
        file.write(tmp_path / 'sar' / 't1.tif', 't1.tif')
    dataset = build(tmp_path, LOAD, declare=declare)
    assert 'sar' in dataset[0]['present_modalities']
