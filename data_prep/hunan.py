#!/usr/bin/env python3
"""Preparation of Hunan: runs multimodal_rs.data_prep.hunan."""

from _run import run

if __name__ == '__main__':
    run(__file__)
