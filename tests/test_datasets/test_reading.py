"""What a file declares decides: nodata, masks, names, scale and offset."""

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp, MaskFlags

from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.datasets.reading import BandReader, ContradictionError
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.utils.windows import Window

SIZE = 8
BLUE_TO_NIR = ['B2', 'B3', 'B4', 'B8']


def write(path, data, describe=None, env=None, **profile):
    count, height, width = data.shape
    with (
        rasterio.Env(**(env or {})),
        rasterio.open(
            path,
            'w',
            driver='GTiff',
            count=count,
            height=height,
            width=width,
            dtype=data.dtype,
            **profile,
        ) as file,
    ):
        if describe is not None:
            describe(file)
        file.write(data)
    return str(path)


def read(path, bands=(0,), **declaration):
    """Read in the units of a network, as a tile and as a scene."""
    declared = dict(bands=list(bands), **declaration)
    modalities = build_modalities(dict(x=declared))
    with open_raster(path) as file:
        tile = BandReader(file, modalities['x']).prepared()
    with SceneRasters(dict(x=path), modalities) as scene:
        window = scene.read(Window(0, 0, *scene.size))['x']
        reduced = scene.read_reduced(max(scene.size))['x']
    np.testing.assert_array_equal(tile, window)
    np.testing.assert_array_equal(tile, reduced)
    return tile


def invalid_rows(tile):
    """List the rows that are invalid throughout; the others are valid."""
    lost = np.isnan(tile)
    assert (lost == lost[:1, :, :1]).all()
    return np.flatnonzero(lost[0, :, 0]).tolist()


@pytest.mark.parametrize(
    ('dtype', 'nodata'),
    [
        ('float32', -9999.9),
        ('float32', -3.4e38),
        ('float32', 1e20),
        ('float64', -9999.9),
        ('float64', -1.7976931348623157e308),
        ('float32', np.nan),
        ('uint8', 0),
        ('int16', -32768),
        ('int32', -2147483648),
    ],
)
def test_nodata_of_the_file_counts(tmp_path, dtype, nodata):
    data = np.full((2, SIZE, SIZE), 5, dtype)
    data[0, 1] = data[1, 3] = nodata
    path = write(tmp_path / 'a.tif', data, nodata=nodata)
    assert invalid_rows(read(path, (0, 1))) == [1, 3]
    assert invalid_rows(read(path, (1,))) == [3]
    # What no sensor measures marks an empty pixel in any band.
    always = not abs(nodata) < 1e30
    in_all = [1, 3] if always else []
    assert invalid_rows(read(path, (0, 1), nodata_when='all')) == in_all
    # A number in the declaration counts instead.
    out = read(path, (0,), nodata=5)
    assert np.isnan(out[0, 0]).all() and np.isnan(out[0, 1]).all() == always


def test_nodata_can_be_turned_off(tmp_path):
    data = np.arange(SIZE * SIZE, dtype='u1').reshape(1, SIZE, SIZE)

    def describe(file):
        file.write_mask(np.zeros((SIZE, SIZE), bool))

    path = write(tmp_path / 'a.tif', data, nodata=0)
    np.testing.assert_array_equal(read(path, nodata=None), data)
    assert np.isnan(read(path)).sum() == 1
    path = write(tmp_path / 'b.tif', data, describe)
    np.testing.assert_array_equal(read(path, nodata=None), data)
    assert np.isnan(read(path)).all()


def test_neighbours_of_nodata_stay(tmp_path):
    # float32 cannot tell these two apart.
    data = np.array([[[16777216, 16777217], [1, 2]]], 'i4')
    path = write(tmp_path / 'a.tif', data, nodata=16777217)
    np.testing.assert_array_equal(
        np.isnan(read(path)), [[[False, True], [False, False]]]
    )


def test_nodata_that_the_type_cannot_hold(tmp_path):
    path = write(tmp_path / 'a.tif', np.zeros((1, SIZE, SIZE), 'u1'))
    assert invalid_rows(read(path, nodata=-9999)) == []
    assert invalid_rows(read(path, nodata=0.5)) == []
    assert invalid_rows(read(path, nodata=1e20)) == []


@pytest.mark.parametrize('internal', [True, False])
def test_masks_count(tmp_path, internal):
    mask = np.ones((SIZE, SIZE), bool)
    mask[2] = False
    path = write(
        tmp_path / 'a.tif',
        np.full((3, SIZE, SIZE), 7, 'u1'),
        lambda file: file.write_mask(mask),
        dict(GDAL_TIFF_INTERNAL_MASK=internal),
    )
    assert (tmp_path / 'a.tif.msk').exists() != internal
    assert invalid_rows(read(path, (2, 0))) == [2]
    assert invalid_rows(read(path, (2, 0), nodata_when='all')) == [2]
    assert invalid_rows(read(path, (2, 0), nodata=9)) == [2]


