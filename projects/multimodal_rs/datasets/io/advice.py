"""What messages advise about a file that is not there, or cannot be read.

A file is a tile of a dataset, which can be taken out of its list, or a raster
of a scene that is mapped.
"""

import functools

from multimodal_rs.utils.installation import prepare_command

# What to do about a raster of a scene that cannot be opened, or not be read.
OPENING = 'map the scene without it'
READING = 'map the scene without these pixels (`--unreadable nodata`)'


@functools.cache
def expected(advice: str | None = None) -> str:
    """Say what a raster should be, and what to do.

    Args:
        advice: What else than to get the file again. None: as for a tile.
    """
    if advice is None:
        command = f'`{prepare_command()} --check`'
        advice = (
            f'take it out of the split list ({command} lists all such files)'
        )
    return (
        'a complete raster of a format that its name allows; the file is '
        f'probably truncated: copy or download it again, or {advice}. Blocks '
        'may only be missing where the file declares a nodata value, and a '
        'document that names other files (VRT) must be named so'
    )


def where_tiles_are() -> str:
    """Say what the path of a tile is made of, and how to find such tiles."""
    return (
        "that of a tile is made of data_root and the modality's dir and "
        f'suffix, and `{prepare_command()} --check` names what is missing'
    )
