"""Command line: ``multimodal-rs-products MAP ... --area area.csv ...``."""

from collections.abc import Sequence

from multimodal_rs.products.make import (
    add_product_arguments,
    make_products,
    products_of,
)
from multimodal_rs.products.total import make_total_products
from multimodal_rs.utils.command_line import CommandParser, run


def main(arguments: Sequence[str] | None = None) -> None:
    """Make products of a map that exists, or of several together.

    Args:
        arguments: Command line, for tests.
    """
    parser = CommandParser(
        description='Areas, polygons, a style and the accuracy of a map; of '
        'several maps with the same classes the sums.'
    )
    parser.add_argument(
        'maps',
        nargs='+',
        metavar='map',
        help='raster with one band of class numbers; of several --area and '
        '--accuracy are those of all together',
    )
    add_product_arguments(parser)
    args = parser.parse_args(arguments)
    products = products_of(args)
    if not products.paths():
        parser.error('nothing is asked for: name --area, --polygons, ...')
    said: list[str] = []
    try:
        if len(args.maps) == 1:
            make_products(args.maps[0], products, said)
        else:
            make_total_products(args.maps, products, said)
    finally:  # also of what was made before an error
        for line in said:
            print(line, flush=True)


def run_command() -> None:
    """Run as a program: what the console entry calls."""
    run(main)


if __name__ == '__main__':
    run_command()
