"""Figures as files, in the format that the suffix names."""

from pathlib import Path

from matplotlib.figure import Figure

from multimodal_rs.utils.files import atomic_path


def check_figure_file(path: Path) -> None:
    """Refuse a suffix that is no format of figures, before any work.

    Raises:
        ValueError: With the formats that there are.
    """
    formats = Figure().canvas.get_supported_filetypes()
    if path.suffix.lstrip('.').lower() not in formats:
        raise ValueError(
            f'--out: {path} would be a figure of the format {path.suffix!r}, '
            f'expected one of {sorted(formats)}: let the name end in .png or '
            '.pdf'
        )


def save_figure(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure, whole or not at all, and say so.

    Args:
        figure: Of matplotlib.
        path: Its file; the suffix is the format.
        dpi: Pixels per inch.
    """
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=dpi)
    print(f'{path} written')
