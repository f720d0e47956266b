"""Houston2013: urban land use from hyperspectral and LiDAR data."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.sparse_scene import SparseSceneDataset


@DATASETS.register_module()
class Houston2013Dataset(SparseSceneDataset):
    """Houston2013, the scene of the IEEE GRSS Data Fusion Contest of 2013.

    Debes et al., "Hyperspectral and LiDAR Data Fusion: Outcome of the 2013
    GRSS Data Fusion Contest", IEEE JSTARS 7(6), 2014,
    https://doi.org/10.1109/JSTARS.2014.2305441. Data:
    https://machinelearning.ee.uh.edu/?page_id=459

    Dataset features:

    - campus of the University of Houston and its neighbourhood, 349 x 1905
      pixels of 2.5 m; CASI, 144 bands from 364 to 1046 nm, 16-bit, and a
      surface model from LiDAR in metres;
    - 15029 labelled pixels: 2832 for training and 12197 for testing, in
      different polygons. A shadow of clouds lies over the right part.

    Dataset format:

    - official, ``2013_IEEE_GRSS_DF_Contest_{CASI,LiDAR}.tif`` and
      ``..._Samples_{TR,VA}.txt``, regions exported by ENVI as text;
    - common, ``{HSI,LiDAR,TRLabel,TSLabel}.mat`` with variables of these
      names, or one of the other forms that ``data_prep.houston2013`` lists;
    - as read, what ``data_prep.houston2013`` makes of either of them:
      ``scene/{hsi,lidar}/houston2013.tif`` and
      ``labels/official/{train,val,test}/houston2013.tif``.

    Dataset classes, with the numbers in the files; 0 is unlabelled:

    0. healthy grass (1)
    1. stressed grass (2)
    2. synthetic grass (3)
    3. trees (4)
    4. soil (5)
    5. water (6)
    6. residential (7)
    7. commercial (8)
    8. road (9)
    9. highway (10)
    10. railway (11)
    11. parking lot 1 (12)
    12. parking lot 2 (13)
    13. tennis court (14)
    14. running track (15)

    Licence: for research, with a citation; see the page of the data.

    Note:
        The counts of ``OFFICIAL`` are those of published tables, and of
        loaders of others that compare TRLabel.mat and TSLabel.mat with them;
        the files were not at hand. A variant of the test counts
        (trees 1058, water 141) and one with a pixel less per class (2817 and
        12182) circulate.
    """

    METAINFO = dict(
        classes=(
            'healthy grass',
            'stressed grass',
            'synthetic grass',
            'trees',
            'soil',
            'water',
            'residential',
            'commercial',
            'road',
            'highway',
            'railway',
            'parking lot 1',
            'parking lot 2',
            'tennis court',
            'running track',
        ),
        # Our own colours: there are no official ones.
        palette=[
            [120, 200, 80],
            [175, 205, 120],
            [0, 160, 130],
            [20, 95, 40],
            [165, 110, 65],
            [40, 100, 210],
            [235, 195, 170],
            [215, 90, 110],
            [150, 150, 150],
            [95, 95, 105],
            [105, 75, 125],
            [245, 225, 90],
            [240, 165, 50],
            [60, 200, 225],
            [200, 50, 40],
        ],
    )
    LABEL = dict(
        dir='labels/official/train',
        suffix='.tif',
        ids={0: 255, **{number: number - 1 for number in range(1, 16)}},
    )
    # fmt: off
    OFFICIAL = dict(
        train=(
            198, 190, 192, 188, 186, 182, 196, 191, 193, 191, 181, 192, 184,
            181, 187,
        ),
        test=(
            1053, 1064, 505, 1056, 1056, 143, 1072, 1053, 1059, 1036, 1054,
            1041, 285, 247, 473,
        ),
    )
    # fmt: on


@DATASETS.register_module()
class SimulatedTownDataset(Houston2013Dataset):
    """A simulated town with the classes of Houston2013.

    ``data_prep.simulate_hs`` writes it; what is in it stands in
    ``multimodal_rs/simulation/town.py``. The split is that of its label
    files, called ``given``: training in the left part, testing in the right.
    """

    LABEL = dict(Houston2013Dataset.LABEL, dir='labels/given/train')
    OFFICIAL = None
