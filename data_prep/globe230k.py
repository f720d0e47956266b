#!/usr/bin/env python3
"""Preparation of Globe230k: runs multimodal_rs.data_prep.globe230k."""

from _run import run

if __name__ == '__main__':
    run(__file__)
