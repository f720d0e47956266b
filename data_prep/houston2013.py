#!/usr/bin/env python3
"""Preparation of Houston2013: runs multimodal_rs.data_prep.houston2013."""

from _run import run

if __name__ == '__main__':
    run(__file__)