def test_mask_beside_a_picture(tmp_path):
    mask = np.ones((SIZE, SIZE), bool)
    mask[5] = False
    path = str(tmp_path / 'a.png')
    with rasterio.open(
        path,
        'w',
        driver='PNG',
        count=1,
        height=SIZE,
        width=SIZE,
        dtype='uint8',
    ) as file:
        file.write(np.full((1, SIZE, SIZE), 7, 'u1'))
    with rasterio.open(path, 'r+') as file:
        file.write_mask(mask)
    assert invalid_rows(read(path)) == [5]


@pytest.mark.parametrize('nodata', [None, 0])
def test_alpha_counts(tmp_path, nodata):
    data = np.full((4, SIZE, SIZE), 7, 'u1')
    data[3] = 255
    data[3, 4] = 0
    data[3, 5] = 1  # nearly transparent is there
    data[0, 6] = 0
    path = write(
        tmp_path / 'a.tif', data, photometric='rgb', alpha='yes', nodata=nodata
    )
    with rasterio.open(path) as file:
        assert file.colorinterp[3] == ColorInterp.alpha
    hidden = [] if nodata is None else [6]
    assert invalid_rows(read(path, (0, 1, 2))) == [4, *hidden]
    names = ['R', 'G', 'B', 'A']
    assert invalid_rows(read(path, (0, 1, 2), file_bands=names)) == [
        4,
        *hidden,
    ]
    names = ['R', 'G', 'B', 'NIR']  # then the file is wrong about it
    assert invalid_rows(read(path, (0, 1, 2), file_bands=names)) == hidden
    assert invalid_rows(read(path, (1, 2, 3))) == ([4] if hidden else [])


@pytest.mark.parametrize('kind', ['i2', 'u4', 'f4'])
def test_alpha_of_any_type_counts(tmp_path, kind):
    """As of `gdalwarp -dstalpha`; GDAL itself calls all pixels valid."""
    data = np.full((2, SIZE, SIZE), 7, kind)
    data[1, 4] = 0
    path = write(tmp_path / 'a.tif', data, alpha='yes')
    with rasterio.open(path) as file:
        assert file.mask_flag_enums[0] == [MaskFlags.all_valid]
    assert invalid_rows(read(path)) == [4]
    assert invalid_rows(read(path, file_bands=['VV', 'VH'])) == []


def test_masks_per_band(tmp_path):
    write(tmp_path / 'a.tif', np.full((1, SIZE, SIZE), 7, 'u1'))
    mask = np.zeros((2, SIZE, SIZE), 'u1') + 255
    mask[0, 1] = mask[0, 2] = mask[1, 2] = 0
    write(tmp_path / 'mask.tif', mask)
    band = (
        '<VRTRasterBand dataType="Byte" band="{0}"><SimpleSource>'
        '<SourceFilename relativeToVRT="1">a.tif</SourceFilename>'
        '<SourceBand>1</SourceBand></SimpleSource><MaskBand><VRTRasterBand '
        'dataType="Byte"><SimpleSource><SourceFilename relativeToVRT="1">'
        'mask.tif</SourceFilename><SourceBand>{0}</SourceBand></SimpleSource>'
        '</VRTRasterBand></MaskBand></VRTRasterBand>'
    )
    path = tmp_path / 'a.vrt'
    path.write_text(
        f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}">'
        f'{band.format(1)}{band.format(2)}</VRTDataset>'
    )
    assert invalid_rows(read(str(path), (0, 1))) == [1, 2]
    assert invalid_rows(read(str(path), (0, 1), nodata_when='all')) == [2]
    assert invalid_rows(read(str(path), (1,))) == [2]


def test_bands_with_different_nodata(tmp_path):
    low = float(np.float32(-3.4e38))
    data = np.full((3, SIZE, SIZE), 5, 'f4')
    data[0, 0] = data[1, 2] = -9999.9
    data[1, 1] = data[2, 3] = low
    write(tmp_path / 'a.tif', data)
    bands = ''.join(
        f'<VRTRasterBand dataType="Float32" band="{i}">'
        + (f'<NoDataValue>{nodata}</NoDataValue>' if nodata else '')
        + '<SimpleSource><SourceFilename relativeToVRT="1">a.tif'
        f'</SourceFilename><SourceBand>{i}</SourceBand></SimpleSource>'
        '</VRTRasterBand>'
        for i, nodata in ((1, -9999.9), (2, -3.4e38), (3, None))
    )
    path = tmp_path / 'a.vrt'
    path.write_text(
        f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}">{bands}'
        '</VRTDataset>'
    )
    assert invalid_rows(read(str(path), (0, 1, 2))) == [0, 1, 3]
    assert invalid_rows(read(str(path), (2, 0))) == [0, 3]  # absurd numbers


def names(*bands):
    return lambda file: setattr(file, 'descriptions', bands)


BANDS = np.stack([np.full((SIZE, SIZE), b) for b in (20, 30, 40, 80)])


