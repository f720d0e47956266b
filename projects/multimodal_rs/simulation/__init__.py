"""A small physical simulator of Sentinel-1, Sentinel-2 and land cover.

It replaces no measurement: it makes data in the layout of DFC2020 on which
the whole tool chain runs in minutes and on which fusion has something to
gain. Nothing here is registered; ``data_prep.simulate`` is the command
line.

What fusion can gain was measured with random forests (60 trees; each pixel's
values and local means and standard deviations; 160 patches of 128 x 128,
seed 0, train and test patches as listed), mIoU of the test patches in per
cent:

    optical bands       optical   SAR   both
    B4, B3, B2, B8         55.2  53.2   75.5
    all 13                 59.3  53.2   75.9

About an eighth of the area is under cloud. There the optical bands alone
reach 10, SAR 50; elsewhere 64 (all bands 69) and 54, both together 81.

By default both sensors see an object at the same place and with the same
outline. ``differences.SensorDifferences`` lets SAR displace, enlarge and lean
objects, and makes pairs of classes alike for one of the sensors;
``elevation`` is an optional third modality.

Note:
    Effects of terrain, of the angle of incidence and of shadows on the optical
    image, time series and sensor artefacts other than noise and a missing
    wedge are not simulated. Numbers obtained on it say nothing about real
    scenes.
"""
