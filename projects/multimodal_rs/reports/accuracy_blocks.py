"""How well a run or a map agrees with a reference: charts and a table."""

from collections.abc import Mapping, Sequence

from multimodal_rs.reports import charts, embed
from multimodal_rs.reports.page import Block, Gallery, Picture, Table
from multimodal_rs.reports.run_files import Accuracy

SHARES = ('IoU', 'PA', 'UA', 'F1', 'share')


def accuracy_blocks(
    accuracy: Accuracy,
    palette: Sequence[Sequence[int]],
    subsets: Mapping[str, Mapping[str, float | None]],
) -> list[Block]:
    """Draw and list the accuracy of every class.

    Args:
        accuracy: With all modalities.
        palette: (R, G, B) of its classes.
        subsets: Subset of the modalities -> class -> IoU in percent, all of
            them first.
    """
    classes = [row['class'] for row in accuracy.classes]
    bars = charts.class_chart(subsets, classes, palette, 'IoU')
    confusion = charts.confusion_chart(accuracy.matrix, classes)
    rows = [
        [
            row['class'],
            *(percent(row[name]) for name in SHARES),
            f'{row["truth_pixels"]:,}',
            f'{row["predicted_pixels"]:,}',
        ]
        for row in accuracy.classes
    ]
    caption = (
        'In percent. PA: how much of the class was found; UA: how much of '
        'what was called so is; share: of all pixels with a label.'
    )
    header = ['class', *SHARES, 'true pixels', 'predicted pixels']
    return [
        Gallery(
            [
                Picture(embed.chart(bars), 'Every class'),
                Picture(
                    embed.chart(confusion),
                    'Where the pixels of each true class have gone, percent',
                ),
            ]
        ),
        Table(header, rows, caption),
    ]


def percent(value: float | None) -> str:
    """Write a share with two decimals; nothing where it is undefined."""
    return '' if value is None else f'{value:.2f}'