@pytest.mark.parametrize(
    'order',
    [(3, 2, 1, 0), (2, 1, 0, 3), (0, 1, 2, 3)],
)
@pytest.mark.parametrize('spelling', ['B{}', 'b{}', 'B0{}'])
def test_named_bands_are_found_in_any_order(tmp_path, order, spelling):
    called = [spelling.format(BLUE_TO_NIR[i][1:]) for i in order]
    data = BANDS[list(order)].astype('u2')
    path = write(tmp_path / 'a.tif', data, names(*called))
    out = read(path, ['B4', 'B2'], file_bands=BLUE_TO_NIR)
    assert out[:, 0, 0].tolist() == [40, 20]
    if order != (0, 1, 2, 3):
        with pytest.raises(ContradictionError, match='calls its bands') as e:
            read(path, (2, 0), file_bands=BLUE_TO_NIR)
        assert str(BLUE_TO_NIR) in str(e.value) and called[0] in str(e.value)


@pytest.mark.parametrize(
    'called',
    [
        ('B4', 'B3', 'B2', 'infrared'),
        ('B4', None, None, None),
        ('B2', 'B2', 'B4', 'B8'),
    ],
)
def test_contradicting_names_are_refused(tmp_path, called):
    path = write(tmp_path / 'a.tif', BANDS.astype('u2'), names(*called))
    with pytest.raises(ContradictionError, match='calls its bands'):
        read(path, ['B4', 'B2'], file_bands=BLUE_TO_NIR)


@pytest.mark.parametrize(
    'called',
    [
        ('bands', 'bands', 'bands', 'bands'),
        ('blue', 'green', 'red', 'nir'),
        ('B2', None, None, 'B8'),
    ],
)
def test_names_that_contradict_nothing(tmp_path, called):
    path = write(tmp_path / 'a.tif', BANDS.astype('u2'), names(*called))
    out = read(path, ['B4', 'B2'], file_bands=BLUE_TO_NIR)
    assert out[:, 0, 0].tolist() == [40, 20]


def scaled(file):
    file.scales, file.offsets = (1e-4, 2e-4), (-0.1, 0.0)


def test_scale_tags_are_refused_applied_or_ignored(tmp_path):
    data = np.full((2, SIZE, SIZE), 3000, 'i2')
    data[:, 0] = -1
    path = write(tmp_path / 'a.tif', data, scaled, nodata=-1)
    with pytest.raises(
        ContradictionError, match="scale='apply'.*'ignore'.*-a_scale 1"
    ):
        read(path, (0, 1))
    out = read(path, (0, 1), scale='apply')
    assert invalid_rows(out) == [0]
    np.testing.assert_allclose(out[:, 1, 1], [0.2, 0.6], rtol=1e-6)
    out = read(path, (1, 0), scale='apply')
    np.testing.assert_allclose(out[:, 1, 1], [0.6, 0.2], rtol=1e-6)
    steps = [dict(type='ClipValues', low=0.0, high=0.5)]
    out = read(path, (0, 1), scale='apply', values=steps)
    np.testing.assert_allclose(out[:, 1, 1], [0.2, 0.5], rtol=1e-6)
    assert read(path, (0, 1), scale='ignore')[0, 1, 1] == 3000


def test_scale_tags_of_other_bands_do_not_matter(tmp_path):
    def describe(file):
        file.scales = (1.0, 2.0)

    path = write(tmp_path / 'a.tif', np.ones((2, SIZE, SIZE)), describe)
    assert read(path, (0,))[0, 0, 0] == 1
    with pytest.raises(ContradictionError):
        read(path, (1,))


def test_unknown_scale_rule():
    with pytest.raises(ValueError, match='scale must be one of'):
        build_modalities(dict(x=dict(bands=[0], scale=True)))


def test_masked_arrays_keep_their_type():
    modalities = build_modalities(dict(x=dict(bands=[0], nodata=16777217)))
    data = np.ma.array([[16777216, 16777217, 3]], dtype='i4')
    data[0, 2] = np.ma.masked
    with SceneRasters(dict(x=data), modalities) as scene:
        out = scene.read(Window(0, 0, 1, 3))['x']
    np.testing.assert_array_equal(np.isnan(out), [[[False, True, True]]])


def test_a_band_that_another_modality_reads_is_no_alpha(tmp_path):
    """Four bands of 8 bits: GDAL calls the near infrared alpha."""
    data = np.full((4, 2, 2), 9, 'uint8')
    data[3, 0] = 0
    path = str(tmp_path / 'rgbn.tif')
    profile = dict(driver='GTiff', count=4, height=2, width=2, dtype='uint8')
    options = dict(photometric='RGB', alpha='YES')
    with rasterio.open(path, 'w', **options, **profile) as file:
        file.write(data)
    alone = build_modalities(dict(rgb=dict(bands=[0, 1, 2])))
    both = build_modalities(
        dict(rgb=dict(bands=[0, 1, 2]), nir=dict(bands=[3]))
    )
    elsewhere = build_modalities(
        dict(rgb=dict(bands=[0, 1, 2]), nir=dict(bands=[3], dir='nir'))
    )
    for modalities, expected in ((alone, 2), (both, 0), (elsewhere, 2)):
        with open_raster(path) as file:
            image = BandReader(file, modalities['rgb']).prepared()
        assert np.isnan(image[0]).sum() == expected
