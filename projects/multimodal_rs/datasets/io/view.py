"""A raster that shows another one: on another grid, or with other numbers."""

from collections.abc import Sequence

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import Nodata, OpenedRaster, Scaling


class RasterView(OpenedRaster):
    """What a raster says of itself, handed on. A context manager.

    A class of views says what is different: at least how it is read, and its
    mask, which is not handed on, since it belongs to the numbers; nor are
    blocks that are ``missing``.

    Args:
        source (OpenedRaster): What is shown; closed with the view.
    """

    def __init__(self, source: OpenedRaster) -> None:
        self.path = source.path
        self.bands = source.bands
        self.size = source.size
        self._source = source

    @property
    def grid(self) -> Grid:
        """Size and position."""
        return self._source.grid

    @property
    def file_names(self) -> Sequence[str]:
        """Files that the source consists of."""
        return self._source.file_names

    @property
    def has_control_points(self) -> bool:
        """Whether points or RPCs place the source, not a grid."""
        return self._source.has_control_points

    @property
    def categorical(self) -> bool:
        """Whether numbers of the source stand for classes."""
        return self._source.categorical

    @property
    def alpha(self) -> int | None:
        """Where the band is that says where there is an image."""
        return self._source.alpha

    @property
    def is_array(self) -> bool:
        """Whether the source is an array."""
        return self._source.is_array

    @property
    def dtypes(self) -> Sequence[str]:
        """Those of the source."""
        return self._source.dtypes

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get that of the source."""
        return self._source.nodata(bands)

    @property
    def names(self) -> Sequence[str | None]:
        """What the source calls its bands."""
        return self._source.names

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get that of the source."""
        return self._source.scaling(bands)

    @property
    def closed(self) -> bool:
        """Whether the source was closed."""
        return self._source.closed

    def close(self) -> None:
        """Close the source."""
        self._source.close()
