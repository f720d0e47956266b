"""Importing the frameworks without what they say about themselves."""

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator

# Printed by mmseg of the onedl stack, meant for its debug log.
LINES = ('Could not import OneDL',)
WARNINGS = ('Fail to import ``MultiScaleDeformableAttention``',)


@contextlib.contextmanager
def quiet_imports() -> Iterator[None]:
    """Leave out known lines and warnings while something is imported.

    Everything else is printed and warned of as ever, and afterwards standard
    output and the filters of the program are what they were before.
    """
    output = _Filtered(sys.stdout)
    with warnings.catch_warnings(), contextlib.redirect_stdout(output):
        for start in WARNINGS:
            warnings.filterwarnings('ignore', message=start)
        try:
            yield
        finally:
            output.finish()


class _Filtered(io.TextIOBase):
    """Passes text on line by line, without some of the lines."""

    def __init__(self, target: io.TextIOBase | None) -> None:
        self.target = target  # None: a program without a console
        self.begun = ''

    def write(self, text: str) -> int:
        *lines, self.begun = (self.begun + text).split('\n')
        for line in lines:
            if line not in LINES:
                self._pass_on(f'{line}\n')
        return len(text)

    def finish(self) -> None:
        """Pass the last line on, which has no end."""
        self._pass_on(self.begun)
        self.begun = ''

    def _pass_on(self, text: str) -> None:
        if self.target is not None and text:
            self.target.write(text)
