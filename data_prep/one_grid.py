#!/usr/bin/env python3
"""Tiles on one grid: runs multimodal_rs.data_prep.one_grid."""

from _run import run

if __name__ == '__main__':
    run(__file__)
