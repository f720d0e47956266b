#!/usr/bin/env python3
"""Preparation of Augsburg: runs multimodal_rs.data_prep.augsburg."""

from _run import run

if __name__ == '__main__':
    run(__file__)
