"""Maps that are written, while something that was asked for with them is not.

The work of hours is there; who calls is told so, and what is missing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multimodal_rs.apis.scene_mapper import MapReport


class IncompleteError(ValueError):
    """A map is written, but a preview or product of it is not.

    Args:
        message: Which map, what is missing, and why.
        report: Of the mapping, and of what was made before.
    """

    def __init__(self, message: str, report: 'MapReport') -> None:
        super().__init__(message)
        self.report = report
