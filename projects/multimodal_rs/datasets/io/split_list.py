"""Split lists, whatever editor or shell has written them."""

import codecs
from collections.abc import Collection
from pathlib import Path

from multimodal_rs.utils.installation import prepare_command

# UTF-32 first: its mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, 'utf-32'),
    (codecs.BOM_UTF32_BE, 'utf-32'),
    (codecs.BOM_UTF16_LE, 'utf-16'),  # PowerShell's `>`
    (codecs.BOM_UTF16_BE, 'utf-16'),
    (codecs.BOM_UTF8, 'utf-8-sig'),  # Windows' editors
)


def read_split_list(path: str | Path) -> list[str]:
    """Get the lines of a list that are neither empty nor a comment.

    The encoding is UTF-8, or the one that a byte order mark names. Lines may
    end as on any system; surrounding blanks do not count. A comment is a line
    that starts with ``#``.

    Args:
        path: The file.

    Raises:
        ValueError: If the file has another encoding.
    """
    data = Path(path).read_bytes()
    encoding = next((e for mark, e in MARKS if data.startswith(mark)), 'utf-8')
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _other_encoding(path, encoding, str(error)) from error
    if '\0' in text:
        raise _other_encoding(path, encoding, 'it holds zero bytes')
    # Two lists joined in a shell have a mark in their middle.
    lines = (line.lstrip('\ufeff').strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith('#')]


def the_one_tile(
    line: str,
    named: Collection[str],
    where: str,
    example: str,
    command: str,
    what: str = 'tile',
) -> str:
    """Get the tile of a line that may name it several times.

    Args:
        line: Of a split list.
        named: Ids that were found in the line.
        where: Of the list, for the message.
        example: An id, for the message.
        command: Module of ``data_prep`` that writes split lists.
        what: How the data set calls its tiles.

    Raises:
        ValueError: If the line names none, or several.
    """
    tiles = sorted(set(named))
    if len(tiles) != 1:
        raise ValueError(
            f'{where}: line {line!r} must name one {what}, names '
            f'{tiles or "none"}. Expected an id as {example!r}, or names or '
            'paths of its files: correct the line, or write the list again '
            f'with `{prepare_command(command)}`'
        )
    return tiles[0]


def _other_encoding(
    path: str | Path, encoding: str, reason: str
) -> ValueError:
    return ValueError(
        f'split list {path} cannot be read as {encoding}: {reason}. Expected '
        'UTF-8, or UTF-16 with a byte order mark: save it again as UTF-8 (in '
        'PowerShell: `Out-File -Encoding utf8`)'
    )
