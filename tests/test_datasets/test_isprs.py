"""ISPRS Vaihingen and Potsdam: areas, tiles, colours, eroded borders."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS
from rasterio import Affine

from fake_data.files import write_tif
from fake_data.isprs import COMPLETE, make_area, make_potsdam, make_vaihingen
from helpers import ROOT
from multimodal_rs.data_prep import isprs
from multimodal_rs.datasets.isprs import (
    COLORS,
    PotsdamSurfaceDataset,
    VaihingenSurfaceDataset,
)

BASES = ROOT / 'configs/_base_/datasets'


def build(root: Path, config: str, part: str) -> VaihingenSurfaceDataset:
    settings = Config.fromfile(BASES / config)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root))
    return DATASETS.build(settings)


def lists(root: Path, split: str) -> dict[str, list[str]]:
    """Read the areas of each list of a split."""
    return {
        path.stem: sorted({t.split('/')[0] for t in path.read_text().split()})
        for path in (root / 'splits' / split).glob('*.txt')
    }


def test_vaihingen(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_vaihingen(tmp_path, (1, 2, 3, 5, 7, 11))
    assert isprs.main([str(tmp_path)]) == 0
    official = lists(tmp_path, 'official-seed0')
    assert official['test'] == ['area2'] and len(official['val']) == 1
    assert sorted(official['train'] + official['val']) == [
        *('area1', 'area11', 'area3', 'area5', 'area7'),
    ]
    common = lists(tmp_path, 'common')
    assert common == dict(
        train=['area1', 'area11', 'area3', 'area7'], test=['area5']
    )
    sample = build(tmp_path, 'vaihingen.py', 'test')[1]
    assert sample['data_samples'].sample_id == 'area2/00000_00256'
    top, dsm, label, eroded = (
        layer[:, :256, 256:512] for layer in make_area(2, bands=3)
    )
    np.testing.assert_allclose(sample['inputs']['opt'], top / 255, rtol=1e-6)
    np.testing.assert_allclose(sample['inputs']['dsm'], dsm / 100, rtol=1e-6)
    truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
    assert (truth[::4] == 255).all()  # borders are not scored
    palette = np.array(VaihingenSurfaceDataset.METAINFO['palette'])
    scored = truth != 255
    assert scored.mean() == 0.75
    assert (palette[truth[scored]] == label[:, scored].T).all()
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')}
    assert isprs.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')} == before
    assert isprs.main([str(tmp_path), '--check']) == 0
    capsys.readouterr()
    (tmp_path / 'tiles/dsm/area2/00000_00256.tif').unlink()
    assert isprs.main([str(tmp_path), '--check']) == 1
    assert 'area2' in capsys.readouterr().out


def test_training_takes_whole_labels(tmp_path: Path) -> None:
    make_vaihingen(tmp_path, (1, 2, 3, 5, 7, 11))
    assert isprs.main([str(tmp_path)]) == 0
    sample = build(tmp_path, 'vaihingen.py', 'train')[0]
    assert sample['data_samples'].gt_sem_seg.data.unique().tolist() == [
        *range(6)
    ]


def test_potsdam(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    patches = ('2_10', '3_13', '4_12', '5_10', '6_7', '7_12')
    make_potsdam(tmp_path, patches)
    assert isprs.main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert '(0, 1) rows and columns lack' in out
    official = lists(tmp_path, 'official-seed0')
    assert official['test'] == ['3_13']
    assert lists(tmp_path, 'common')['test'] == ['7_12']
    sample = build(tmp_path, 'potsdam.py', 'test')[1]
    assert sample['inputs']['opt'].shape == (4, 256, 256)
    assert not sample['inputs']['dsm'].isnan().any()
    with rasterio.open(tmp_path / 'completed/dsm_potsdam_03_13.tif') as file:
        heights = file.read(1)
    assert np.isnan(heights[:, -1]).all()
    assert (heights[:, :-1] == make_area(1, 4)[1][0, :, :-1]).all()
    # 4_12 came from the archive whose file is a label.
    with rasterio.open(tmp_path / 'tiles/label/4_12/00000_00000.tif') as file:
        assert (file.read() == make_area(2, 4)[2][:, :256, :256]).all()
    assert isprs.main([str(tmp_path), '--check']) == 0


def test_near_infrared_is_no_transparency(tmp_path: Path) -> None:
    """Placed as by a world file, and with the usual fourth band of 8 bits."""
    make_potsdam(tmp_path, ('2_10',))
    top = make_area(0, bands=4)[0]
    with rasterio.open(
        tmp_path / '4_Ortho_RGBIR/top_potsdam_2_10_RGBIR.tif',
        'w',
        driver='GTiff',
        count=4,
        height=top.shape[1],
        width=top.shape[2],
        dtype='uint8',
        transform=Affine(0.05, 0, 366676.6, 0, -0.05, 5808189.05),
        photometric='RGB',
        alpha='yes',
    ) as file:
        file.write(top)
    assert isprs.main([str(tmp_path)]) == 0
    sample = build(tmp_path, 'potsdam.py', 'train')[0]
    assert top[3, :256, :256].min() == 0
    assert not sample['inputs']['opt'].isnan().any()


def test_unknown_colours_are_named(tmp_path: Path) -> None:
    top, dsm, label, _ = (x[:, :256, :256] for x in make_area(0, bands=4))
    tile = dict(top=top, dsm=dsm, label=label // 2)  # an overlay, say
    for layer, data in tile.items():
        path = tmp_path / f'tiles/{layer}/4_12/00000_00000.tif'
        write_tif(path, data)
    split = tmp_path / 'splits/official-seed0/train.txt'
    split.parent.mkdir(parents=True)
    split.write_text('4_12/00000_00000')
    with pytest.raises(ValueError, match='label colours .*#7f7f7f'):
        build(tmp_path, 'potsdam.py', 'train')[0]


def test_colours_of_labels_are_rounded(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_potsdam(tmp_path, ('6_7',))
    path = tmp_path / '5_Labels_for_participants/top_potsdam_6_7_label.tif'
    label = make_area(0, bands=4)[2]
    cars = (label[0] == 255) & (label[1] == 255) & (label[2] == 0)
    released = label.copy()
    released[0, cars] = 252
    write_tif(path, released)
    (scene,) = isprs.find_scenes(tmp_path)
    with scene.layers['label'].open() as file:
        assert (file.read() == label).all()
    assert 'colours such as (252, 255, 0)' in capsys.readouterr().out
    released[2, 5, 7] = 127
    write_tif(path, released)
    with scene.layers['label'].open() as file:
        assert not file.read()[:, 5, 7].any()
    write_tif(path, label // 2)
    with (
        scene.layers['label'].open() as file,
        pytest.raises(ValueError, match='pixels have colours .* near 0 or'),
    ):
        file.read()


def test_lists_of_the_benchmark() -> None:
    assert len(isprs.VAIHINGEN.train) == 16
    assert len(isprs.POTSDAM.train) == 24
    for town in (isprs.VAIHINGEN, isprs.POTSDAM):
        assert set(town.common) < set(town.train)


def test_area_without_heights_is_named(tmp_path: Path) -> None:
    make_vaihingen(tmp_path, (1, 2))
    (tmp_path / 'dsm/dsm_09cm_matching_area2.tif').unlink()
    with pytest.raises(FileNotFoundError, match='lack their dsm, area2'):
        isprs.find_scenes(tmp_path)


def unpacked_otherwise(root: Path, folders: tuple[str, ...]) -> None:
    """Move files of folders to the root, and other folders one deeper."""
    for folder in [path for path in root.iterdir() if path.is_dir()]:
        if folder.name in folders:
            for path in folder.iterdir():
                path.rename(root / path.name)
            folder.rmdir()
        else:
            inner = root / 'archive'
            inner.mkdir(exist_ok=True)
            folder.rename(inner / folder.name)


def test_labels_of_archives_without_a_folder(tmp_path: Path) -> None:
    make_vaihingen(tmp_path, (1, 2))
    usual = isprs.find_scenes(tmp_path)
    flat = (f'{COMPLETE}_COMPLETE', f'{COMPLETE}_eroded_COMPLETE')
    unpacked_otherwise(tmp_path, flat)
    found = isprs.find_scenes(tmp_path)
    assert [scene.name for scene in found] == ['area1', 'area2']
    for ours, theirs in zip(found, usual, strict=True):
        for layer, file in ours.layers.items():
            assert file.path.name == theirs.layers[layer].path.name
            assert file.path.is_file()


def test_folder_of_labels_comes_before_files_beside_it(tmp_path: Path) -> None:
    """As when all archives of Potsdam's labels are unpacked."""
    make_potsdam(tmp_path, ('2_10', '4_12'))
    for name in ('5_Labels_all', '5_Labels_all_noBoundary'):
        for path in (tmp_path / name).iterdir():
            path.rename(tmp_path / path.name)
    found = isprs.find_scenes(tmp_path)
    assert [scene.name for scene in found] == ['2_10', '4_12']
    unpacked_otherwise(tmp_path, ())
    assert len(isprs.find_scenes(tmp_path)) == 2  # of Potsdam still
    for scene in found:
        labels, eroded = (
            scene.layers[layer].path.parent
            for layer in ('label', 'label_eroded')
        )
        assert labels.name == '5_Labels_for_participants'
        assert eroded == tmp_path


