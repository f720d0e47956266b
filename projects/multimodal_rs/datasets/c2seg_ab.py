"""C2Seg-AB: land use of Augsburg and Berlin, one city to learn from."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.c2seg_bw import C2SegBWDataset


@DATASETS.register_module()
class C2SegABDataset(C2SegBWDataset):
    """C2Seg-AB, the German half of C2Seg: train on Augsburg, test on Berlin.

    Classes, colours, citation and licence as in :class:`C2SegBWDataset`.

    Dataset features:

    - a hyperspectral image of 242 bands (EnMAP), Sentinel-2, the four bands
      of 10 m, and Sentinel-1, two channels, all on one grid of 10 m;
    - Augsburg 886 x 1360 pixels, Berlin 2465 x 811 (height x width, as the
      authors' code reads them; not verified);
    - the authors' code (danfenghong/RSE_Cross-city, data/dataset.py) takes
      the first 242 bands of Berlin and all of Augsburg, and so does
      ``data_prep.c2seg_ab``: Berlin's file seems to have more. Others leave
      out the first two of Berlin instead; which bands of the two cities
      belong together is not published.

    Dataset format:

    - as distributed, ``data1/{augsburg,berlin}_multimodal.mat`` with the
      variables HSI, MSI, SAR and label, MATLAB 5, no georeference;
    - as read, tiles of 256x256 that ``data_prep.c2seg_ab`` cuts:
      ``tiles/{hsi,msi,sar,label}/augsburg/00256_01024.tif``, the row and the
      column of the city in which the tile begins; id
      ``augsburg/00256_01024``. Those of ``hsi`` have 63 MB each;
    - ``C2Seg_AB.zip``, md5 1a7eddf6b90b875ba1ab4cc173818296, the patches of
      the 2023 WHISPERS challenge (128x128 pixels, according to torchgeo), is
      not read.

    Note:
        Neither the units nor the order of the bands are published. Those of
        Sentinel-2 and Sentinel-1 are taken to be the ones of C2Seg-BW.
    """
