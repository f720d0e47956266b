"""Places that tiles lie in: scenes, regions, events, told by their ids."""

import re
from collections.abc import Mapping


class Places:
    """Says in which place a tile lies.

    Args:
        declared (dict | str): Name of a place -> regular expression that is
            found in the ids of its tiles. Or one regular expression with one
            group, which is the place's name in the id: ``'^([^_]+)_'`` if
            ids begin with the name of an event.
        owner (str): Who asks, for messages.

    Raises:
        ValueError: If no place is named, or a pattern is no regular
            expression or has no such group.
    """

    def __init__(self, declared: Mapping[str, str] | str, owner: str) -> None:
        self.owner = owner
        if not declared:
            raise ValueError(
                f'{owner}: places is empty, expected a dict such as '
                "{'north': '_North_'}, or a pattern such as '^([^_]+)_'"
            )
        self.named = isinstance(declared, Mapping)
        patterns = declared if self.named else {'places': declared}
        self.patterns = {n: self._compiled(n, p) for n, p in patterns.items()}
        if not self.named and self.patterns['places'].groups != 1:
            raise ValueError(
                f'{owner}: places={declared!r} must have one group, the name '
                "of the place, such as '^([^_]+)_'"
            )

    def of(self, tile: str) -> str:
        """Get the place of a tile.

        Raises:
            ValueError: If it lies in none, or in several.
        """
        matches = {n: p.search(tile) for n, p in self.patterns.items()}
        found = [name for name, match in matches.items() if match]
        if len(found) != 1:
            known = {n: p.pattern for n, p in self.patterns.items()}
            raise ValueError(
                f'{self.owner}: {tile} belongs to {found or "no place"}, '
                f'expected one of {known}'
            )
        return found[0] if self.named else matches[found[0]].group(1)

    def _compiled(self, name: str, pattern: str) -> re.Pattern:
        try:
            return re.compile(pattern)
        except re.error as error:
            raise ValueError(
                f'{self.owner}: {pattern!r} of {name!r} is no regular '
                f'expression: {error}'
            ) from error
