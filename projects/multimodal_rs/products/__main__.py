"""Command line: ``multimodal-rs-products MAP --area area.csv ...``."""

from collections.abc import Sequence

from multimodal_rs.products.make import (
    add_product_arguments,
    make_products,
    products_of,
)
from multimodal_rs.utils.command_line import CommandParser, run


def main(arguments: Sequence[str] | None = None) -> None:
    """Make products of a map that exists.

    Args:
        arguments: Command line, for tests.
    """
    parser = CommandParser(
        description='Areas, polygons, a style and the accuracy of a map.'
    )
    parser.add_argument('map', help='raster with one band of class numbers')
    add_product_arguments(parser)
    args = parser.parse_args(arguments)
    products = products_of(args)
    if not products.paths():
        parser.error('nothing is asked for: name --area, --polygons, ...')
    said: list[str] = []
    try:
        make_products(args.map, products, said)
    finally:  # also of what was made before an error
        for line in said:
            print(line, flush=True)


def run_command() -> None:
    """Run as a program: what the console entry calls."""
    run(main)


if __name__ == '__main__':
    run_command()
