#!/usr/bin/env python3
"""Maps of whole scenes, with the config of the training.

    python tools/infer_scene.py CONFIG CHECKPOINT --out map.tif
        --raster opt=s2.tif sar=s1.tif --preview map.png

Any subset of the modalities will do. Rasters may lie on different grids: the
map, a GeoTIFF, has that of --like, or the one with the smallest pixels.
Rasters larger than the memory are fine. `multimodal-rs-map CHECKPOINT ...`
does the same without the config.
"""

from _bootstrap import command_line, restrict_checkpoint_loading, start

start(__name__)

from _launch import check_file
from multimodal_rs.apis.command import map_as_asked
from multimodal_rs.apis.map_arguments import add_arguments


def main() -> int:
    parser = command_line.CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_arguments(parser)
    args = parser.parse_args()
    restrict_checkpoint_loading()
    check_file('config', args.config)
    check_file('checkpoint', args.checkpoint)
    return map_as_asked(args)


if __name__ == '__main__':
    raise SystemExit(main())
