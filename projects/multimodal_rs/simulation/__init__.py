"""A small physical simulator of Sentinel-1, Sentinel-2 and land cover.

It replaces no measurement: it makes data in the layout of DFC2020 on which
the whole tool chain runs in minutes and on which fusion has something to
gain. Nothing here is registered; ``data_prep/simulate.py`` is the command
line.

Note:
    Terrain, incidence angle, shadows of objects, time series and sensor
    artefacts other than noise and a missing wedge are not simulated. Numbers
    obtained on it say nothing about real scenes.
"""
