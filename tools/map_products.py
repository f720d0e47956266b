#!/usr/bin/env python3
"""Areas, polygons, a style for QGIS and the accuracy of a map that exists.

python tools/map_products.py MAP --area area.csv --polygons map.gpkg
python tools/map_products.py MAP MAP ... --area total.csv  # of all together
"""

from _bootstrap import start

start(__name__)

from multimodal_rs.products.__main__ import main

if __name__ == '__main__':
    main()
