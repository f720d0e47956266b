"""ISPRS Vaihingen and Potsdam: towns from aerial images and heights."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset

# Colour in the file -> train id; black is where eroded labels have none.
COLORS = {
    '#ffffff': 0,
    '#0000ff': 1,
    '#00ffff': 2,
    '#00ff00': 3,
    '#ffff00': 4,
    '#ff0000': 5,
    '#000000': 255,
}


@DATASETS.register_module()
class VaihingenSurfaceDataset(MultiModalSegDataset):
    """ISPRS Vaihingen with its surface model.

    Rottensteiner et al., "The ISPRS benchmark on urban object classification
    and 3D building reconstruction", ISPRS Annals I-3, 2012. Data:
    https://www.isprs.org/education/benchmarks/UrbanSemLab/

    Dataset features:

    - aerial images, near infrared, red and green, and a surface model made
      from them, both at 9 cm; 33 areas of about 2500 x 2000 pixels;
    - the surface model has heights of the terrain and what is on it, so the
      slope of the town is in it; a normalised one exists from others and is
      not read.

    Dataset format:

    - as distributed, ``top/top_mosaic_09cm_area1.tif``, 8 bits,
      ``dsm/dsm_09cm_matching_area1.tif``, metres as float32, and labels as
      pictures: whole ones and ones without the pixels along the borders of
      the classes; their folders are in ``data_prep.isprs``;
    - as read, tiles of 256x256 that ``data_prep.isprs`` cuts:
      ``tiles/{top,dsm,label,label_eroded}/area1/00256_01024.tif``, the row
      and the column of the area in which the tile begins; id
      ``area1/00256_01024``.

    Dataset classes, with the colours in the file. Black, the borders in
    eroded labels, is ignored. Some papers leave clutter out: declare
    ``label`` with ``'#ff0000': 255``, and ``metainfo`` with five classes:

    0. impervious (#ffffff): impervious surfaces
    1. building (#0000ff)
    2. low vegetation (#00ffff)
    3. tree (#00ff00)
    4. car (#ffff00)
    5. clutter (#ff0000): clutter, background

    Licence: none stated; for research, with the acknowledgement that the
    page of the data asks for.

    Note:
        The data were not at hand. Names of files, colours and the areas of
        both parts of the benchmark are those of torchgeo and of SSRS; that
        some archives of labels hold no folder is what torchgeo and
        mmsegmentation's converters expect.
    """

    METAINFO = dict(
        classes=(
            'impervious',
            'building',
            'low vegetation',
            'tree',
            'car',
            'clutter',
        ),
        palette=[
            [255, 255, 255],
            [0, 0, 255],
            [0, 255, 255],
            [0, 255, 0],
            [255, 255, 0],
            [255, 0, 0],
        ],
    )
    LABEL = dict(dir='tiles/label', suffix='.tif', colors=COLORS)


@DATASETS.register_module()
class PotsdamSurfaceDataset(VaihingenSurfaceDataset):
    """ISPRS Potsdam with its surface model.

    Classes, citation and licence as in :class:`VaihingenSurfaceDataset`.

    Dataset features:

    - aerial images, red, green, blue and near infrared, and a surface model
      made from them, both at 5 cm; 38 patches of 6000 x 6000 pixels;
    - patch 7_10 is said to have wrong labels, and is often left out.

    Dataset format:

    - as distributed, ``4_Ortho_RGBIR/top_potsdam_2_10_RGBIR.tif``, 8 bits,
      ``1_DSM/dsm_potsdam_02_10.tif``, metres as float32, and labels as in
      Vaihingen;
    - as read, tiles as in Vaihingen, id ``2_10/00256_01024``.

    Note:
        The surface model of 3_13 lacks the last column of pixels. No tile of
        256x256 reaches it; ``data_prep.isprs`` completes a copy with NaN.
        In ``5_Labels_all``, most cars of 6_7 are #fcff00, and the colours of
        4_12 are blurred, such as #09dedd, as two projects that measured them
        report (no channel is near the middle); in 4_12 of
        ``5_Labels_all_noBoundary`` a third found none of the colours. The
        preparation rounds each channel to 0 or 255; those who compare colours
        exactly lose these pixels. Where ``5_Labels_for_participants`` has a
        file, it is taken. Tiles that were cut before this was so have to be
        deleted, ``tiles/label*/{4_12,6_7}``.
    """