def test_areas_without_labels_are_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_vaihingen(tmp_path, (1, 2, 3))
    label = f'{COMPLETE}_COMPLETE/top_mosaic_09cm_area2.tif'
    (tmp_path / label).unlink()
    assert isprs.main([str(tmp_path)]) == 0
    assert '1 areas lack one of the two labels' in capsys.readouterr().out
    assert lists(tmp_path, 'official-seed0') == dict(train=['area1', 'area3'])


def test_declarations_agree() -> None:
    names, palette = PotsdamSurfaceDataset.METAINFO.values()
    for colour, train_id in COLORS.items():
        if train_id != 255:
            rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
            assert palette[train_id] == rgb
    assert len(names) == len(palette) == 6
    for config in ('vaihingen.py', 'potsdam.py'):
        assert Config.fromfile(BASES / config).eroded.colors == COLORS


def test_classes_in_another_order_need_ids_of_their_own() -> None:
    """Five classes without the last one keep their numbers."""
    meta = VaihingenSurfaceDataset.METAINFO
    settings = dict(
        modalities=dict(opt=dict(bands=[0])),
        metainfo=dict(classes=meta['classes'][:5]),
        label=dict(colors=COLORS | {'#ff0000': 255}),
        lazy_init=True,
    )
    VaihingenSurfaceDataset(**settings)
    turned = dict(settings, metainfo=dict(classes=meta['classes'][::-1]))
    VaihingenSurfaceDataset(**turned)
    turned['label'] = dict(colors=COLORS, dir='tiles/label_eroded')
    with pytest.raises(ValueError, match='0: 5.*declare `label` ids for'):
        VaihingenSurfaceDataset(**turned)
