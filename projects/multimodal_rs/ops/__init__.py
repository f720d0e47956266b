"""Selective scans: two functions, one dispatch, several backends."""

from multimodal_rs.ops.backends.reference import selective_scan_ref
from multimodal_rs.ops.dispatch import available_backends
from multimodal_rs.ops.routes import CROSS4, CROSS8, Route, cross_routes
from multimodal_rs.ops.scan_1d import selective_scan
from multimodal_rs.ops.scan_2d import ss2d

__all__ = [
    'CROSS4',
    'CROSS8',
    'Route',
    'available_backends',
    'cross_routes',
    'selective_scan',
    'selective_scan_ref',
    'ss2d',
]
