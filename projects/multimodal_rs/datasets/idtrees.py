"""IDTReeS 2020: species of trees from hyperspectral data and canopy height."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.sparse_scene import SparseSceneDataset

# Taxa that grow in ten plots or more, in this order in the label rasters.
TAXA = (
    'ACRU',
    'AMLA',
    'MAGNO',
    'NYSY',
    'PIPA2',
    'QUAL',
    'QUCO2',
    'QULA2',
    'QURU',
)
OTHER = 254  # another taxon, or none on record


@DATASETS.register_module()
class IDTReeSDataset(SparseSceneDataset):
    """IDTReeS 2020, the training plots of the competition.

    Graves et al., "Data science competition for cross-site individual tree
    species identification from airborne remote sensing data", PeerJ 11,
    2023, https://doi.org/10.7717/peerj.16578. Data:
    https://zenodo.org/record/3934932, measured by NEON.

    Dataset features:

    - 85 plots of 20 m x 20 m at two sites, Mountain Lake (MLBS, Virginia) and
      Ordway-Swisher (OSBS, Florida): reflectance x 10000 in 369 bands and
      canopy height from LiDAR, both at 1 m, colour images at 0.1 m, which are
      not read;
    - crowns of single trees as polygons, drawn by people, with the species
      that was found in the field.

    Dataset format:

    - ``RemoteSensing/{HSI,CHM}/MLBS_1.tif``, ``ITC/train_{MLBS,OSBS}.shp``
      and ``Field/train_data.csv``: the crowns of a plot are burnt by
      ``data_prep.idtrees`` into ``labels/MLBS_1.tif``; id ``MLBS_1``;
    - the first band is 0 in some plots, and is not read.

    Dataset classes, with the numbers in the label rasters; 0 is no crown, 254
    the crown of another tree:

    0. red maple (1): Acer rubrum, ACRU
    1. serviceberry (2): Amelanchier laevis, AMLA
    2. magnolia (3): Magnolia sp., MAGNO
    3. tupelo (4): Nyssa sylvatica, NYSY
    4. longleaf pine (5): Pinus palustris, PIPA2
    5. white oak (6): Quercus alba, QUAL
    6. scarlet oak (7): Quercus coccinea, QUCO2
    7. turkey oak (8): Quercus laevis, QULA2
    8. red oak (9): Quercus rubra, QURU

    These nine of 33 taxa grow in at least ten plots each, so that training
    and test can have them in different plots. Two grow in Florida (longleaf
    pine and turkey oak), the others in Virginia (red maple in both).

    Licence: see the page of the data.
    """

    METAINFO = dict(
        classes=(
            'red maple',
            'serviceberry',
            'magnolia',
            'tupelo',
            'longleaf pine',
            'white oak',
            'scarlet oak',
            'turkey oak',
            'red oak',
        ),
        # Our own colours.
        palette=[
            [200, 50, 40],
            [245, 225, 90],
            [235, 150, 190],
            [120, 70, 140],
            [20, 95, 40],
            [200, 200, 200],
            [235, 130, 50],
            [60, 200, 225],
            [140, 90, 60],
        ],
    )
    LABEL = dict(
        dir='labels',
        suffix='.tif',
        ids={
            0: 255,
            OTHER: 255,
            **{number: number - 1 for number in range(1, len(TAXA) + 1)},
        },
    )


def site_of(plot: str) -> str:
    """Get the site of a plot, ``MLBS`` of ``MLBS_1``."""
    return plot.partition('_')[0]
